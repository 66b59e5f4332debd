import { chownSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readProject } from "../../../src/inputs/read-project.ts";
import { fsp001 } from "../../../src/rules/files/fsp001-secret-mode.ts";
import { makeCertificate } from "../../certificates.ts";
import { findingsOf, folderOf, linesOf } from "../../project.ts";

const key =
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIDDXPbE3dPqP5ZC4YlRy0yCxRFVcrNbQvHVMVYg1Yj3n\n-----END PRIVATE KEY-----\n";

it("finds keys, secrets, caches and environments that others can read, and takes it from them", () => {
  const findings = findingsOf(fsp001, {
    "tls/server.key": { text: key, mode: 0o644 },
    "tls/chain-and-key": { text: key, mode: 0o400 | 0o004 },
    ".env": { text: "DB_PASSWORD=kJ8sdf72hGsk2\n", mode: 0o664 },
    "secrets/db": { text: "kJ8sdf72hGsk2", mode: 0o755 },
    ".cache/0123456789abcdef0123456789abcdef.json": { text: "{}", mode: 0o640 | 0o004 },
    "krb5.keytab": { text: "\0binary", mode: 0o644 },
  });
  expect([...linesOf(findings)].sort()).toEqual([
    "high .cache/0123456789abcdef0123456789abcdef.json:1:1 : .cache/0123456789abcdef0123456789abcdef.json holds cached credentials and has mode 0644: everybody on the machine can read or change it",
    "high .env:1:1 : .env holds secrets of an environment and has mode 0664: everybody on the machine can read or change it",
    "high : krb5.keytab holds Kerberos keys and has mode 0644: everybody on the machine can read or change it",
    "high secrets/db:1:1 : secrets/db holds a secret and has mode 0755: everybody on the machine can read or change it",
    "high tls/chain-and-key:1:1 : tls/chain-and-key holds a private key and has mode 0404: everybody on the machine can read or change it",
    "high tls/server.key:1:1 : tls/server.key holds a private key and has mode 0644: everybody on the machine can read or change it",
  ]);
  expect(findings.find(({ subject }) => subject === "tls/server.key")).toMatchObject({
    fix: "chmod 0600 'tls/server.key'",
    fixability: "safe",
    edits: [{ kind: "chmod", file: "tls/server.key", mode: 0o600 }],
  });
  expect(findings.find(({ subject }) => subject === "tls/chain-and-key")?.edits).toEqual([
    { kind: "chmod", file: "tls/chain-and-key", mode: 0o400 },
  ]);
});

it("lets everybody read a certificate, also one that compose hands out as a secret", async () => {
  const { cert: certificate } = await makeCertificate({ subject: "CN=authority", isAuthority: true });
  const findings = findingsOf(fsp001, {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    secrets: [ca]\nsecrets:\n  ca: {file: secrets/ca.crt}\n",
    "secrets/ca.crt": { text: certificate, mode: 0o444 },
    "secrets/both.pem": { text: certificate + key, mode: 0o444 },
  });
  expect(findings.map(({ subject }) => subject)).toEqual(["secrets/both.pem"]);
});

it("leaves it to a person where a container reads the file as another user", () => {
  const findings = findingsOf(fsp001, {
    "compose.yaml":
      "services:\n  db:\n    image: postgres:17\n    secrets: [db]\nsecrets:\n  db:\n    file: ./db-password.conf\n",
    "db-password.conf": { text: "kJ8sdf72hGsk2\n", mode: 0o644 },
  });
  expect(findings).toMatchObject([
    {
      subject: "db-password.conf",
      message:
        "db-password.conf holds the secret db of a compose file and has mode 0644: everybody on the machine can read or change it",
      fix: "A container reads it: let it belong to the user that the container runs as, then take it from the others.\nchown UID 'db-password.conf' && chmod 0600 'db-password.conf'",
      fixability: "none",
      edits: [],
    },
  ]);
});

it("has nothing against 0600, what is no secret, examples and sources", () => {
  const findings = findingsOf(fsp001, {
    "tls/server.key": { text: key, mode: 0o600 },
    ".env": "TZ=UTC\nDOMAIN=example.com\n",
    ".env.example": "DB_PASSWORD=changeme\n",
    "secrets/README.md": "What is here",
    "src/secrets/secret-store.ts": key,
    "docs/keys.md": key,
    token: { text: "\n", mode: 0o644 },
  });
  expect(findings).toEqual([]);
});

/** Files are given to other groups and users, which only root may do. */
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot("a group that can read it", () => {
  const groups = new Map(
    readFileSync("/etc/group", "utf8")
      .split("\n")
      .map((line) => [line.split(":")[0], Number(line.split(":")[2])]),
  );

  function findingsFor(uid: number, gid: number) {
    const root = folderOf({ "db.key": { text: key, mode: 0o640 } });
    chownSync(join(root, "db.key"), uid, gid);
    return findingsOf(fsp001, readProject({ root, paths: ["."], environment: {} })).map(({ severity, message }) => [
      severity,
      message,
    ]);
  }

  it("is all right where it was made for a purpose", () => {
    expect(findingsFor(0, groups.get("daemon")!)).toEqual([]);
    expect(findingsFor(0, 0)).toEqual([]);
  });

  it("is not where everybody is in it, or nobody knows it", () => {
    expect(findingsFor(0, groups.get("users")!)).toEqual([
      ["high", "db.key holds a private key and has mode 0640: the group users, which everybody is in, can read it"],
    ]);
    expect(findingsFor(0, 54_321)).toEqual([
      [
        "high",
        "db.key holds a private key and has mode 0640: its group 54321 has no name on this machine, and can read it",
      ],
    ]);
  });

  it("does not make up for an owner whom nobody knows", () => {
    expect(findingsFor(54_321, 0)).toEqual([
      ["medium", "db.key holds a private key and belongs to user 54321, whom this machine does not know"],
    ]);
  });
});
