/** `espalier proxy` as an administrator types it: one line, what is asked of one that runs, and what cannot be. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../tests/lab/certificates.ts";
import type { ChildServer } from "../../../tests/lab/child-server.ts";
import { ldapsearch } from "../../../tests/lab/clients.ts";
import { runEspalier } from "../../../tests/lab/espalier.ts";
import { freePort } from "../../../tests/lab/ports.ts";
import { requirePrograms } from "../../../tests/lab/programs.ts";
import { type Slapd, startSlapd } from "../../../tests/lab/slapd.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { until } from "../../../tests/lab/until.ts";
import { environmentOf, espalier, staffTables } from "./command.ts";

const base = "dc=example,dc=com";
const ann = `uid=ann,${base}`;
const password = "ann's secret";
const ldif = `dn: ${base}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ${ann}
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Example
userPassword: ${password}
`;

let folder: TemporaryDirectory;
beforeAll(async () => {
  folder = await temporaryDirectory("proxy-command");
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Starts `espalier` and waits until it serves. */
async function serve(words: readonly string[], place: TemporaryDirectory, metrics = "off"): Promise<ChildServer> {
  const process = runEspalier(words, { METRICS_LISTEN: metrics }, place);
  await process.ready(() => process.log.includes('"message":"ready"'));
  return process;
}

const search = (url: string, filter = "(uid=ann)", options: readonly string[] = []) =>
  ldapsearch(url, { base, filter, attributes: ["cn"], options });
const asAnn = ["-D", ann, "-w", password];
const found = [{ dn: ann, attributes: { cn: ["Ann"] } }];

requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" })("a proxy on one line", () => {
  let slapd: Slapd;
  let authority: string;
  let proxy: ChildServer;
  let url: string;
  /** `espalier proxy WORDS` where the proxy runs. */
  const control = (...words: string[]) => espalier(["proxy", ...words], {}, folder.path);
  beforeAll(async () => {
    const issuer = await createCertificateAuthority(folder.path);
    authority = issuer.certificate;
    slapd = await startSlapd({ ldif, certificate: await issuer.issue("slapd", ["127.0.0.1"]) });
    url = `ldap://127.0.0.1:${await freePort()}`;
    const servers = [slapd.ldapsUrl!, "!", "ldaps://127.0.0.1:1"];
    proxy = await serve(["proxy", "--listen", url, ...servers, "--ca", authority], folder);
  });
  afterAll(async () => {
    await proxy?.terminate();
    await slapd?.[Symbol.asyncDispose]();
  });

  it("gives an ldapsearch in clear text on this machine a server that speaks TLS", async () => {
    expect((await search(url)).entries).toEqual(found);
    expect((await search(url, "(uid=ann)", asAnn)).entries).toEqual(found);
    expect((await search(url, "(uid=ann)", ["-D", ann, "-w", "wrong"])).resultCode).toBe(49);
  });

  it("shows its state, and ends with 1 while a backend is not up that should be", async () => {
    const down = control("status");
    expect(down.exitCode).toBe(1);
    expect(down.stdout).toMatch(/^2 +round-robin +127\.0\.0\.1:1 +down +\d+s +1 +0 +0 +.*ECONNREFUSED/m);
    expect(control("maint", "127.0.0.1:1").exitCode).toBe(0);
    const sound = control("status", "--json");
    expect(sound.exitCode).toBe(0);
    expect(JSON.parse(sound.stdout)).toMatchObject({
      pid: proxy.pid,
      listeners: [url],
      tiers: [{ backends: [{ health: "up" }] }, { backends: [{ admin: "maint" }] }],
    });
  });

  it("shows what passes without passwords, and as a capture that nobody else may read", async () => {
    const capture = folder.file("capture.pcapng");
    await using lines = runEspalier(["proxy", "tap"], {}, folder);
    await using records = runEspalier(["proxy", "tap", "--json"], {}, folder);
    await using pieces = runEspalier(["proxy", "tap", "--pcapng", capture], {}, folder);
    // A tap may begin to see in the middle of a search: all three have seen one from its beginning.
    const whole = /searchRequest[\s\S]*unbindRequest/;
    await until("a search is shown", async () => {
      expect((await search(url, "(uid=ann)", asAnn)).resultCode).toBe(0);
      return whole.test(lines.log) && whole.test(records.log) && readFileSync(capture).includes(ann);
    });
    for (const tap of [lines, records, pieces]) tap.signal("SIGINT");
    expect(await Promise.all([lines.exited(), records.exited(), pieces.exited()])).toEqual([0, 0, 0]);
    expect(lines.log).toMatch(/^\d\d:\d\d:\d\d\.\d{3} #\d+ 127\.0\.0\.1:\d+ clear → \d+ searchRequest .*\(uid=ann\)/m);
    const [first] = records.log.split("\n").filter((line) => line.includes("searchRequest"));
    expect(JSON.parse(first!)).toMatchObject({ address: "127.0.0.1", direction: "request" });
    const bytes = readFileSync(capture);
    expect(bytes.includes(ann)).toBe(true);
    expect([lines.log, records.log, bytes.toString("latin1")].filter((text) => text.includes(password))).toEqual([]);
    expect(statSync(capture).mode & 0o777).toBe(0o600);
    const again = control("tap", "--pcapng", capture);
    expect(again).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/cannot be made \(EEXIST\): name a new file/),
    });
  });

  it("says who should be set up otherwise", async () => {
    expect((await search(url, "(cn=*n*)")).resultCode).toBe(0);
    const { stdout } = control("hygiene");
    expect(stdout).toMatch(/^127\.0\.0\.1 .*\(cn=\*\?\*\)/m);
    expect(JSON.parse(control("hygiene", "--json").stdout)).toMatchObject([
      { address: "127.0.0.1", anonymousSearches: expect.any(Number), unindexedSearches: 1 },
    ]);
  });

  it("does not take a server whose certificate nobody vouches for, and says why", async () => {
    await using place = await temporaryDirectory("distrust");
    const listen = ["--listen", `ldap://127.0.0.1:${await freePort()}`];
    await using distrustful = await serve(["proxy", ...listen, slapd.ldapsUrl!], place);
    expect((await search(listen[1]!)).resultCode).toBe(52);
    expect(espalier(["proxy", "status"], {}, place.path).stdout).toMatch(/ down .*certificate/);
    await distrustful.terminate();
    await using _credulous = await serve(["proxy", ...listen, slapd.ldapsUrl!, "--no-verify"], place);
    expect((await search(listen[1]!)).entries).toEqual(found);
  });

  it("takes balance's words", async () => {
    const port = await freePort();
    const words = ["proxy", "-f", "-b", "127.0.0.1", String(port), slapd.ldapsUrl!, "!", "dr:636", "--ca", authority];
    await using place = await temporaryDirectory("balance");
    await using balance = await serve(words, place);
    expect((await search(`ldap://127.0.0.1:${port}`)).entries).toEqual(found);
    expect(await balance.terminate()).toBe(0);
  });

  // Only root may listen on such a port.
  it.skipIf(process.getuid?.() !== 0)(
    "makes a certificate for balance's words about a port with TLS, which had the servers' before, and keeps it",
    async () => {
      await using place = await temporaryDirectory("balance-tls");
      const words = (host: string) => ["proxy", "-b", host, "636", slapd.ldapsUrl!, "--ca", authority];
      const host = `127.42.${process.pid % 250}.1`;
      await using first = await serve(words(host), place);
      const certificate = place.file("cert/self-signed/server.crt");
      expect(first.log).toContain(`has been made: clients can verify it only if they are given ${certificate}.`);
      const search = { base, filter: "(uid=ann)", attributes: ["cn"], authority: certificate };
      expect((await ldapsearch(`ldaps://${host}`, search)).entries).toEqual(found);
      await first.terminate();
      await using second = await serve(words(host), place);
      expect(second.log).toContain("A self-signed certificate is in use");
      expect((await ldapsearch(`ldaps://${host}`, search)).entries).toEqual(found);
    },
  );

  it("leaves its port, its socket and the address of its metrics to the process that replaces it", async () => {
    await using place = await temporaryDirectory("successor");
    const listen = `ldap://127.0.0.1:${await freePort()}`;
    const metrics = `127.0.0.1:${await freePort()}`;
    const words = ["proxy", "--listen", listen, slapd.ldapsUrl!, "--ca", authority];
    await using first = await serve(words, place, metrics);
    await using second = await serve(words, place, metrics);
    expect(second.log).toContain("Something else listens where health and metrics are to be asked for");
    expect(JSON.parse(espalier(["proxy", "status", "--json"], {}, place.path).stdout).pid).toBe(second.pid);
    expect(await first.terminate()).toBe(0);
    await until("the second answers for its health", async () => (await fetch(`http://${metrics}/readyz`)).ok);
    expect((await search(listen)).entries).toEqual(found);
    expect(JSON.parse(espalier(["proxy", "status", "--json"], {}, place.path).stdout).pid).toBe(second.pid);
  });

  it("runs with `espalier up` as well, which needs no gateway then, and is tested by `config test`", async () => {
    const port = await freePort();
    await using place = await temporaryDirectory("up");
    const listen = [`ldap://127.0.0.1:${port}`];
    const section = { listen, tiers: [{ backends: [slapd.ldapsUrl] }], upstream: { caPath: authority } };
    writeFileSync(place.file("espalier.yaml"), JSON.stringify({ proxy: section }));
    const { exitCode, stdout } = espalier(["config", "test"], {}, place.path);
    expect([exitCode, stdout.split("\n")]).toEqual([
      0,
      [
        `ok       Serves clients on ${listen[0]}.`,
        `ok       Tier 1, 127.0.0.1:${slapd.ldapsPort}: answers, with ${base}.`,
        "",
        "The proxy can serve with this configuration.",
        "",
      ],
    ]);
    await using up = await serve(["up"], place);
    expect((await search(listen[0]!)).entries).toEqual(found);
    expect(await up.terminate()).toBe(0);
  });
});

