/** The lab itself: that what the other tests stand on is what it says. */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type Directory389,
  formatEntries,
  ldapsearch,
  linkDirectories389,
  person,
  populationEntries,
  Relay,
  randomPopulation,
  requirePrograms,
  runCommand,
  type ServerCertificate,
  type Slapd,
  startDirectory389,
  startHaproxy,
  startSlapd,
  startSlapdMirror,
  startStunnel,
  succeed,
  temporaryDirectory,
  until,
  Wire,
} from "./lab/index.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });
const describe389 = requirePrograms({ "ns-slapd": "389-ds-base", certutil: "libnss3-tools", ldapsearch: "ldap-utils" });
const describeProxies = requirePrograms({ slapd: "slapd", haproxy: "haproxy", stunnel4: "stunnel4" });

const baseDn = "dc=example,dc=com";
const annAndBob = { users: [person("ann", 2001), person("bob", 2002)], groups: [] };
const small = formatEntries(populationEntries(annAndBob, { baseDn, passwords: true }));

/** The description of the base entry, "" where it has none. */
async function description(server: Slapd | Directory389): Promise<string> {
  const { entries } = await ldapsearch(server.url, { base: baseDn, scope: "base", attributes: ["description"] });
  return entries[0]?.attributes.description?.join() ?? "";
}

async function describeBase(server: Slapd | Directory389, text: string): Promise<void> {
  const input = `dn: ${baseDn}\nchangetype: modify\nreplace: description\ndescription: ${text}\n`;
  const { url, rootDn, rootPassword } = server;
  await succeed("ldapmodify", ["-x", "-H", url, "-D", rootDn, "-w", rootPassword], { input });
}

describe("a slapd of the lab", () => {
  const population = randomPopulation({ seed: 1, users: 60, groups: 30 });
  const entries = populationEntries(population, { baseDn: "dc=example,dc=com", passwords: true });

  it("holds every entry of a population, whatever characters its names have", async () => {
    await using slapd = await startSlapd({ ldif: formatEntries(entries) });
    const printed = await succeed("ldapsearch", ["-x", "-LLL", "-H", slapd.url, "-b", slapd.baseDn, "1.1"]);
    expect(printed.match(/^dn:/gm)).toHaveLength(entries.length);
  });

  it("binds a user with the password of the population and with no other", async () => {
    await using slapd = await startSlapd({ ldif: formatEntries(entries) });
    const dn = entries[30]?.dn ?? "";
    const bind = async (password: string) =>
      (await runCommand("ldapwhoami", ["-x", "-H", slapd.url, "-D", dn, "-w", password])).exitCode;
    expect(await bind(population.users[29]?.password ?? "")).toBe(0);
    expect(await bind("something else")).toBe(49);
  });

  it("keeps operational attributes as they were given", async () => {
    const operational = [
      ["entryUUID", ["6f1d4f0c-50ee-5a2c-9c50-0f8a3f3f4b11"]],
      ["modifyTimestamp", ["20260102030405Z"]],
    ] as const;
    const ldif = formatEntries(entries.slice(0, 1), () => operational);
    await using slapd = await startSlapd({ ldif, maintainsOperationalAttributes: false });
    const search = ["-x", "-LLL", "-H", slapd.url, "-b", slapd.baseDn, "-s", "base", "+"];
    expect(await succeed("ldapsearch", search)).toBe(
      [
        "dn: dc=example,dc=com",
        "entryUUID: 6f1d4f0c-50ee-5a2c-9c50-0f8a3f3f4b11",
        "modifyTimestamp: 20260102030405Z",
        "structuralObjectClass: organization",
        "entryDN: dc=example,dc=com",
        "subschemaSubentry: cn=Subschema",
        "hasSubordinates: FALSE",
        "\n",
      ].join("\n"),
    );
  });

  it("comes back on its ports with what was written, after it was killed", async () => {
    await using slapd = await startSlapd({ ldif: small });
    await describeBase(slapd, "written");
    await slapd.process.kill();
    expect(await Wire.connect(slapd.url).catch(({ code }: { code: string }) => code)).toBe("ECONNREFUSED");
    await slapd.restart();
    expect(await description(slapd)).toBe("written");
  });

  it("lets the service account, and nobody else, act as a user by proxied authorization", async () => {
    await using slapd = await startSlapd({ ldif: small, serviceAccount: true });
    const whoAmI = (dn: string, password: string) =>
      runCommand("ldapwhoami", [
        "-x",
        "-H",
        slapd.url,
        "-e",
        `!authzid=dn:uid=ann,${baseDn}`,
        "-D",
        dn,
        "-w",
        password,
      ]);
    expect((await whoAmI(slapd.serviceDn, slapd.servicePassword)).stdout).toBe(`dn:uid=ann,${baseDn}\n`);
    const refused = await whoAmI(`uid=bob,${baseDn}`, "pw-bob");
    expect(refused.stderr).toContain("not authorized to assume identity");
  });

  it("logs each operation where it is asked to", async () => {
    await using slapd = await startSlapd({ ldif: small, logsOperations: true });
    await describeBase(slapd, "logged");
    await until("the write in the log", () => slapd.process.log.includes(`MOD dn="${baseDn}"`));
  });
});

