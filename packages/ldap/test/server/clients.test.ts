import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client } from "ldapts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LdapError } from "../../src/error.ts";
import { ResultCode } from "../../src/result-code.ts";
import { createLdapServer, type LdapHandler, type LdapServer } from "../../src/server/index.ts";
import { firstCertificate } from "./certificates.ts";

const base = "dc=example,dc=com";
const annsPassword = "correct horse";
const text = (value: string) => new TextEncoder().encode(value);
const people = ["ann", "bob", "cëline"].map((name) => ({
  objectName: `uid=${name},${base}`,
  attributes: [
    { type: "uid", values: [text(name)] },
    { type: "mail", values: [text(`${name}@example.com`), text(`${name}@example.org`)] },
  ],
}));

const handler: LdapHandler = {
  bind(request, operation) {
    const { authentication } = request;
    if (authentication.type !== "simple") throw new LdapError(ResultCode.authMethodNotSupported);
    const password = new TextDecoder().decode(authentication.password);
    if (request.name === "" && password === "") return operation.end();
    const isUser = people.some(({ objectName }) => objectName === request.name);
    if (!isUser || password !== annsPassword) {
      throw new LdapError(ResultCode.invalidCredentials);
    }
    operation.session.authorization = { dn: request.name };
    operation.end();
  },
  async search(request, operation) {
    await null;
    const { filter } = request;
    const isWanted = (uid: string) =>
      filter.type === "present" || (filter.type === "equalityMatch" && new TextDecoder().decode(filter.value) === uid);
    for (const person of people) {
      if (isWanted(person.objectName.slice("uid=".length, -base.length - 1))) operation.entry(person);
    }
    operation.done();
  },
  compare: (request, operation) =>
    operation.end(new TextDecoder().decode(request.value) === "ann" ? ResultCode.compareTrue : ResultCode.compareFalse),
};

let server: LdapServer;
let plainUrl: string;
let secureUrl: string;
let directory: string;
let caFile: string;

