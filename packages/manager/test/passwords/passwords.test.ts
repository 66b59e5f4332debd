/** Passwords in a real slapd with a password policy (slapo-ppolicy): set, changed by their owners, and what is known of them. */
import { ldapsearch, requirePrograms, runCommand, ssha } from "@espalier/tests/lab";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { base, dnOf, ldif, people, unit, user } from "../entries/content.ts";
import { baseDn, type DebianSlapd, startDebianSlapd } from "../entries/debian-slapd.ts";
import { type Served, type ServedOptions, serve } from "../transfer/served.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", ldapwhoami: "ldap-utils" });

const [ann, bob, eve] = [dnOf("ann"), dnOf("bob"), dnOf("eve")];
/** No administrator: the policies of the directory hold for what they do. */
const helpdesk = { dn: bob, password: "pw-bob" };
const strict = `cn=strict,ou=policies,${baseDn}`;
const second = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/;

function policy(
  cn: string,
  more: Readonly<Record<string, string>>,
): readonly [string, Record<string, string | string[]>] {
  return [
    `cn=${cn},ou=policies,${baseDn}`,
    { objectClass: ["organizationalRole", "pwdPolicy"], cn, pwdAttribute: "userPassword", ...more },
  ];
}

const content = [
  ...base,
  unit("policies"),
  policy("default", {
    pwdMaxAge: "864000",
    pwdLockout: "TRUE",
    pwdMaxFailure: "3",
    pwdLockoutDuration: "600",
    pwdGraceAuthNLimit: "2",
    pwdMustChange: "TRUE",
  }),
  policy("strict", { pwdMinLength: "30", pwdCheckQuality: "2", pwdInHistory: "3" }),
  user("ann", 2_001, { userPassword: ssha("pw-ann", "ann"), shadowLastChange: "10000" }),
  [
    bob,
    {
      objectClass: ["inetOrgPerson"],
      uid: "bob",
      cn: "Bob",
      sn: "Bob",
      userPassword: ssha("pw-bob", "bob"),
      pwdPolicySubentry: strict,
    },
  ],
  [
    eve,
    {
      objectClass: ["inetOrgPerson"],
      uid: "eve",
      cn: "Eve",
      sn: "Eve",
      userPassword: ssha("pw-eve", "eve"),
      pwdPolicySubentry: strict,
    },
  ],
  [dnOf("new"), { objectClass: ["inetOrgPerson"], uid: "new", cn: "New", sn: "New" }],
] as const;