describe("a mirror of the lab", () => {
  it("takes a write at any of three nodes to all, also one that was down", async () => {
    await using directory = await temporaryDirectory("lab");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
    await using mirror = await startSlapdMirror({ ldif: small, certificate, serviceAccount: true });
    const descriptions = () => Promise.all(mirror.nodes.map(description));
    const [first, second, third] = mirror.nodes;
    await describeBase(third!, "at the third");
    await until("every node to have it", async () => new Set(await descriptions()).size === 1);
    expect(await descriptions()).toEqual(["at the third", "at the third", "at the third"]);

    await second!.process.kill();
    await describeBase(first!, "without the second");
    expect(await mirror.contextCsns()).toHaveLength(2);
    await second!.restart();
    await mirror.agreed();
    expect(await descriptions()).toEqual(["without the second", "without the second", "without the second"]);
  });
});

describe389("a 389 Directory Server of the lab", () => {
  const member = { users: [person("ann", 2001)], groups: [{ name: "staff", gidNumber: 3001, members: ["ann"] }] };
  const ldif = formatEntries(populationEntries(member, { baseDn, passwords: true }));

  it("holds a population, binds its users, and speaks TLS with the certificate that it was given", async () => {
    await using directory = await temporaryDirectory("lab");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
    await using server = await startDirectory389({ ldif, certificate });
    const { entries } = await ldapsearch(server.ldapsUrl!, { base: baseDn, authority: authority.certificate });
    expect(entries.map(({ dn }) => dn).sort()).toEqual([`cn=staff,${baseDn}`, baseDn, `uid=ann,${baseDn}`]);
    expect(entries.find(({ dn }) => dn.startsWith("uid="))?.attributes.memberOf).toEqual([`cn=staff,${baseDn}`]);
    const bind = async (password: string) =>
      (await runCommand("ldapwhoami", ["-x", "-H", server.url, "-D", `uid=ann,${baseDn}`, "-w", password])).exitCode;
    expect(await bind("pw-ann")).toBe(0);
    expect(await bind("something else")).toBe(49);
  });

  it("does not start with entries that it would leave out", async () => {
    const unknown = `${ldif}\ndn: uid=bob,${baseDn}\nobjectClass: person\nuid: bob\n`;
    await expect(startDirectory389({ ldif: unknown })).rejects.toThrow(`Skipping entry "uid=bob,${baseDn}"`);
  });

  it("replicates with another in both directions, also what was written while that one was down", async () => {
    await using first = await startDirectory389({ ldif, replicaId: 1 });
    await using second = await startDirectory389({ replicaId: 2 });
    await linkDirectories389(first, second);
    await describeBase(second, "at the second");
    await until("the first to have it", async () => (await description(first)) === "at the second");
    await second.process.terminate();
    await describeBase(first, "without the second");
    await second.restart();
    await until("the second to have it", async () => (await description(second)) === "without the second", {
      timeoutMs: 20_000,
    });
    expect(await second.dump()).toContain(`dn: cn=staff,${baseDn}\n`);
  });
});

