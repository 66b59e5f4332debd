/** Setting passwords over a real OpenLDAP with a password policy: who hashes, and why one is refused. */
import { createHash } from "node:crypto";
import { attribute } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EntryChange } from "../../src/changes/change-set.ts";
import { hashPassword } from "../../src/changes/password-hash.ts";
import { baseDn, type ChangesLab, changesLab, Directory, directoryLdif, person, sessionOf } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const policy = `
dn: ou=policies,${baseDn}
objectClass: organizationalUnit
ou: policies

dn: cn=strict,ou=policies,${baseDn}
objectClass: device
objectClass: pwdPolicy
cn: strict
pwdAttribute: userPassword
pwdMinLength: 10
pwdCheckQuality: 2
pwdInHistory: 3
pwdSafeModify: FALSE

dn: cn=safe,ou=policies,${baseDn}
objectClass: device
objectClass: pwdPolicy
cn: safe
pwdAttribute: userPassword
pwdSafeModify: TRUE
`;

describe("passwords", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif + policy, overlays: ["ppolicy"] }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  const set = (
    lab: ChangesLab,
    change: Partial<EntryChange> & { dn: string },
    session?: Parameters<ChangesLab["actor"]>[0],
  ) =>
    lab.changes.apply(lab.cluster, lab.actor(session), {
      ...{ title: "Password", changes: [{ type: "password", newPassword: undefined, ...change } as EntryChange] },
    });

  it("are hashed by the server, and are nowhere in the audit trail, the tables or the log", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const password = "correct horse battery";
    const { results } = await set(lab, { dn, newPassword: password });
    expect(results).toEqual([{ type: "password", dn, status: "applied", version: await directory.version(dn) }]);
    expect(await directory.values(dn, "userPassword")).toEqual([expect.stringMatching(/^\{SSHA\}/)]);
    expect(await directory.accepts(dn, password)).toBe(true);
    const [event] = await lab.audit();
    expect(event).toMatchObject({ type: "password.changed", subject: dn, data: { kind: "password", result_code: 0 } });
    expect(event?.data?.ldif).toBe(`# dn: ${dn}\n# A password is set, which is not shown.\n`);
    expect(JSON.stringify([await lab.audit(), lab.lines])).not.toContain("horse");
  });

  it("are made up by the server, and shown in the result alone", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const { results } = await set(lab, { dn });
    const generated = results[0]?.generatedPassword ?? "";
    expect(generated.length).toBeGreaterThanOrEqual(8);
    expect(await directory.accepts(dn, generated)).toBe(true);
    expect(JSON.stringify([await lab.audit(), lab.lines])).not.toContain(generated);
  });

  it.each([
    ["short", "passwordTooShort", "The password is shorter than the password policy allows."],
    ["used-before-1", "passwordInHistory", "The password was used before: the password policy wants another one."],
  ])("that break the policy are refused with its reason (%s)", async (password, reason, title) => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ pwdPolicySubentry: [`cn=strict,ou=policies,${baseDn}`] });
    await set(lab, { dn, newPassword: "used-before-1" });
    await set(lab, { dn, newPassword: "used-before-2" });
    const himself = sessionOf(person(dn, "used-before-2"));
    const { results } = await set(lab, { dn, newPassword: password }, himself);
    expect(results[0]).toMatchObject({
      status: "failed",
      problem: { status: 422, code: "password_policy", title, details: { reason } },
    });
    expect((await lab.audit()).at(-1)).toMatchObject({
      ...{
        type: "change.failed",
        data: { kind: "password", problem: "password_policy", reason: title, result_code: 19 },
      },
    });
  });

  it("are wanted together with the old one where the policy says so", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({
      userPassword: ["old-password"],
      pwdPolicySubentry: [`cn=safe,ou=policies,${baseDn}`],
    });
    const himself = sessionOf(person(dn, "old-password"));
    const refused = await set(lab, { dn, newPassword: "new-password" }, himself);
    expect(refused.results[0]?.problem?.details).toEqual({ reason: "mustSupplyOldPassword" });
    const accepted = await set(lab, { dn, newPassword: "new-password", oldPassword: "old-password" }, himself);
    expect(accepted.counts.applied).toBe(1);
    expect(await directory.accepts(dn, "new-password")).toBe(true);
  });

  it("in clear text among other values of an entry are hashed before OpenLDAP gets them", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = `uid=clear,ou=people,${baseDn}`;
    const attributes = [
      ...[
        attribute("objectClass", "inetOrgPerson"),
        attribute("uid", "clear"),
        attribute("cn", "C"),
        attribute("sn", "C"),
      ],
      attribute("userPassword", "P<ss&w0rd"),
    ];
    const preview = await lab.changes.preview(lab.cluster, lab.actor(), {
      ...{ title: "Add", changes: [{ type: "add", dn, attributes }] },
    });
    expect(preview.warnings).toEqual([
      `The password of ${dn} is hashed before it is sent, so that the server cannot check it: set it by itself to have it checked.`,
    ]);
    await lab.changes.apply(lab.cluster, lab.actor(), { title: "Add", changes: [{ type: "add", dn, attributes }] });
    expect(await directory.values(dn, "userPassword")).toEqual([expect.stringMatching(/^\{SSHA\}/)]);
    expect(await directory.accepts(dn, "P<ss&w0rd")).toBe(true);
    expect(JSON.stringify([await lab.audit(), lab.lines])).not.toContain("w0rd");
  });

  it("that are hashed already go as they are", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const changes = [{ operation: "add" as const, modification: attribute("userPassword", "{CRYPT}$6$abc") }];
    await lab.changes.apply(lab.cluster, lab.actor(), { title: "Hash", changes: [{ type: "modify", dn, changes }] });
    expect(await directory.values(dn, "userPassword")).toEqual(["{CRYPT}$6$abc"]);
    expect(JSON.stringify(await lab.audit())).not.toContain("$6$abc");
  });
});

describe("hashes that are made here", () => {
  it("are the digest of the password and a salt, and then the salt (RFC 2307 as OpenLDAP writes it)", () => {
    const salt = Buffer.from("0123456789abcdef");
    const digest = (name: string) => createHash(name).update("pässword").update(salt).digest();
    expect([
      hashPassword(Buffer.from("pässword"), "SSHA", salt),
      hashPassword(Buffer.from("pässword"), "SSHA512", salt),
    ]).toEqual([
      `{SSHA}${Buffer.concat([digest("sha1"), salt]).toString("base64")}`,
      `{SSHA512}${Buffer.concat([digest("sha512"), salt]).toString("base64")}`,
    ]);
  });

  it("have a salt of their own", () => {
    const hashes = Array.from({ length: 50 }, () => hashPassword(Buffer.from("x"), "SSHA"));
    expect(new Set(hashes).size).toBe(50);
  });
});
