/**
 * What the story of a disaster is about: a pair of OpenLDAP servers, a PostgreSQL, and a machine on which `espalier up` serves and
 * manages them. The machine is a folder with `etc`, `var` and `mnt` in it. All of it can be destroyed, and each piece set up empty.
 */
import { copyFile, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  ChildServer,
  type CommandResult,
  childEnvironment,
  createCertificateAuthority,
  documentQueries,
  documentTables,
  freePort,
  ldapsearch,
  ManagerClient,
  type Population,
  type Postgres,
  populationInserts,
  runCommand,
  type ServerCertificate,
  ServiceReports,
  type Slapd,
  startPostgres,
  startSlapd,
  startSlapdMirror,
  succeed,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { stringify } from "yaml";

const executable = fileURLToPath(new URL("../../packages/espalier/bin/espalier.mjs", import.meta.url));
const baseDn = "dc=example,dc=com";
const overlays = ["ppolicy"];
const databases = ["users", "espalier"] as const;
const backup = { dn: `cn=backup,${baseDn}`, password: "backup password" };
export const backupAccount = backup;

export interface SiteContent {
  /** Below dc=example,dc=com, which has `backupAccount`. */
  readonly ldif: string;
  /** Of the gateway's database. */
  readonly users: Population;
}

/** What people see of it. */
export interface Seen {
  /** What each directory server holds, as LDIF. */
  readonly directories: readonly string[];
  /** What the gateway serves, over a connection whose certificate is the one that clients have trusted from the beginning. */
  readonly served: Awaited<ReturnType<typeof ldapsearch>>;
  /** Who is signed in to the manager, by a cookie of before. */
  readonly session: Awaited<ReturnType<ManagerClient["get"]>>;
}

interface Ports {
  readonly gateway: number;
  readonly manager: number;
  readonly metrics: number;
}

export class DisasterSite implements AsyncDisposable {
  readonly #root: TemporaryDirectory;
  readonly #ports: Ports;
  readonly #resources = new AsyncDisposableStack();
  #certificate: ServerCertificate | undefined;
  #postgres: Postgres | undefined;
  #nodes: readonly Slapd[] = [];
  #services: ChildServer | undefined;
  #person: ManagerClient | undefined;

  private constructor(root: TemporaryDirectory, ports: Ports) {
    this.#root = root;
    this.#ports = ports;
    this.#resources.use(root);
  }

  /** With its servers filled, and its services not started. */
  static async create({ ldif, users }: SiteContent): Promise<DisasterSite> {
    await using cleanup = new AsyncDisposableStack();
    const ports = { gateway: await freePort(), manager: await freePort(), metrics: await freePort() };
    const site = cleanup.use(new DisasterSite(await temporaryDirectory("disaster"), ports));
    const folders = ["bin", "client", "etc/espalier", "etc/ldap", "var/lib/espalier", "mnt/safe", "mnt/nas"];
    for (const folder of folders) await mkdir(site.#root.file(folder), { recursive: true });
    await symlink(executable, site.#root.file("bin/espalier"));
    await symlink(process.execPath, site.#root.file("bin/node"));
    const authority = await createCertificateAuthority(site.#root.file("etc/ldap"));
    const certificate = await authority.issue("server", ["127.0.0.1"]);
    site.#certificate = certificate;
    const mirror = startSlapdMirror({ ldif, certificate, nodes: 2, overlays, passwordReader: backup.dn });
    const { nodes } = site.#resources.use(await mirror);
    site.#nodes = nodes;
    await site.startPostgres();
    await site.#fillPostgres(users);
    await site.#configure();
    cleanup.move();
    return site;
  }

  get postgres(): Postgres {
    return this.#postgres!;
  }

  get nodes(): readonly Slapd[] {
    return this.#nodes;
  }

  /** An empty one, where the one before was. */
  async startPostgres(): Promise<void> {
    const port = this.#postgres?.port;
    this.#postgres = this.#resources.use(await startPostgres(port === undefined ? {} : { port }));
  }

  /** An empty directory server, where the one of that number was, and with its configuration. */
  async startNode(number: 0 | 1): Promise<void> {
    const ports = this.#nodes.map(({ port, ldapsPort = 0 }) => ({ ldap: port, ldaps: ldapsPort }));
    const others = ports.filter((_, other) => other !== number);
    const started = await startSlapd({
      ...{ ldif: "", certificate: this.#certificate!, overlays, passwordReader: backup.dn, ports: ports[number]! },
      replication: { serverId: number + 1, providers: others.map(({ ldaps }) => `ldaps://127.0.0.1:${ldaps}`) },
    });
    this.#resources.use(started);
    this.#nodes = this.#nodes.with(number, started);
  }

  /** Resolves when the second directory server has the changes of the first. */
  async agreed(): Promise<void> {
    const csn = async ({ url }: Slapd) => {
      const { entries } = await ldapsearch(url, { base: baseDn, scope: "base", attributes: ["contextCSN"] });
      return entries[0]?.attributes.contextCSN?.toSorted().join();
    };
    const isAgreed = async () => {
      const [first, second] = await Promise.all(this.#nodes.map(csn));
      return first !== undefined && first === second;
    };
    await until("the second server to be as far as the first", isAgreed, { timeoutMs: 60_000, intervalMs: 100 });
  }

  async startServices(): Promise<void> {
    const services = new ChildServer("node", [this.#root.file("bin/espalier"), "up", "-c", this.#configuration], {
      environment: this.#environment,
      workingDirectory: this.#root.file("var/lib/espalier"),
    });
    this.#services = this.#resources.use(services);
    const reports = new ServiceReports(`http://127.0.0.1:${this.#ports.metrics}`);
    await services.ready(() => reports.isReady(), 60_000);
  }

  /** Somebody changes an entry, somebody signs in, and a client is given the gateway's certificate. */
  async use(): Promise<void> {
    const url = `http://127.0.0.1:${this.#ports.manager}`;
    const [first] = this.#nodes;
    const signIn = (name: string, password: string) => ManagerClient.signIn(url, { cluster: "people", name, password });
    const root = await signIn(first!.rootDn, first!.rootPassword);
    const body = { cluster_name: "people", dn: `uid=user1,${baseDn}`, modifications: { description: "on holiday" } };
    await root.get("PUT /api/entries/update", { body });
    this.#person = await signIn(`uid=user2,${baseDn}`, "pw-2");
    await this.agreed();
    await copyFile(this.#root.file("var/lib/espalier/cert/self-signed/server.crt"), this.#trusted);
  }

  /** What a moment has of it: the services stand still until it is over. */
  async still<T>(action: () => Promise<T>): Promise<T> {
    this.#services?.suspend();
    await this.#services?.suspended();
    try {
      return await action();
    } finally {
      this.#services?.resume();
    }
  }

  /** Puts apart what a backup does not have, as the document says. */
  async keepApart(): Promise<void> {
    const [first] = this.#nodes;
    const { password } = new URL(this.postgres.url);
    const safe = (name: string) => this.#root.file(`mnt/safe/${name}`);
    const backups = this.#root.file("var/backups/espalier");
    await copyFile(this.#root.file("etc/espalier/backup-passphrase"), safe("backup-passphrase"));
    await copyFile(join(backups, "signing-key.pem"), safe("signing-key.pem"));
    await copyFile(join(backups, "receipts/public-key.pem"), safe("public-key.pem"));
    await writeFile(safe("rootdn-password"), `${first?.rootPassword}\n`);
    await writeFile(safe("postgres-password"), `${decodeURIComponent(password)}\n`);
  }

  /** Notes the head of the audit trail. */
  async noteHead(): Promise<string> {
    const [verified] = await this.type(["espalier events verify -c /etc/espalier/espalier.yaml"]);
    const [, head = ""] = /noted elsewhere: (\S+)\n/.exec(verified?.stdout ?? "") ?? [];
    await writeFile(this.#root.file("mnt/safe/audit-head"), `${head}\n`);
    return head;
  }

  /** Processes end as they do when a machine does, and nothing is left but what lies below `mnt`, and clients' own. */
  async destroy(): Promise<void> {
    const processes = [...this.#nodes.map((node) => node.process), this.#services];
    await Promise.all([...processes.map((each) => each?.kill()), this.postgres.kill()]);
    for (const node of this.#nodes) await node[Symbol.asyncDispose]();
    await this.postgres[Symbol.asyncDispose]();
    for (const folder of ["etc", "var"]) await rm(this.#root.file(folder), { recursive: true });
    // The folder in which the services run comes with the package.
    await mkdir(this.#root.file("var/lib/espalier"), { recursive: true });
  }

  /** Types lines of a document, one after the other. @throws Error where one ends with another code than 0 */
  async type(lines: readonly string[]): Promise<CommandResult[]> {
    const results: CommandResult[] = [];
    for (const line of lines) {
      const own = this.#here(line);
      const options = { environment: this.#environment, workingDirectory: this.#root.file("var/lib/espalier") };
      const result = await runCommand("bash", ["-c", own], { ...options, timeoutMs: 120_000 });
      if (result.exitCode !== 0) throw new Error(`${own}\nended with ${result.exitCode}: ${result.stderr}`);
      results.push(result);
    }
    return results;
  }

  /** Definitions, privileges and rows, as pg_dump writes them. */
  async dumpDatabases(): Promise<readonly string[]> {
    return Promise.all(
      databases.map(async (name) => {
        const url = new URL(this.postgres.url);
        url.pathname = name;
        const dump = await succeed("pg_dump", [url.href]);
        // Newer versions write a word of their own choice there.
        return dump.replaceAll(/^\\(?:un)?restrict .*$/gm, "");
      }),
    );
  }

  async see(): Promise<Seen> {
    const directories = await Promise.all(this.#nodes.map((node) => node.dump()));
    const base = "dc=users,dc=example,dc=com";
    const login = ["-D", `uid=user3,${base}`, "-w", "pw-3"];
    const served = await ldapsearch(`ldaps://localhost:${this.#ports.gateway}`, {
      ...{ base, options: login, authority: this.#trusted },
    });
    return { directories, served, session: await this.#person!.get("GET /api/v1/session") };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }

  get #configuration(): string {
    return this.#root.file("etc/espalier/espalier.yaml");
  }

  get #trusted(): string {
    return this.#root.file("client/gateway.crt");
  }

  get #environment(): Readonly<Record<string, string>> {
    return {
      PATH: `${this.#root.file("bin")}:${childEnvironment().PATH}`,
      // In place of somebody who types it.
      PGPASSWORD: decodeURIComponent(new URL(this.postgres.url).password),
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    };
  }

  /** The line with this site's folders and addresses. */
  #here(line: string): string {
    const { port } = this.postgres;
    return line
      .replaceAll("-h db.example.com -U postgres", `-h 127.0.0.1 -p ${port} -U espalier`)
      .replaceAll("postgres://postgres@db.example.com/", `postgres://espalier@127.0.0.1:${port}/`)
      .replaceAll(/(?<![\w.])\/(?=etc\/|var\/|mnt\/)/g, `${this.#root.path}/`);
  }

  async #fillPostgres(users: Population): Promise<void> {
    const { psql } = this.postgres;
    await psql(`CREATE ROLE app LOGIN PASSWORD 'app'; CREATE ROLE store LOGIN PASSWORD 'store';
      CREATE ROLE gateway LOGIN PASSWORD 'gateway'; GRANT pg_read_all_data TO gateway`);
    await psql("CREATE DATABASE users OWNER app");
    await psql("CREATE DATABASE espalier OWNER store");
    const statements = [...documentTables("postgres"), ...populationInserts(users, "postgres")];
    await psql(`\\c users\nSET ROLE app;\n${statements.join(";\n")};`);
  }

  async #configure(): Promise<void> {
    const { postgres } = this;
    const [first] = this.#nodes;
    const url = (account: string, database: string) =>
      `postgres://${account}:${account}@127.0.0.1:${postgres.port}/${database}`;
    const queries = documentQueries("postgres", { status: true });
    const configuration = {
      gateway: {
        ...{ base: "dc=users,dc=example,dc=com", listen: [`ldaps://127.0.0.1:${this.#ports.gateway}`] },
        sql: {
          url: url("gateway", "users"),
          queries: {
            allUsers: queries.SQL_QUERY_ALL_USERS,
            oneUser: queries.SQL_QUERY_ONE_USER,
            allGroups: queries.SQL_QUERY_ALL_GROUPS,
            groupsByMember: queries.SQL_QUERY_GROUPS_BY_MEMBER,
          },
        },
      },
      manager: { listen: `127.0.0.1:${this.#ports.manager}` },
      clusters: [
        {
          ...{ name: "people", base_dn: baseDn, bind_dn: first!.rootDn },
          nodes: this.#nodes.map(({ ldapsPort }) => ({ host: "127.0.0.1", port: ldapsPort })),
          tls: { mode: "ldaps", ca_file: this.#certificate!.authority },
        },
      ],
      store: { url: url("store", "espalier") },
      metrics: { listen: `127.0.0.1:${this.#ports.metrics}` },
      check: {
        backups: {
          directory: this.#root.file("var/backups/espalier"),
          passphraseFile: this.#root.file("etc/espalier/backup-passphrase"),
          files: [this.#root.file("etc/espalier/roles.sql"), this.#root.file("etc/ldap")],
          clusters: { people: { bindDn: backup.dn, bindPassword: backup.password } },
          targets: [{ kind: "directory", path: this.#root.file("mnt/nas/espalier") }],
        },
      },
    };
    await writeFile(this.#configuration, stringify(configuration), { mode: 0o600 });
    const passphrase = this.#root.file("etc/espalier/backup-passphrase");
    await writeFile(passphrase, "seven wise goats cross a bridge\n", { mode: 0o600 });
  }
}