describe("a proxy that cannot be", () => {
  it.each<[string, readonly string[], RegExp]>([
    ["nothing at all", [], /proxy\.listen: is missing.*\n.*proxy\.tiers: is missing/],
    ["no server", ["--listen", "ldap://127.0.0.1"], /the servers: are missing: name them after the options/],
    [
      "clear text from the network",
      ["--listen", "ldap://0.0.0.0", "a"],
      /--listen ldap:\/\/0\.0\.0\.0: would take passwords in clear/,
    ],
    [
      "a file as well",
      ["-c", "x.yaml", "--listen", "ldap://127.0.0.1", "a"],
      /-c: the proxy is described by the file or by the command line/,
    ],
    ["an option that is not known", ["--listn", "ldap://127.0.0.1"], /unknown option '--listn'/],
    [
      "an authority that is not there",
      ["--listen", "ldap://127.0.0.1:0", "a", "--ca", "/nowhere.pem"],
      /authorities in \/nowhere\.pem cannot be read \(ENOENT\)/,
    ],
    [
      "a socket where none can be",
      ["--listen", "ldap://127.0.0.1:0", "ldap://127.0.0.1:1", "--socket", "/nowhere/x.sock"],
      /control socket \/nowhere\/x\.sock cannot be made/,
    ],
  ])("with %s is told so, and ends with 2", (_, words, sentence) => {
    const { exitCode, stderr } = espalier(["proxy", ...words], { METRICS_LISTEN: "off" }, folder.path);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(exitCode).toBe(2);
  });

  it.each<[string, readonly string[], RegExp]>([
    ["asked where none runs", ["status"], /^No proxy answers on proxy\.sock \(ENOENT\)/],
    ["asked for what it does not have", ["stop", "a"], /--listen: is missing/],
    ["given a weight that is none", ["weight", "a", "heavy"], /not a whole number/],
    ["told to kick whom it cannot", ["kick", "server", "a"], /Allowed choices are client, address, backend/],
  ])("%s says so, and ends with 2", (_, words, sentence) => {
    const { exitCode, stderr } = espalier(["proxy", ...words], {}, folder.path);
    expect(stderr).toMatch(sentence);
    expect(exitCode).toBe(2);
  });

  it("ends the gateway of the same process with it", async () => {
    using tables = staffTables();
    const gateway = { base, listen: ["ldap://127.0.0.1:0"] };
    const proxy = {
      listen: ["ldaps://127.0.0.1:0"],
      tiers: [{ backends: ["a"] }],
      tls: { certPath: "x", keyPath: "x" },
    };
    writeFileSync(folder.file("up.yaml"), JSON.stringify({ gateway, proxy, metrics: { listen: "off" } }));
    const { exitCode, stderr, stdout } = espalier(["up", "-c", "up.yaml"], environmentOf(tables), folder.path);
    expect(stderr).toBe(
      "The certificate cannot be used: the certificate x cannot be read (ENOENT): there is no such file\n",
    );
    expect(stdout).not.toContain("something still held the process");
    expect(exitCode).toBe(2);
  });

  it("is no obstacle to a gateway in the same file, nor the gateway to it", () => {
    const listen = ["ldap://127.0.0.1:0"];
    writeFileSync(folder.file("both.yaml"), JSON.stringify({ gateway: { base: "nonsense" }, proxy: { listen } }));
    const proxy = espalier(["proxy", "-c", "both.yaml"], {}, folder.path);
    expect(proxy.stderr).toMatch(
      /^The configuration cannot be used:\n {2}both\.yaml:1:\d+: proxy\.tiers: is missing[^\n]*\n$/,
    );
    const gateway = espalier(["gateway", "-c", "both.yaml"], {}, folder.path);
    expect(gateway.stderr).toContain("gateway.base");
    expect(gateway.stderr).not.toContain("proxy");
  });
});
