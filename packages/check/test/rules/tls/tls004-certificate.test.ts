import { expect, test } from "vitest";
import type { Project } from "../../../src/engine/project.ts";
import { tls004 } from "../../../src/rules/tls/tls004-certificate.ts";
import { makeCertificate } from "../../certificates.ts";
import { type Files, findingsOf, folderOf, observed } from "../../project.ts";
import { presentedBy } from "./endpoint.ts";

const subject = "CN=ldap1.example.com";
const names = ["ldap1.example.com"];
const root = await makeCertificate({ subject: "CN=Example Root", isAuthority: true, days: 3650 });
const intermediate = await makeCertificate({
  subject: "CN=Example Issuing",
  isAuthority: true,
  days: 1800,
  issuer: root,
});
const leaf = await makeCertificate({ subject, names, issuer: intermediate });
const other = await makeCertificate({
  subject: "CN=other.example.com",
  names: ["other.example.com"],
  issuer: intermediate,
});

function found(files: Files | Project) {
  return findingsOf(tls004, files, { profile: "lab" }).map(({ subject: about, path, message, location }) => [
    about,
    path,
    message,
    location?.line,
  ]);
}

const nginx = `server {
  listen 443 ssl;
  server_name ldap1.example.com _;
  ssl_certificate tls/server.crt;
  ssl_certificate_key tls/server.key;
}
`;

test("a whole chain with its key and its name is well", () => {
  const files = {
    "nginx.conf": nginx,
    "tls/server.crt": leaf.cert + intermediate.cert,
    "tls/server.key": leaf.key,
    "tls/ca.crt": root.cert,
  };
  expect(found(files)).toEqual([]);
});

test("the certificates that two gateways made for themselves, in one file for clients to trust, are well", async () => {
  const [one, two] = [
    await makeCertificate({ subject, names }),
    await makeCertificate({ subject: "CN=ldap2.example.com" }),
  ];
  expect(found({ "espalier.pem": one.cert + two.cert })).toEqual([]);
});

