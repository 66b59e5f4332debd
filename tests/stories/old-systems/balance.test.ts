/**
 * balance(1) and stunnel(8) as runit runs them: balance's lines start the proxy with the word `balance` exchanged, and a stunnel that is
 * left as it was goes on behind it; then one line does what both did. Other than in the files are the addresses: those of this machine,
 * a network of its own in 127.0.0.0/8, where the old ports are free. The servers' authority is one that the system trusts.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { LdapClient } from "@espalier/ldap/client";
import {
  type CertificateAuthority,
  ChildServer,
  childEnvironment,
  createCertificateAuthority,
  ldapsearch,
  Relay,
  requirePrograms,
  type Slapd,
  startSlapd,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Stopwatch } from "../stopwatch.ts";
import { executable, oldFile } from "./old-files.ts";

const describe = requirePrograms(
  { slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl", stunnel4: "stunnel4" },
  // Of the old ports.
  { root: true },
);

const base = "dc=example,dc=com";
const ann = `uid=ann,${base}`;
const ldif = `dn: ${base}
objectClass: organization
objectClass: dcObject
o: Example
dc: example

dn: ${ann}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Bell
userPassword: Ann's password
`;
const asAnn = ["-D", ann, "-w", "Ann's password"];
const found = { resultCode: 0, entries: [{ dn: ann, attributes: { cn: ["Ann"] } }], diagnostics: "" };

/** A network in which nobody else listens. */
async function ownNetwork(): Promise<string> {
  for (let third = process.pid % 250; ; third = (third + 1) % 250) {
    const server = createServer().listen(636, `127.77.${third}.1`);
    const isFree = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]);
    server.close();
    if (isFree) return `127.77.${third}`;
  }
}

