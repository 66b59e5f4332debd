/** PostgreSQL's logins by LDAP as docs/clients/postgresql.md configures them. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Postgres, requirePrograms, runCommand, startPostgres, until } from "../lab/index.ts";
import { ClientDocument } from "./document.ts";
import { type Site, serviceAccount, startSite } from "./site.ts";

const describe = requirePrograms({ postgres: "postgresql-15", psql: "postgresql-15", openssl: "openssl" });

describe("PostgreSQL", () => {
  const page = new ClientDocument("postgresql");
  const cleanup = new AsyncDisposableStack();
  let site: Site;
  let postgres: Postgres;
  let data: string;
  /** The lines by which the lab's superuser gets in. */
  let ownLines: string;
  beforeAll(async () => {
    site = cleanup.use(await startSite());
    postgres = cleanup.use(await startPostgres({ certificate: site }));
    data = await postgres.psql("SHOW data_directory");
    ownLines = await readFile(`${data}/pg_hba.conf`, "utf8");
    // The LDAP library reads a file of this name in the folder of the process as it does /etc/ldap/ldap.conf.
    const authority = { "/etc/ssl/certs/espalier.pem": site.authority };
    await writeFile(`${data}/ldaprc`, page.file("/etc/ldap/ldap.conf", authority));
    await postgres.psql(
      "CREATE ROLE team; CREATE ROLE ann LOGIN IN ROLE team; CREATE ROLE bob LOGIN IN ROLE team; CREATE ROLE carl LOGIN IN ROLE team",
    );
    await useRules(0);
  });
  afterAll(() => cleanup.disposeAsync());

  /** The page's first lines, which bind as the user, or its second, which search. */
  async function useRules(alternative: 0 | 1): Promise<void> {
    const [first, second] = site.addresses;
    const addresses = { "ldap1.example.com": first, "ldap2.example.com": second };
    const replacements = { ...addresses, "ldapscheme=ldaps": `ldapscheme=ldaps ldapport=${site.port}` };
    const rules = page.file("/etc/postgresql/15/main/pg_hba.conf", replacements, alternative);
    await writeFile(`${data}/pg_hba.conf`, rules + ownLines);
    await postgres.psql("SELECT pg_reload_conf()");
    const isRead = `SELECT count(*) FROM pg_hba_file_rules WHERE line_number = 1 AND error IS NULL`;
    await until("the rules to be read", async () => (await postgres.psql(isRead)) === "1");
  }

  /** Who somebody is after the login, or what the server said in its place, and why by its log. */
  async function login(user: string, password: string): Promise<string> {
    const target = `host=localhost port=${postgres.port} user=${user} dbname=postgres sslmode=verify-full`;
    const before = refusals().length;
    const { exitCode, stdout, stderr } = await runCommand(
      "psql",
      ["--no-psqlrc", "-At", "-c", "SELECT current_user", `${target} sslrootcert=${site.authority}`],
      { environment: { PGPASSWORD: password } },
    );
    if (exitCode === 0) return stdout.trim();
    expect(stderr).toContain(`LDAP authentication failed for user "${user}"`);
    return until("the reason in the log", () => refusals()[before]);
  }

  /** Why logins were refused so far: each is a line with the reason, and later one that says that it failed. */
  function refusals(): string[] {
    const attempts = postgres.log.split(/FATAL: {2}LDAP authentication failed/).slice(0, -1);
    return attempts.map((text) => {
      const reasons = text.match(/Invalid credentials|does not exist|Can't contact LDAP server/g);
      return reasons?.at(-1) ?? text;
    });
  }

  it("logs a user in with the password, and with nothing else", async () => {
    expect(await login("ann", "pw-ann")).toBe("ann");
    expect(await login("bob", "pw-bob")).toBe("bob");
    expect(await login("ann", "pw-bob")).toBe("Invalid credentials");
    expect(await login("carl", "pw-carl")).toBe("Invalid credentials");
    expect(postgres.log).not.toContain(serviceAccount.password);
  });

  it("logs only members of the directory's group in where the rule searches for them", async () => {
    await useRules(1);
    expect(await login("ann", "pw-ann")).toBe("ann");
    expect(await login("ann", "pw-bob")).toBe("Invalid credentials");
    expect(await login("bob", "pw-bob")).toBe("does not exist");
    expect(await login("carl", "pw-carl")).toBe("does not exist");
  });

  it("writes the password of the service account to its log, as the page warns", () => {
    expect(postgres.log).toContain(serviceAccount.password);
  });

  it("goes on with the second gateway when the first is killed", async () => {
    await site.killFirst();
    expect(await login("ann", "pw-ann")).toBe("ann");
    expect(await login("ann", "pw-bob")).toBe("Invalid credentials");
  });

  it.each([0, 1] as const)("says in its log that the directory cannot be reached, by rule %i", async (alternative) => {
    await useRules(alternative);
    await site.postgres.stop();
    expect(await login("ann", "pw-ann")).toBe("Can't contact LDAP server");
    expect(await login("carl", "pw-carl")).toBe("Can't contact LDAP server");
    await site.postgres.start();
    expect(await login("ann", "pw-ann")).toBe("ann");
  });

  it("says in its log that no gateway runs, and logs in when one does", async () => {
    await site.killBoth();
    expect(await login("ann", "pw-ann")).toBe("Can't contact LDAP server");
    await site.startBoth();
    expect(await login("ann", "pw-ann")).toBe("ann");
  });
});