test("the whole finding of a key that belongs to another certificate", () => {
  expect(findingsOf(tls004, { "tls/server.crt": leaf.cert, "tls/server.key": other.key })).toEqual([
    {
      rule: "TLS004",
      title: "clients that check the certificate refuse it",
      severity: "high",
      subject: "tls/server.crt",
      message: "the key in tls/server.key does not belong to the certificate CN=ldap1.example.com (tls/server.crt)",
      location: { file: "tls/server.crt", line: 1, column: 1, start: 0, end: leaf.cert.trimEnd().length },
      path: "key",
      fix: "Put the key there that the certificate was requested with, or request a new certificate with this key.",
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test.each([
  ["fullchain.pem", "privkey.pem"],
  ["tls.crt", "tls.key"],
  ["cert.pem", "key.pem"],
  ["ldap1-cert.pem", "ldap1-key.pem"],
  ["ldap1.pem", "ldap1-key.pem"],
])("%s and %s belong together by their names", (certificate, key) => {
  expect(found({ [certificate]: leaf.cert, [key]: other.key }).map(([about, path]) => [about, path])).toEqual([
    [certificate, "key"],
  ]);
  expect(found({ [certificate]: leaf.cert, [key]: leaf.key })).toEqual([]);
});

test("a key that nginx names is compared, wherever it is", () => {
  const files = {
    "nginx.conf": nginx.replace("tls/server.key", "keys/a.key"),
    "tls/server.crt": leaf.cert + intermediate.cert,
  };
  expect(found({ ...files, "keys/a.key": other.key }).map(([, path, message]) => [path, message])).toEqual([
    ["key", "the key in keys/a.key does not belong to the certificate CN=ldap1.example.com (tls/server.crt)"],
  ]);
});

test("a name that nginx serves and the certificate lacks is found", () => {
  const files = { "nginx.conf": nginx, "tls/server.crt": other.cert + intermediate.cert };
  expect(found(files)).toEqual([
    [
      "tls/server.crt",
      "names",
      "the certificate CN=other.example.com (tls/server.crt) is for other.example.com, and not for ldap1.example.com",
      1,
    ],
  ]);
});

test("the name of Espalier's gateway is looked for in its certificate, and the common name does not count", async () => {
  const old = await makeCertificate({ subject });
  const files = {
    "espalier.yaml":
      "gateway:\n  commonName: ldap1.example.com\n  tls:\n    certPath: tls/a.crt\n    keyPath: tls/a.key\n",
    "tls/a.crt": old.cert,
    "tls/a.key": old.key,
  };
  expect(found(files)).toEqual([
    [
      "tls/a.crt",
      "names",
      "the certificate CN=ldap1.example.com (tls/a.crt) has no subjectAltName, and not for ldap1.example.com",
      1,
    ],
  ]);
});

test("a chain in the wrong order is found, and the right order is said", () => {
  const [finding] = findingsOf(tls004, { "server.pem": intermediate.cert + leaf.cert + root.cert });
  expect([finding?.message, finding?.fix]).toEqual([
    "in server.pem certificate 2 (CN=ldap1.example.com) did not issue the one before it (CN=Example Issuing)",
    "Put the certificates in order, the server's own first and each one's issuer after it:\nCN=ldap1.example.com\nCN=Example Issuing\nCN=Example Root",
  ]);
});

test("an intermediate that is in another file and not in the one that is served is found", () => {
  const files = { "nginx.conf": nginx, "tls/server.crt": leaf.cert, "tls/chain.pem": intermediate.cert };
  expect(found(files)).toEqual([
    [
      "tls/server.crt",
      "chain",
      "tls/server.crt lacks the intermediate CN=Example Issuing, which is in tls/chain.pem",
      1,
    ],
  ]);
  // Nobody serves it: certbot keeps such a file for programs that want the two apart.
  expect(found({ "cert.pem": leaf.cert, "chain.pem": intermediate.cert })).toEqual([]);
});

test("signatures with SHA-1 and keys of RSA 1024 are found; the signature of a root is nobody's concern", async () => {
  const oldRoot = await makeCertificate({ subject: "CN=Old Root", isAuthority: true, rsaBits: 2048, hash: "SHA-1" });
  const weak = await makeCertificate({ subject, names, rsaBits: 1024, hash: "SHA-1", issuer: oldRoot });
  expect(found({ "a.crt": weak.cert + oldRoot.cert })).toEqual([
    ["a.crt", "certificates[0].signature", "CN=ldap1.example.com (a.crt) is signed with SHA-1", 1],
    ["a.crt", "certificates[0].publicKey", "CN=ldap1.example.com (a.crt) has a key of RSA 1024", 1],
  ]);
});

test("what a server presents is judged alike: its chain, its names, its key", async () => {
  // The client of a real handshake has a real clock.
  const now = Date.now();
  const root = await makeCertificate({ subject: "CN=Example Root", isAuthority: true, now });
  const intermediate = await makeCertificate({ subject: "CN=Example Issuing", isAuthority: true, issuer: root, now });
  const leaf = await makeCertificate({ subject, names, issuer: intermediate, now });
  const other = await makeCertificate({
    subject: "CN=other.example.com",
    names: ["other.example.com"],
    issuer: intermediate,
    now,
  });
  const lonely = await presentedBy({ cert: leaf.cert, key: leaf.key }, [root.cert]);
  const whole = await presentedBy({ cert: leaf.cert + intermediate.cert, key: leaf.key }, [root.cert]);
  const foreign = await presentedBy({ cert: other.cert + intermediate.cert, key: other.key }, [root.cert]);
  const self = await makeCertificate({ subject, names, now });
  const own = await presentedBy({ cert: self.cert, key: self.key }, [root.cert]);
  const url = "ldaps://ldap1.example.com:636";
  const incomplete = `the certificate CN=ldap1.example.com (${url}) comes without its issuer's certificate, or from an authority that is not trusted here`;
  expect([lonely, whole, foreign, own].map((endpoint) => found(observed({ endpoint: [endpoint] })))).toEqual([
    [[url, "chain", incomplete, undefined]],
    [],
    [
      [
        url,
        "names",
        `the certificate CN=other.example.com (${url}) is for other.example.com, and not for ldap1.example.com`,
        undefined,
      ],
    ],
    [
      [
        url,
        "chain",
        `the certificate CN=ldap1.example.com (${url}) is signed by itself: clients accept it only where they were given a copy`,
        undefined,
      ],
    ],
  ]);
});

test("a certificate outside of what is checked is read where a configuration or a mount names it", async () => {
  const elsewhere = folderOf({ "live/server.crt": other.cert, "live/server.key": leaf.key, "mounted.pem": other.cert });
  const nginxElsewhere = nginx.replaceAll(" tls/", ` ${elsewhere}/live/`);
  expect(found({ "nginx.conf": nginxElsewhere }).map(([, path]) => path)).toEqual(["key", "names"]);
  // Inside of the container it is at another path.
  const files = {
    "nginx.conf": nginx.replaceAll(" tls/", " /etc/nginx/tls/"),
    "compose.yaml": `services:\n  web:\n    image: nginx:1.27\n    volumes: ["${elsewhere}/live:/etc/nginx/tls:ro", "${elsewhere}/mounted.pem:/x.pem"]\n`,
  };
  expect(found(files).map(([, path]) => path)).toEqual(["key", "names"]);
});