describe("passwords", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: DebianSlapd;
  beforeAll(() => {
    cleanup = new AsyncDisposableStack();
  });
  afterAll(() => cleanup.disposeAsync());
  beforeEach(async () => {
    slapd = cleanup.use(
      await startDebianSlapd({
        ldif: ldif(content),
        modules: ["ppolicy"],
        overlays: ["overlay ppolicy", `ppolicy_default "cn=default,ou=policies,${baseDn}"`],
        access: [
          `access to attrs=userPassword by dn.exact="${bob}" write by self write by anonymous auth by * none`,
          `access to attrs=shadowLastChange by self write by * read`,
          "access to * by * read",
        ],
      }),
    );
  });

  async function served(options: Partial<ServedOptions> = {}): Promise<Served> {
    const as = { dn: slapd.rootDn, password: slapd.rootPassword };
    const made = await serve({ host: "127.0.0.1", port: slapd.port, as, base_dn: baseDn, ...options });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return made;
  }
  const path = "/clusters/main/password";
  const binds = async (dn: string, password: string) =>
    (await runCommand("ldapwhoami", ["-x", "-H", slapd.url, "-D", dn, "-w", password])).exitCode;
  const state = async ({ ask }: Served, dn: string) => (await ask("GET", `${path}?dn=${encodeURIComponent(dn)}`)).body;
  const entry = async (dn: string, ...attributes: string[]) => {
    const options = ["-D", slapd.rootDn, "-w", slapd.rootPassword];
    return (await ldapsearch(slapd.url, { base: dn, scope: "base", attributes, options })).entries[0]?.attributes ?? {};
  };

  it("are set for somebody, and hashed by the server", async () => {
    const { ask } = await served({ now: () => 20_000 * 86_400_000 });
    const { status, body } = await ask("POST", path, { dn: ann, newPassword: "a new one" });
    expect([status, body]).toEqual([200, { changeSet: expect.any(String), mustChange: false, warnings: [] }]);
    expect([await binds(ann, "a new one"), await binds(ann, "pw-ann")]).toEqual([0, 49]);
    expect((await entry(ann, "userPassword")).userPassword?.[0]).toMatch(/^\{SSHA\}/);
    // Hosts that look at shadow data would take it for an old one.
    expect(await entry(ann, "shadowLastChange")).toEqual({ shadowLastChange: ["20000"] });
  });

  it("are generated as the policy of the entry wants them, and shown once", async () => {
    const server = await served({ as: helpdesk });
    const { body } = await server.ask("POST", path, { dn: eve, generate: true });
    expect(body.generatedPassword).toMatch(/^[\w-]{30}$/);
    expect(await binds(eve, body.generatedPassword)).toBe(0);
    expect(JSON.stringify([server.log, await server.events()])).not.toContain(body.generatedPassword);
  });

  it("are to be changed at the next login where that is asked for", async () => {
    const server = await served();
    const { body } = await server.ask("POST", path, { dn: ann, newPassword: "for now", mustChange: true });
    expect(body).toMatchObject({ mustChange: true, warnings: [] });
    expect(await entry(ann, "pwdReset")).toEqual({ pwdReset: ["TRUE"] });
    expect((await state(server, ann)).mustChange).toBe(true);
  });

  it("that the policy of the directory refuses are answered with its reason, and nothing is changed", async () => {
    const { ask } = await served({ as: helpdesk });
    const { status, body } = await ask("POST", path, { dn: eve, newPassword: "short" });
    expect([status, body.code, body.title]).toEqual([
      ...[422, "password_policy", "The password is shorter than the password policy allows."],
    ]);
    expect(await binds(eve, "pw-eve")).toBe(0);
  });

  it("that are shorter than the configuration wants are refused before anything is sent", async () => {
    const { ask, events } = await served({ password_policy: { min_length: 12 } });
    for (const [route, body] of [
      [path, { dn: ann, newPassword: "elevenchars" }],
      [`${path}/own`, { oldPassword: "x", newPassword: "elevenchars" }],
    ] as const) {
      const answer = await ask("POST", route, body);
      expect([answer.status, answer.body.code, answer.body.title]).toEqual([
        ...[422, "password_policy", "A password of main has at least 12 characters."],
      ]);
    }
    expect(await events()).toEqual([]);
    // Characters, not bytes or UTF-16 units.
    expect((await ask("POST", path, { dn: ann, newPassword: "🔑".repeat(12) })).status).toBe(200);
  });

  it.each([
    ["neither a password nor `generate`", { dn: ann }],
    ["both of them", { dn: ann, newPassword: "x", generate: true }],
    ["an empty one", { dn: ann, newPassword: "" }],
  ])("are not set with %s", async (_, body) => {
    expect(await (await served()).ask("POST", path, body)).toMatchObject({
      status: 400,
      body: { code: "invalid_request" },
    });
  });

  it("of others are set by those whose role allows it alone", async () => {
    const { ask } = await served({ may: (action, dn) => action === "read" || dn === bob });
    expect(await ask("POST", path, { dn: ann, newPassword: "a new one" })).toMatchObject({
      status: 403,
      body: { code: "not_allowed" },
    });
    expect(await binds(ann, "pw-ann")).toBe(0);
  });

  it("are changed by their owners, who give the old one; the session goes on with the new one", async () => {
    const { ask, changedPasswords } = await served({
      as: { dn: ann, password: "pw-ann" },
      now: () => 20_000 * 86_400_000,
    });
    const { status, body } = await ask("POST", `${path}/own`, { oldPassword: "pw-ann", newPassword: "my own one" });
    expect([status, body]).toEqual([200, { changeSet: expect.any(String), mustChange: false, warnings: [] }]);
    expect(changedPasswords).toEqual(["my own one"]);
    expect([await binds(ann, "my own one"), await binds(ann, "pw-ann")]).toEqual([0, 49]);
    expect(await entry(ann, "shadowLastChange")).toEqual({ shadowLastChange: ["20000"] });
  });

  it("are not changed with a wrong old one, which can be tried a few times only", async () => {
    const { ask, changedPasswords } = await served({ as: { dn: ann, password: "pw-ann" } });
    const attempt = () => ask("POST", `${path}/own`, { oldPassword: "guess", newPassword: "my own one" });
    const answers = [];
    for (let count = 0; count < 6; count += 1) answers.push(await attempt());
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422, 429]);
    expect(changedPasswords).toEqual([]);
    expect(await binds(ann, "pw-ann")).toBe(0);
  });

  it("of an account that others share are nobody's own", async () => {
    const shared = { bind_dn: ann, shared_login: { roles: ["viewer" as const] } };
    const { url } = await served({ ...shared, as: { dn: ann, password: "pw-ann" } });
    const response = await fetch(`${url}${path}/own`, {
      ...{ method: "POST", body: JSON.stringify({ oldPassword: "pw-ann", newPassword: "mine now" }) },
      headers: { "content-type": "application/json", "x-name": "uid=somebody" },
    });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([403, "not_allowed"]);
    expect(await binds(ann, "pw-ann")).toBe(0);
  });

  it("have a state: hashed how, changed when, and what the policy says", async () => {
    const server = await served();
    await server.ask("POST", path, { dn: bob, newPassword: "x".repeat(30) });
    const { node, changedAt, ...rest } = await state(server, bob);
    expect(changedAt).toMatch(second);
    expect(rest).toEqual({
      ...{
        dn: bob,
        set: true,
        schemes: ["SSHA"],
        expiresAt: "never",
        mustChange: false,
        locked: false,
        disabled: false,
      },
      ...{ failures: 0, graceLoginsUsed: 0, graceLoginsLeft: 0 },
      policy: {
        ...{ dn: strict, minLength: 30, maxLength: 0, maxAgeSeconds: 0, minAgeSeconds: 0, history: 3, maxFailures: 0 },
        ...{ lockoutSeconds: 0, graceLogins: 0, mustChangeAfterReset: false },
      },
    });
    expect(node).toBe(`127.0.0.1:${slapd.port}`);
  });

  it("have a state that never holds a hash", async () => {
    const server = await served();
    const { userPassword } = await entry(ann, "userPassword");
    expect(JSON.stringify(await state(server, ann))).not.toContain((userPassword?.[0] ?? "").slice(6));
  });

  it("of an account that was locked say so; under a policy that cannot be seen, that it is not known until when", async () => {
    const server = await served();
    for (let count = 0; count < 3; count += 1) await binds(ann, "wrong");
    expect(await state(server, ann)).toMatchObject({
      ...{
        locked: "unknown",
        lockedSince: expect.stringMatching(second),
        failures: 3,
        disabled: false,
        policy: "unknown",
      },
      graceLoginsLeft: "unknown",
    });
    await runCommand("ldapmodify", ["-x", "-H", slapd.url, "-D", slapd.rootDn, "-w", slapd.rootPassword], {
      input: `dn: ${ann}\nchangetype: modify\nreplace: pwdPolicySubentry\npwdPolicySubentry: cn=default,ou=policies,${baseDn}\n`,
    });
    const seen = await state(server, ann);
    expect(seen).toMatchObject({
      locked: true,
      failures: 3,
      graceLoginsLeft: 2,
      policy: { maxFailures: 3, lockoutSeconds: 600 },
    });
    expect(Date.parse(seen.lockedUntil) - Date.parse(seen.lockedSince)).toBe(600_000);
    const later = await served({ now: () => Date.now() + 700_000 });
    expect(await state(later, ann)).toMatchObject({ locked: false, lockedUntil: seen.lockedUntil });
  });

  it("are unknown where the directory does not show whether they are there, and never 'none'", async () => {
    const asAnn = await served({ as: { dn: ann, password: "pw-ann" } });
    expect(await state(asAnn, dnOf("new"))).toMatchObject({ set: "unknown", schemes: [] });
    // Who may see it sees that there is none.
    const asBob = await served({ as: { dn: bob, password: "pw-bob" } });
    expect(await state(asBob, dnOf("new"))).toMatchObject({ set: false, schemes: [] });
    expect(await state(asAnn, ann)).toMatchObject({ set: true });
  });

  it("of an entry that is not there are answered with 404", async () => {
    const { ask } = await served();
    const nobody = encodeURIComponent(`uid=nobody,${people}`);
    expect(await ask("GET", `${path}?dn=${nobody}`)).toMatchObject({ status: 404, body: { code: "no_such_entry" } });
    expect(await ask("POST", path, { dn: `uid=nobody,${people}`, generate: true })).toMatchObject({ status: 404 });
  });
});
