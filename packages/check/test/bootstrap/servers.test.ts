/** What a bootstrap writes, loaded into real servers: every account logs in, whatever the scheme. */
import { mkdir, writeFile } from "node:fs/promises";
import {
  ChildServer,
  freePort,
  ldapsearch,
  requirePrograms,
  runCommand,
  startDirectory389,
  succeed,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { openLiveDirectory } from "../../src/bootstrap/live-directory.ts";
import { bootstrapped, environment, passwords, planOf } from "./plans.ts";

/** The result code of a simple bind. */
async function bind(url: string, dn: string, password: string): Promise<number> {
  const { exitCode } = await runCommand("ldapwhoami", ["-x", "-H", url, "-D", dn, "-w", password]);
  return exitCode;
}

interface Slapd extends AsyncDisposable {
  readonly url: string;
}

/** slapd as it is installed, with its modules of password schemes and Debian's own schema. */
async function startSlapd(ldif: string, { schema = "nis", writable = false } = {}): Promise<Slapd> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("bootstrap"));
  await mkdir(directory.file("database"));
  const posix =
    schema === "nis"
      ? "/etc/ldap/schema/nis.schema"
      : new URL("../../../../tests/lab/rfc2307bis.schema", import.meta.url).pathname;
  const configuration = [
    ...["core", "cosine", "inetorgperson"].map((name) => `include /etc/ldap/schema/${name}.schema`),
    `include ${posix}`,
    "modulepath /usr/lib/ldap",
    "moduleload back_mdb",
    "moduleload argon2",
    "moduleload pw-pbkdf2",
    "database mdb",
    'suffix "dc=example,dc=com"',
    `directory ${directory.file("database")}`,
    "dbnosync",
    `access to attrs=userPassword by dn.exact="cn=gitea,ou=services,dc=example,dc=com" ${writable ? "write" : "read"} by anonymous auth by * none`,
    "access to * by * read",
    "",
  ];
  await writeFile(directory.file("slapd.conf"), configuration.join("\n"));
  await writeFile(directory.file("content.ldif"), ldif);
  // Without -q: schema, superiors and values are checked.
  await succeed("slapadd", ["-f", directory.file("slapd.conf"), "-l", directory.file("content.ldif")]);
  const url = `ldap://127.0.0.1:${await freePort()}`;
  const server = new ChildServer("slapd", ["-d", "0", "-h", url, "-f", directory.file("slapd.conf")]);
  cleanup.defer(() => server.terminate().then(() => undefined));
  await server.ready(
    async () => (await runCommand("ldapsearch", ["-x", "-H", url, "-b", "", "-s", "base", "1.1"])).exitCode === 0,
  );
  const resources = cleanup.move();
  return { url, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const describe = requirePrograms({
  slapd: "slapd",
  slapadd: "slapd",
  ldapwhoami: "ldap-utils",
  "/usr/lib/ldap/argon2.so": "slapd",
  "/usr/lib/ldap/pw-pbkdf2.so": "slapd",
});

describe("OpenLDAP", () => {
  it.each(["SSHA", "ARGON2", "PBKDF2-SHA256", "PBKDF2-SHA512"])(
    "loads it and lets every account in with %s, and nobody with another password",
    async (scheme) => {
      const { ldif } = await bootstrapped(planOf(scheme));
      await using server = await startSlapd(ldif);
      for (const [dn, password] of Object.entries(passwords)) {
        expect([dn, await bind(server.url, dn, password)]).toEqual([dn, 0]);
        expect([dn, await bind(server.url, dn, `${password}x`)]).toEqual([dn, 49]);
      }
      const { entries } = await ldapsearch(server.url, { base: "dc=example,dc=com", attributes: ["1.1"] });
      expect(entries).toHaveLength(12);
    },
  );

  it("loads groups of both kinds with the schema rfc2307bis", async () => {
    const { ldif } = await bootstrapped(planOf("SSHA", "  schema: rfc2307bis\n"));
    await using server = await startSlapd(ldif, { schema: "rfc2307bis" });
    const { entries } = await ldapsearch(server.url, {
      base: "cn=unix,ou=groups,dc=example,dc=com",
      attributes: ["objectClass", "member", "gidNumber"],
    });
    expect(entries).toEqual([
      {
        dn: "cn=unix,ou=groups,dc=example,dc=com",
        attributes: {
          objectClass: ["groupOfNames", "posixGroup"],
          gidNumber: ["10000"],
          member: ["uid=ann,ou=people,dc=example,dc=com"],
        },
      },
    ]);
  });

  it("is compared with what it has: hashes where they may be read, binds where not", async () => {
    const deployed = await bootstrapped(planOf("ARGON2"));
    await using server = await startSlapd(deployed.ldif);
    const service = "cn=gitea,ou=services,dc=example,dc=com";
    await using reading = await openLiveDirectory({
      url: server.url,
      bindDn: service,
      bindPassword: Buffer.from(passwords[service]),
    });
    const fresh = await bootstrapped(planOf("ARGON2"), { live: reading });
    expect(fresh).toEqual({
      ldif: deployed.ldif,
      kept: Object.keys(passwords),
      made: [],
      otherSchemes: [],
      refusals: [],
    });

    await using binding = await openLiveDirectory({ url: server.url });
    const bound = await bootstrapped(planOf("ARGON2"), { live: binding, deployed: deployed.ldif });
    expect([bound.ldif, bound.refusals]).toEqual([deployed.ldif, []]);
    const wrong = { files: { "secrets/ann": "another" }, live: binding };
    expect((await bootstrapped(planOf("ARGON2"), wrong)).refusals).toEqual([
      { dn: "uid=ann,ou=people,dc=example,dc=com", reason: "does not take the plan's password in the directory" },
    ]);
    expect((await bootstrapped(planOf("ARGON2"), { ...wrong, live: reading })).refusals).toEqual([
      { dn: "uid=ann,ou=people,dc=example,dc=com", reason: "has another password in the directory than in the plan" },
    ]);
  });

  it("has a password changed as the refusal says, and the next bootstrap takes it over", async () => {
    const deployed = await bootstrapped(planOf("SSHA"));
    await using server = await startSlapd(deployed.ldif, { writable: true });
    const service = "cn=gitea,ou=services,dc=example,dc=com";
    const ann = "uid=ann,ou=people,dc=example,dc=com";
    await using directory = await temporaryDirectory("ldappasswd");
    await writeFile(directory.file("admin"), environment.GITEA_PASSWORD);
    await writeFile(directory.file("new"), "another");
    await succeed("ldappasswd", [
      "-H",
      server.url,
      "-x",
      "-D",
      service,
      "-y",
      directory.file("admin"),
      "-T",
      directory.file("new"),
      ann,
    ]);
    const files = { "secrets/ann": "another" };
    expect((await bootstrapped(planOf("SSHA"), { files, deployed: deployed.ldif })).refusals).toHaveLength(1);
    await using live = await openLiveDirectory({
      url: server.url,
      bindDn: service,
      bindPassword: Buffer.from(passwords[service]),
    });
    const taken = await bootstrapped(planOf("SSHA"), { files, deployed: deployed.ldif, live });
    expect([taken.refusals, taken.made]).toEqual([[], []]);
    expect(taken.ldif).not.toBe(deployed.ldif);
    expect((await bootstrapped(planOf("SSHA"), { files, deployed: taken.ldif })).ldif).toBe(taken.ldif);
  });

  it("is not asked in clear text over a network, and one that does not answer is an error", async () => {
    await expect(openLiveDirectory({ url: "ldap://ldap.example.com" })).rejects.toThrow(
      /would be sent passwords in clear text: write ldaps:\/\//,
    );
    await expect(openLiveDirectory({ url: `ldap://127.0.0.1:${await freePort()}` })).rejects.toThrow(
      /^ldap:\/\/127\.0\.0\.1:\d+ cannot be asked: /,
    );
  });
});

const describe389 = requirePrograms({ "ns-slapd": "389-ds-base", ldapwhoami: "ldap-utils" });

describe389("389 Directory Server", () => {
  it.each(["SSHA", "PBKDF2-SHA256", "PBKDF2-SHA512"])("loads it and lets every account in with %s", async (scheme) => {
    const { ldif } = await bootstrapped(planOf(scheme));
    await using server = await startDirectory389({ ldif });
    for (const [dn, password] of Object.entries(passwords)) {
      expect([dn, await bind(server.url, dn, password)]).toEqual([dn, 0]);
      expect([dn, await bind(server.url, dn, `${password}x`)]).toEqual([dn, 49]);
    }
  });
});