beforeAll(async () => {
  server = createLdapServer({ handler, tls: firstCertificate });
  plainUrl = `ldap://127.0.0.1:${(await server.listen({ host: "127.0.0.1", port: 0 })).port}`;
  secureUrl = `ldaps://127.0.0.1:${(await server.listen({ host: "127.0.0.1", port: 0, secure: true })).port}`;
  directory = mkdtempSync(join(tmpdir(), "espalier-server-"));
  caFile = join(directory, "ca.pem");
  writeFileSync(caFile, firstCertificate.cert);
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

/** `describe` where the program is; elsewhere one line that names the package, and with CI=true a failure. */
function describeWith(debianPackage: string, isInstalled: boolean) {
  if (isInstalled) return describe;
  if (process.env.CI === "true") throw new Error(`${debianPackage} is not installed: install that Debian package.`);
  process.stderr.write(`Skipped: tests of the server with a client of the Debian package ${debianPackage}.\n`);
  return describe.skip;
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
}

/** LDAP's own programs exit with the result code. */
async function run(program: string, args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { env: { ...process.env, LDAPTLS_CACERT: caFile } });
    return { exitCode: 0, stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { exitCode: code, stdout };
  }
}

describeWith("ldap-utils", existsSync("/usr/bin/ldapsearch"))("OpenLDAP's tools", () => {
  const credentials = ["-D", `uid=ann,${base}`, "-w", annsPassword];

  it("search over ldap, ldaps and StartTLS", async () => {
    const expected = `dn: uid=ann,${base}\nuid: ann\nmail: ann@example.com\nmail: ann@example.org\n\n`;
    for (const transport of [
      ["-H", plainUrl],
      ["-H", secureUrl],
      ["-ZZ", "-H", plainUrl],
    ]) {
      const outcome = await run("ldapsearch", ["-LLL", "-x", ...transport, ...credentials, "-b", base, "(uid=ann)"]);
      expect(outcome).toEqual({ exitCode: 0, stdout: expected });
    }
  });

  it("see result codes as they are", async () => {
    expect(await run("ldapsearch", ["-x", "-H", plainUrl, "-D", `uid=ann,${base}`, "-w", "wrong"])).toMatchObject({
      exitCode: ResultCode.invalidCredentials,
    });
    expect(await run("ldapsearch", ["-x", "-H", plainUrl, "-e", "!manageDSAit", "-b", base])).toMatchObject({
      exitCode: ResultCode.unavailableCriticalExtension,
    });
    expect(
      await run("ldapcompare", ["-x", "-H", plainUrl, ...credentials, people[0]!.objectName, "uid:ann"]),
    ).toMatchObject({
      exitCode: ResultCode.compareTrue,
    });
    expect(await run("ldapdelete", ["-x", "-H", plainUrl, ...credentials, people[0]!.objectName])).toMatchObject({
      exitCode: ResultCode.unwillingToPerform,
    });
  });

  it("ask who they are", async () => {
    expect(await run("ldapwhoami", ["-x", "-H", plainUrl, ...credentials])).toEqual({
      exitCode: 0,
      stdout: `dn:uid=ann,${base}\n`,
    });
    expect(await run("ldapwhoami", ["-x", "-H", plainUrl])).toEqual({ exitCode: 0, stdout: "anonymous\n" });
  });
});

const python = "/usr/bin/python3";
const hasPythonLdap = existsSync(python) && spawnSync(python, ["-c", "import ldap"]).status === 0;

describeWith("python3-ldap", hasPythonLdap)("python-ldap", () => {
  it("binds, searches concurrently, abandons, cancels and compares on one connection", async () => {
    const script = `
import json, ldap, sys
connection = ldap.initialize(sys.argv[1])
connection.set_option(ldap.OPT_X_TLS_CACERTFILE, sys.argv[2])
connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
connection.start_tls_s()
connection.simple_bind_s("uid=ann,${base}", "${annsPassword}")
ids = [connection.search("${base}", ldap.SCOPE_SUBTREE, "(uid=%s)" % name) for name in ("ann", "bob", "nobody") * 20]
connection.abandon(connection.search("${base}", ldap.SCOPE_SUBTREE))
found = [len(connection.result(id)[1]) for id in ids]
try:
    connection.cancel_s(4711)
    cancelled = "success"
except ldap.NO_SUCH_OPERATION:
    cancelled = "noSuchOperation"
print(json.dumps({
    "found": found[:3],
    "total": sum(found),
    "cancelled": cancelled,
    "compared": connection.compare_s("uid=ann,${base}", "uid", b"ann"),
    "whoami": connection.whoami_s(),
    "entry": [[dn, mail["mail"][0].decode()] for dn, mail in connection.search_s("${base}", ldap.SCOPE_SUBTREE, "(uid=cëline)", ["mail"])],
}))
connection.unbind_s()
`;
    const outcome = await run(python, ["-c", script, plainUrl, caFile]);
    expect({ ...outcome, stdout: JSON.parse(outcome.stdout || "null") }).toEqual({
      exitCode: 0,
      stdout: {
        found: [1, 1, 0],
        total: 40,
        cancelled: "noSuchOperation",
        compared: true,
        whoami: `dn:uid=ann,${base}`,
        entry: [[`uid=cëline,${base}`, "cëline@example.com"]],
      },
    });
  });
});

describe("ldapts", () => {
  it("binds, searches, compares and starts TLS", async () => {
    const client = new Client({ url: plainUrl });
    await client.startTLS({ ca: firstCertificate.cert });
    await client.bind(`uid=ann,${base}`, annsPassword);
    const { searchEntries } = await client.search(base, { scope: "sub", filter: "(uid=bob)" });
    expect(searchEntries).toEqual([
      { dn: `uid=bob,${base}`, uid: "bob", mail: ["bob@example.com", "bob@example.org"] },
    ]);
    expect(await client.compare(`uid=ann,${base}`, "uid", "ann")).toBe(true);
    await expect(client.bind(`uid=ann,${base}`, "wrong")).rejects.toMatchObject({
      code: ResultCode.invalidCredentials,
    });
    await client.unbind();
  });

  it("is not kept waiting by many clients at once", async () => {
    const names = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const client = new Client(
          index % 2 === 0 ? { url: plainUrl } : { url: secureUrl, tlsOptions: { ca: firstCertificate.cert } },
        );
        const { searchEntries } = await client.search(base, { scope: "sub", filter: "(uid=ann)" });
        await client.unbind();
        return searchEntries[0]?.uid;
      }),
    );
    expect(names).toEqual(Array(50).fill("ann"));
  });
});