describe("balance's lines", () => {
  const stopwatch = new Stopwatch("From balance and stunnel");
  const resources = new AsyncDisposableStack();
  let network: string;
  let place: TemporaryDirectory;
  let authority: CertificateAuthority;
  /** 10.1.1.1 and 10.1.1.2 of the files. */
  let servers: Slapd[];
  let relays: Relay[];

  /** Runs a runit script, as text, in a folder of its own, which is the working directory. */
  async function run(name: string, script: string): Promise<ChildServer> {
    await mkdir(place.file(name));
    await writeFile(place.file(`${name}/run`), script);
    const service = new ChildServer("sh", ["run"], {
      workingDirectory: place.file(name),
      environment: {
        PATH: `${place.file("bin")}:${childEnvironment().PATH}`,
        METRICS_LISTEN: "off",
        // In place of update-ca-certificates(8).
        SSL_CERT_FILE: authority.certificate,
      },
    });
    await service.ready(() => service.log.includes('"message":"ready"'));
    return service;
  }
  const addresses = () => ({ "127.0.0.1": `${network}.1`, "10.1.1.1": `${network}.11`, "10.1.1.2": `${network}.12` });
  const search = (url: string, options: readonly string[]) =>
    ldapsearch(url, { base, filter: "(uid=ann)", attributes: ["cn"], options });
  const requests = (server: Slapd) => server.process.log.match(/ SRCH .* filter="\(uid=ann\)"/g)?.length ?? 0;

  beforeAll(async () => {
    network = await ownNetwork();
    place = resources.use(await temporaryDirectory("old-balance"));
    await mkdir(place.file("bin"));
    await symlink(executable, place.file("bin/espalier"));
    await symlink(process.execPath, place.file("bin/node"));
    authority = await createCertificateAuthority(place.path);
    const issue = (last: number) => authority.issue(`server-${last}`, [`${network}.${last}`]);
    const start = async (last: number) =>
      resources.use(await startSlapd({ ldif, certificate: await issue(last), logsOperations: true }));
    servers = [await start(11), await start(12)];
    relays = await Promise.all(
      servers.map((server, index) => Relay.start(server.ldapsPort!, { host: `${network}.${index + 11}`, port: 636 })),
    );
    for (const relay of relays) resources.use(relay);
  });
  afterAll(async () => {
    await resources.disposeAsync();
    stopwatch.print();
  });

  it("-f -b 127.0.0.1 636 10.1.1.1 10.1.1.2: two servers in turn, for a stunnel that is left as it was", async () => {
    await using proxy = await stopwatch.time("balance's line starts the proxy", () =>
      run("in-turn", oldFile("balance/run", { ...addresses(), "exec balance": "exec espalier proxy" })),
    );
    expect(proxy.log).toContain("A self-signed certificate has been made");
    const configuration = oldFile("stunnel/stunnel.conf", {
      "127.0.0.1:389": `${network}.1:389`,
      "localhost:636": `${network}.1:636`,
    });
    await writeFile(place.file("stunnel.conf"), configuration);
    await using stunnel = new ChildServer("stunnel4", [place.file("stunnel.conf")]);
    await stunnel.ready(() => stunnel.log.includes("Configuration successful"));
    const url = `ldap://${network}.1`;
    for (let time = 0; time < 10; time += 1) expect(await search(url, [])).toEqual(found);
    expect(servers.map(requests)).toEqual([5, 5]);
    expect(await search(url, asAnn)).toEqual(found);
    expect((await search(url, ["-D", ann, "-w", "wrong"])).resultCode).toBe(49);
  });

  it("… 10.1.1.1 ! 10.1.1.2: the second only while the first is away, also while it says nothing any more", async () => {
    const [first, second] = servers;
    const [relay] = relays;
    const listener = `${network}.1`;
    const changes = { ...addresses(), "exec balance": "exec espalier proxy" };
    await using _proxy = await run("preferred", oldFile("balance/run-preferred", changes));
    const url = `ldaps://${listener}`;
    const trust = place.file("preferred/cert/self-signed/server.crt");
    const ask = () =>
      ldapsearch(url, { base, filter: "(uid=ann)", attributes: ["cn"], options: asAnn, authority: trust });
    await using session = await LdapClient.connect({ url, tls: { ca: readFileSync(trust) } });
    await session.bind(ann, "Ann's password");
    const askInSession = async () => (await session.searchAll({ baseObject: ann, attributes: ["cn"] })).entries.length;
    const before = servers.map(requests);
    for (let time = 0; time < 3; time += 1) expect(await ask()).toEqual(found);
    expect(servers.map(requests)).toEqual([before[0]! + 3, before[1]]);
    // Its connections stay open, which balance took for a server that is there.
    await stopwatch.time("the first server hangs: the second answers", async () => {
      relay!.blackHole();
      expect(await ask()).toEqual(found);
      // balance's connections were to one server until they ended, whatever became of it.
      expect(await askInSession()).toBe(1);
    });
    expect(requests(second!)).toBe(before[1]! + 1);
    await stopwatch.time("it is back: it answers again", async () => {
      relay!.restore();
      const count = requests(first!);
      await until("the first to be asked", async () => (await ask()) && requests(first!) > count, {
        timeoutMs: 30_000,
      });
    });
  });

  it("-b 127.0.0.1 389 ldaps://10.1.1.1 …: one process in place of both", async () => {
    const line = "balance -f -b 127.0.0.1 636 10.1.1.1 10.1.1.2";
    const own = `espalier proxy -f -b ${network}.1 389 ldaps://${network}.11 ldaps://${network}.12`;
    await using _proxy = await run("both", oldFile("balance/run", { [line]: own }));
    const before = servers.map(requests);
    for (let time = 0; time < 4; time += 1) expect(await search(`ldap://${network}.1`, [])).toEqual(found);
    expect(servers.map(requests)).toEqual(before.map((count) => count + 2));
    expect((await search(`ldap://${network}.1`, ["-D", ann, "-w", "wrong"])).resultCode).toBe(49);
  });
});
