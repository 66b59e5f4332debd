/** Exports of a real slapd: what they hold, what they hide, and how they break. */
import { Relay, requirePrograms, type Slapd, ssha, startSlapd } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type Served, type ServedOptions, serve } from "./served.ts";

const describe = requirePrograms({ slapd: "slapd" });

const baseDn = "dc=example,dc=com";
const people = `ou=people,${baseDn}`;
const hash = ssha("secret", "ann");

function content(count: number): string {
  const users = Array.from({ length: count }, (_, index) =>
    [
      `dn: uid=user${index},${people}`,
      ...[
        "objectClass: inetOrgPerson",
        `uid: user${index}`,
        `cn: User ${index}`,
        `sn: =1+1`,
        `userPassword: ${hash}`,
        "",
      ],
    ].join("\n"),
  );
  return [
    `dn: ${baseDn}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`,
    `dn: ${people}\nobjectClass: organizationalUnit\nou: people\n`,
    ...users,
  ].join("\n");
}

describe("an export", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: content(2) }));
  });
  afterAll(() => cleanup.disposeAsync());

  async function served(options: Partial<ServedOptions> = {}, server = slapd): Promise<Served> {
    const { port, rootDn, rootPassword } = server;
    const as = { dn: rootDn, password: rootPassword };
    const made = await serve({ host: "127.0.0.1", port, as, base_dn: baseDn, ...options });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return made;
  }

  it("as LDIF says at its end how much it is, and leaves secrets out", async () => {
    const { exported } = await served();
    expect(await exported({ base: people })).toBe(`dn: ${people}
objectClass: organizationalUnit
ou: people

dn: uid=user0,${people}
objectClass: inetOrgPerson
uid: user0
cn: User 0
sn: =1+1

dn: uid=user1,${people}
objectClass: inetOrgPerson
uid: user1
cn: User 1
sn: =1+1

# end: 3 entries; 2 secret values were left out
`);
  });

  it("as CSV has a column for each attribute, and keeps values as they are", async () => {
    const { exported } = await served();
    expect(await exported({ base: people, format: "csv" })).toBe(
      [
        "dn,objectClass,cn,ou,sn,uid",
        `"${people}",organizationalUnit,,people,,`,
        `"uid=user0,${people}",inetOrgPerson,User 0,,=1+1,user0`,
        `"uid=user1,${people}",inetOrgPerson,User 1,,=1+1,user1`,
        "",
      ].join("\r\n"),
    );
    expect(await exported({ base: people, scope: "one", format: "csv", attributes: "mail,uid" })).toBe(
      ["dn,mail,uid", `"uid=user0,${people}",,user0`, `"uid=user1,${people}",,user1`, ""].join("\r\n"),
    );
  });

  it("takes a filter, a scope, and operational attributes where they are asked for", async () => {
    const { exported } = await served();
    const filtered = await exported({ filter: "(uid=user1)", attributes: "uid", operational: "true" });
    expect(filtered).toContain(`dn: uid=user1,${people}\nuid: user1\nstructuralObjectClass: inetOrgPerson\n`);
    expect(filtered).not.toContain("hasSubordinates");
    expect(await exported({ filter: "(uid=user1)", attributes: "hasSubordinates" })).toContain(
      "hasSubordinates: FALSE",
    );
    expect(filtered.endsWith("\n\n# end: 1 entries\n")).toBe(true);
    expect(await exported({ scope: "base", attributes: "dc" })).toBe(
      `dn: ${baseDn}\ndc: example\n\n# end: 1 entries\n`,
    );
  });

  it("shows secrets to an administrator who asks for them, which the audit trail notes", async () => {
    const { exported, events } = await served();
    const ldif = await exported({ filter: "(uid=user0)", reveal: "true" });
    expect(ldif).toContain(`userPassword:: ${Buffer.from(hash).toString("base64")}`.slice(0, 76));
    const [event] = await events("export.made");
    expect(event).toMatchObject({
      subject: baseDn,
      source: "manager",
      actor: slapd.rootDn,
      audit: true,
      severity: "medium",
    });
    expect(event?.data).toMatchObject({
      ...{ cluster: "main", format: "ldif", filter: "(uid=user0)", revealed: true, entries: 1, whole: true },
    });
    expect((await events("export.begun")).map(({ audit }) => audit)).toEqual([true]);
  });

  it("shows them to nobody else", async () => {
    const { url, events } = await served({ may: (action) => action !== "admin" });
    const response = await fetch(`${url}/clusters/main/export?reveal=true`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([403, "not_allowed"]);
    expect(await events("export.begun")).toEqual([]);
  });

  it.each([
    ["a base that is not there", "base=ou%3Dnowhere,dc%3Dexample,dc%3Dcom", 404, "no_such_entry"],
    ["a base that is no DN", "base=nowhere", 400, "invalid_request"],
    ["a filter that is none", "filter=(uid%3D*", 400, "invalid_request"],
    ["a format that is none", "format=xls", 400, "invalid_request"],
  ])("answers %s with a problem, and no file", async (_, query, status, code) => {
    const { url, events } = await served();
    const response = await fetch(`${url}/clusters/main/export?${query}`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([status, code]);
    expect(await events("export.made")).toEqual([]);
  });

  it.each(["ldif", "csv"])(
    "as %s never looks whole when the server is lost meanwhile, and is noted as what it was",
    async (format) => {
      const large = await startSlapd({ ldif: content(3_000) });
      onTestFinished(() => large[Symbol.asyncDispose]());
      const relay = await Relay.start(large.port);
      onTestFinished(() => relay[Symbol.asyncDispose]());
      const { url, events } = await served({ port: relay.port }, large);
      const response = await fetch(`${url}/clusters/main/export?format=${format}`);
      expect(response.status).toBe(200);
      const reader = response.body?.getReader();
      let text = Buffer.from((await reader?.read())?.value ?? []).toString();
      relay.reset();
      await expect(
        (async () => {
          for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
            text += Buffer.from(piece.value).toString();
          }
        })(),
      ).rejects.toThrow();
      expect(text).not.toContain("# end:");
      await expect.poll(async () => (await events("export.made")).map(({ data }) => data?.whole)).toEqual([false]);
    },
  );

  it("that its reader leaves gives the connection back", async () => {
    const large = await startSlapd({ ldif: content(3_000) });
    onTestFinished(() => large[Symbol.asyncDispose]());
    const { url, events, cluster, exported } = await served({ pool: { size: 1 } }, large);
    const gone = new AbortController();
    const response = await fetch(`${url}/clusters/main/export`, { signal: gone.signal });
    await response.body?.getReader().read();
    gone.abort();
    await expect.poll(async () => (await events("export.made")).map(({ data }) => data?.whole)).toEqual([false]);
    expect(cluster.nodes().map(({ state }) => state)).toEqual(["up"]);
    expect(await exported({ scope: "base" })).toContain("# end: 1 entries");
  });

  it("asks for no more pages than its reader has taken", { timeout: 60_000 }, async () => {
    const ldif = content(10_000).replaceAll("sn: =1+1", `sn: =1+1\ndescription: ${"x".repeat(2_000)}`);
    const large = await startSlapd({ ldif, logsOperations: true });
    onTestFinished(() => large[Symbol.asyncDispose]());
    const { url, exported } = await served({}, large);
    const pages = () => large.process.log.split('filter="(cn=*)"').length - 1;
    const response = await fetch(`${url}/clusters/main/export?filter=(cn%3D*)`);
    const reader = response.body?.getReader();
    let bytes = (await reader?.read())?.value?.length ?? 0;
    for (let other = 0; other < 20; other += 1) await exported({ scope: "base" });
    const asked = pages();
    expect(asked).toBeLessThan(40);
    for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
      bytes += piece.value.length;
    }
    expect(bytes).toBeGreaterThan(20_000_000);
    expect(pages()).toBeGreaterThanOrEqual(50);
  });

  it("is of what the directory shows to who asks", async () => {
    const { url } = await served();
    const response = await fetch(`${url}/clusters/main/export?filter=(uid%3Duser0)&reveal=true`, {
      headers: { "x-as": `uid=user1,${people} secret` },
    });
    expect(await response.text()).not.toContain("userPassword");
  });
});