describe("a relay of the lab", () => {
  const cleanup = new AsyncDisposableStack();
  let slapd: Slapd;
  let relay: Relay;
  let url: string;
  beforeAll(async () => {
    slapd = cleanup.use(await startSlapd({ ldif: small }));
    relay = cleanup.use(await Relay.start(slapd.port));
    url = `ldap://127.0.0.1:${relay.port}`;
  });
  afterAll(() => cleanup.disposeAsync());

  const whoAmI = { type: "extendedRequest", requestName: "1.3.6.1.4.1.4203.1.11.3", requestValue: undefined } as const;

  it("passes a whole directory on as it is", async () => {
    const search = { base: baseDn } as const;
    expect(await ldapsearch(url, search)).toEqual(await ldapsearch(slapd.url, search));
    await until("the connection to be over", () => relay.connectionCount === 0);
  });

  it("holds back what is sent during a black hole, on old and new connections, and passes it on later", async () => {
    using old = await Wire.connect(url);
    await old.request(whoAmI);
    relay.blackHole();
    const oldId = old.sendRequest(whoAmI);
    using fresh = await Wire.connect(url);
    const freshId = fresh.sendRequest(whoAmI);
    await expect(old.answer(oldId, 200)).rejects.toThrow("Waited 200 ms");
    await expect(fresh.answer(freshId, 200)).rejects.toThrow("Waited 200 ms");
    expect([old.isClosed, fresh.isClosed]).toEqual([false, false]);
    relay.restore();
    expect((await old.answer(oldId)).last.protocolOp).toMatchObject({ resultCode: 0 });
    expect((await fresh.answer(freshId)).last.protocolOp).toMatchObject({ resultCode: 0 });
  });

  it("resets connections, old and new, until it is restored", async () => {
    using old = await Wire.connect(url);
    await old.request(whoAmI);
    relay.reset();
    await old.closed();
    // Whether connecting itself still succeeds is a race between the two sides.
    await Wire.connect(url).then(
      (fresh) => fresh.closed(),
      () => undefined,
    );
    relay.restore();
    using after = await Wire.connect(url);
    expect((await after.request(whoAmI)).last.protocolOp).toMatchObject({ resultCode: 0 });
  });
});

describeProxies("the proxies of the lab", () => {
  const cleanup = new AsyncDisposableStack();
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let certificate: ServerCertificate;
  let slapd: Slapd;
  beforeAll(async () => {
    authority = await createCertificateAuthority(cleanup.use(await temporaryDirectory("lab")).path);
    stranger = await createCertificateAuthority(cleanup.use(await temporaryDirectory("lab")).path);
    certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
    slapd = cleanup.use(await startSlapd({ ldif: small, certificate }));
  });
  afterAll(() => cleanup.disposeAsync());

  const search = (port: number) => ldapsearch(`ldap://127.0.0.1:${port}`, { base: baseDn });

  it.each([
    ["HAProxy", startHaproxy],
    ["stunnel", startStunnel],
  ])("%s stands in front of an ldaps server whose certificate it verifies", async (_, start) => {
    const direct = await search(slapd.port);
    const servers = [slapd.ldapsPort!];
    await using trusting = await start({ servers, authority: authority.certificate });
    expect(await search(trusting.port)).toEqual(direct);
    await using distrusting = await start({ servers, authority: stranger.certificate });
    expect((await search(distrusting.port)).entries).toEqual([]);
  });

  it("HAProxy ends TLS in front of a server that has none", async () => {
    await using haproxy = await startHaproxy({ servers: [slapd.port], certificate });
    const found = await ldapsearch(`ldaps://127.0.0.1:${haproxy.port}`, {
      base: baseDn,
      authority: authority.certificate,
    });
    expect(found).toEqual(await search(slapd.port));
  });
});
