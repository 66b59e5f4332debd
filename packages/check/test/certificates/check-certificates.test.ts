import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { type CertificateCheckOptions, checkCertificates } from "../../src/certificates/check-certificates.ts";
import { InputError } from "../../src/inputs/source-file.ts";
import { makeCertificate } from "../certificates.ts";
import { type Files, folderOf } from "../project.ts";

const now = Date.now();
const root = await makeCertificate({ subject: "CN=Example Root", isAuthority: true, days: 3650, now });
const leaf = await makeCertificate({ subject: "CN=localhost", names: ["localhost", "127.0.0.1"], issuer: root, now });
const other = await makeCertificate({ subject: "CN=other", names: ["other.example"], days: 6, issuer: root, now });

async function look(files: Files, targets: readonly string[], more: Partial<CertificateCheckOptions> = {}) {
  const given = { root: folderOf({ "ca.pem": root.cert, ...files }), targets, names: [], now, ...more };
  const { report, certificates } = await checkCertificates(given);
  return {
    findings: report.findings.map(({ rule, subject, path }) => [rule, subject, path]),
    unreadable: report.unreadable.map(({ subject, message }) => [subject, message]),
    certificates: certificates.map(({ subject, certificate }) => [subject, certificate]),
  };
}

async function serve(options: TlsOptions): Promise<number> {
  const server = createServer(options, (socket) => socket.end()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a certificate with its key beside it, its name and its authority is well, and is shown", async () => {
  const files = { "server.crt": leaf.cert, "server.key": leaf.key };
  expect(await look(files, ["server.crt"], { names: ["localhost"], caFile: "ca.pem" })).toEqual({
    findings: [],
    unreadable: [],
    certificates: [["server.crt", "CN=localhost"]],
  });
});

test("a key that is another's is found beside the certificate, and where --key names it", async () => {
  const mismatch = ["TLS004", "server.crt", "key"];
  const files = { "server.crt": leaf.cert, "server.key": other.key, "right.key": leaf.key };
  expect((await look(files, ["server.crt"])).findings).toEqual([mismatch]);
  expect((await look(files, ["server.crt"], { keyFile: "right.key" })).findings).toEqual([]);
});

test("an end that is near, a name that is missing, and an authority that is not trusted are found with the rules' ids", async () => {
  const stranger = await makeCertificate({ subject: "CN=Stranger", isAuthority: true, now });
  const files = { "server.txt": other.cert, "stranger.pem": stranger.cert };
  expect((await look(files, ["server.txt"], { names: ["localhost"], caFile: "stranger.pem" })).findings.sort()).toEqual(
    [
      ["TLS003", "server.txt", "certificates[0]"],
      ["TLS004", "server.txt", "chain"],
      ["TLS004", "server.txt", "names"],
    ],
  );
});

test("a server that runs is looked at with the same rules", async () => {
  const port = await serve({ cert: leaf.cert, key: leaf.key });
  const old = await serve({ cert: other.cert, key: other.key });
  const urls = [`ldaps://localhost:${port}`, `https://127.0.0.1:${old}`];
  expect(await look({}, urls, { caFile: "ca.pem" })).toEqual({
    findings: [
      ["TLS003", urls[1], "certificates[0]"],
      ["TLS004", urls[1], "names"],
    ],
    unreadable: [],
    certificates: [
      [urls[0], "CN=localhost"],
      [urls[1], "CN=other"],
    ],
  });
  const [finding] = (await look({}, [urls[0]!])).findings;
  expect(finding).toEqual(["TLS004", urls[0], "chain"]);
});

test("what cannot be read is told, and is not clean", async () => {
  const port = await serve({ cert: leaf.cert, key: leaf.key });
  const files = { "notes.txt": "no PEM\n", "der.crt": "0\u0000\u0001", "cut.pem": leaf.cert.slice(0, 200) };
  const { unreadable } = await look(files, [
    "notes.txt",
    "der.crt",
    "cut.pem",
    "nowhere.pem",
    `ldap://127.0.0.1:${port}`,
  ]);
  expect(unreadable).toEqual([
    ["notes.txt", "there is no certificate in it: it must be PEM, with -----BEGIN"],
    ["der.crt", "it is not PEM; if it is DER: openssl x509 -inform der -in der.crt -out der.crt.pem"],
    ["cut.pem", expect.stringContaining("has no line -----END CERTIFICATE-----")],
    ["nowhere.pem", expect.stringContaining("no such file")],
    [`ldap://127.0.0.1:${port}`, expect.stringContaining("no TLS connection came about")],
  ]);
});

test("a URL of another kind is refused with those that there are", async () => {
  const refused = checkCertificates({ root: folderOf({}), targets: ["smtp://mail:25"], names: [], now });
  await expect(refused).rejects.toThrow(InputError);
  await expect(refused).rejects.toThrow(/ldaps:\/\/HOST\[:PORT\]/);
});
