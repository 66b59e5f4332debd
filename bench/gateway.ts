/**
 * The gateway beside slapd: the same directory, the same machine, the same load, taken in turns. Twice: as one process, as it comes,
 * and with a process for each core, as slapd has threads for each.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  ChildServer,
  createCertificateAuthority,
  fillPostgres,
  fillSqlite,
  formatEntries,
  type Gateway,
  populationEntries,
  type Slapd,
  startGateway,
  startPostgres,
  startSlapd,
  temporaryDirectory,
  uniformPopulation,
  until,
} from "@espalier/tests/lab";
import { buildLoadGenerator, type Load, type LoadResult, runLoad } from "./load-generator.ts";
import { signalAll } from "./process-figures.ts";
import { formatTable, median, whole } from "./table.ts";

const baseDn = "dc=example,dc=com";
const users = 10_000;
const groups = 500;
const groupsPerUser = 3;
const cores = availableParallelism();

/** How the gateway is configured for a set of rows. */
interface Setup {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The `gateway` section of espalier.yaml. */
  readonly configuration?: object;
  readonly tls?: boolean;
}

interface Row {
  readonly work: string;
  readonly setup: Setup;
  readonly load: Omit<Load, "users" | "tls">;
  /** The least ratio to slapd that was promised, where something was. */
  readonly target?: number;
  /** Also taken on a server that does nothing: what one thread of this runtime can reach at the most. */
  readonly bare?: boolean;
  /** What one operation counts for: entries, where they are what is counted. */
  readonly unit?: { readonly name: string; readonly perOperation: number };
}

const quiet: Setup = { name: "log warn", environment: { LOG_LEVEL: "warn" } };
const logging: Setup = { name: "log info", environment: { LOG_LEVEL: "info" } };
const snapshotBinds: Setup = {
  name: "binds from the snapshot",
  environment: { LOG_LEVEL: "warn" },
  configuration: { binds: { source: "snapshot" } },
};
const overTls: Setup = { name: "TLS", environment: { LOG_LEVEL: "warn", LDAP_UNENCRYPTED: "false" }, tls: true };

const snapshotBindsOverTls: Setup = { ...snapshotBinds, ...overTls, name: "binds from the snapshot, TLS" };

const byUid = { mode: "search", connections: 16, filter: "(uid=user%d)", entries: 1 } as const;
const asUser = { bindDn: `uid=user%d,${baseDn}`, password: "pw-%d" } as const;

/** What SSSD asks, word for word. */
const sssdPasswd = "(&(uid=user%d)(objectclass=posixAccount)(uid=*)(&(uidNumber=*)(!(uidNumber=0))))";
const sssdPasswdAttributes =
  "objectClass,uid,uidNumber,gidNumber,gecos,homeDirectory,loginShell,cn,modifyTimestamp,mail";
const sssdInitgroups = "(&(memberuid=user%d)(objectClass=posixGroup)(cn=*)(&(gidNumber=*)(!(gidNumber=0))))";
const sssdInitgroupsAttributes = "objectClass,cn,gidNumber,modifyTimestamp";

const rows: readonly Row[] = [
  { work: "search by uid, all attributes", setup: quiet, target: 2.5, bare: true, load: byUid },
  { work: "search by uid, 64 connections", setup: quiet, load: { ...byUid, connections: 64 } },
  { work: "search by uid, one connection", setup: quiet, target: 3, bare: true, load: { ...byUid, connections: 1 } },
  {
    work: "groups of a member",
    setup: quiet,
    target: 2,
    load: { ...byUid, filter: "(&(objectClass=posixGroup)(memberUid=user%d))", entries: groupsPerUser },
  },
  {
    work: "SSSD's passwd filter",
    setup: quiet,
    target: 2,
    bare: true,
    load: { ...byUid, filter: sssdPasswd, attributes: sssdPasswdAttributes.split(",") },
  },
  {
    work: "SSSD's initgroups filter",
    setup: quiet,
    target: 2,
    load: { ...byUid, filter: sssdInitgroups, attributes: sssdInitgroupsAttributes.split(","), entries: groupsPerUser },
  },
  {
    work: "bind, {SSHA}, row read fresh",
    setup: quiet,
    target: 0.5,
    bare: true,
    load: { mode: "bind", connections: 16, ...asUser },
  },
  {
    work: "bind, {SSHA}, row read fresh, 64 connections",
    setup: quiet,
    load: { mode: "bind", connections: 64, ...asUser },
  },
  {
    work: "search then bind (a login)",
    setup: quiet,
    target: 0.7,
    bare: true,
    load: { ...byUid, ...asUser, mode: "auth" },
  },
  {
    work: "connect, bind (fresh), search, unbind",
    setup: quiet,
    target: 1.5,
    bare: true,
    load: { ...byUid, ...asUser, mode: "churn" },
  },
  {
    work: "enumerate all users, 4 connections",
    setup: quiet,
    target: 1.5,
    unit: { name: "entries", perOperation: users },
    load: { mode: "search", connections: 4, filter: "(objectClass=posixAccount)", entries: users },
  },
  { work: "pipelined searches, 16 in flight", setup: quiet, target: 5, load: { ...byUid, inFlight: 16 } },
  {
    work: "pipelined searches, 16 in flight, one connection",
    setup: quiet,
    load: { ...byUid, inFlight: 16, connections: 1 },
  },
  { work: "search by uid, each one logged", setup: logging, load: byUid },
  {
    work: "bind, {SSHA}, row from the snapshot",
    setup: snapshotBinds,
    target: 1.5,
    bare: true,
    load: { mode: "bind", connections: 16, ...asUser },
  },
  {
    work: "connect, bind (snapshot), search, unbind",
    setup: snapshotBinds,
    target: 1.5,
    bare: true,
    load: { ...byUid, ...asUser, mode: "churn" },
  },
  {
    work: "connect, bind (fresh), search, unbind, TLS",
    setup: overTls,
    target: 1,
    load: { ...byUid, ...asUser, mode: "churn" },
  },
  { work: "search by uid, TLS", setup: overTls, load: byUid },
  {
    work: "connect, bind (snapshot), search, unbind, TLS",
    setup: snapshotBindsOverTls,
    target: 1,
    load: { ...byUid, ...asUser, mode: "churn" },
  },
];

const help = `npm run bench -- gateway [--source postgres|sqlite] [--rounds 3] [--seconds 3] [--only TEXT]
  --source   what the gateway reads its users from
  --rounds   how often each work is taken on each server, in turns; the median counts
  --seconds  how long each time
  --only     just the rows whose description has this text`;

export async function benchGateway(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      source: { type: "string", default: "postgres" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "3" },
      only: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  const wanted = rows.filter((row) => row.work.includes(values.only));

  await buildLoadGenerator();
  await using directory = await temporaryDirectory("bench");
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
  const population = uniformPopulation({ users, groups, groupsPerUser });
  const entries = populationEntries(population, { baseDn, passwords: true });
  await using slapd = await startSlapd({ baseDn, certificate, ldif: formatEntries(entries) });
  await using cleanup = new AsyncDisposableStack();
  const bare = cleanup.use(await startBareServer());
  const sql =
    values.source === "sqlite"
      ? fillSqlite(directory.file("directory.sqlite"), population)
      : await fillPostgres(cleanup.use(await startPostgres()), population);

  console.log(
    `${whole(users)} users, ${groups} groups, ${values.source}; operations per second, median of ${rounds}\n`,
  );
  const lines: string[][] = [];
  for (const setup of new Set(wanted.map((row) => row.setup))) {
    const tls = { LDAP_CERT_PATH: certificate.certificate, LDAP_KEY_PATH: certificate.privateKey };
    const environment = { ...sql, ...tls, LDAP_BASE_DN: baseDn, ...setup.environment };
    const start = (workers: number) => {
      const configuration = { ...setup.configuration, workers };
      return startGateway({ environment, configuration, discardsLog: true });
    };
    await using one = await start(1);
    await using several = await start(cores);
    const servers: Servers = { one, several, slapd, bare };
    // Whatever happens: one that is suspended would not end.
    using resumed = new DisposableStack();
    for (const gateway of [one, several]) {
      suspend(gateway);
      resumed.defer(() => resume(gateway));
    }
    const ofSetup = wanted.filter((candidate) => candidate.setup === setup);
    // Servers run for days: what the first thousands of operations cost to compile is not what is measured.
    for (const row of ofSetup) await warmUp(row, servers);
    for (const row of ofSetup) {
      const line = await measureRow(row, servers, rounds, seconds);
      console.log(line.join("  "));
      lines.push(line);
    }
  }
  const head = [
    "work",
    "one process",
    `${cores} processes`,
    "slapd",
    "ratios",
    "target",
    "met",
    "a server that does nothing",
  ];
  console.log(`\n${formatTable(head, lines)}`);
}

interface Servers {
  /** As one process; suspended, as the next is, while it is not measured: its reading of its database would take others' time. */
  readonly one: Gateway;
  /** With a process for each core. */
  readonly several: Gateway;
  readonly slapd: Slapd;
  readonly bare: BareServer;
}

function suspend(gateway: Gateway): void {
  signalAll(gateway.process.pid, "SIGSTOP");
}

function resume(gateway: Gateway): void {
  signalAll(gateway.process.pid, "SIGCONT");
}

async function warmUp(row: Row, servers: Servers): Promise<void> {
  const load = loadOf(row);
  // A connection costs as much as a hundred look-ups, so that there are fewer in the same time.
  const warmUpSeconds = load.mode === "churn" ? 15 : 2;
  for (const gateway of [servers.one, servers.several]) await loadGateway(gateway, load, warmUpSeconds);
  await runLoad(slapdPort(servers.slapd, load), load, 1);
}

async function loadGateway(gateway: Gateway, load: Load, seconds: number): Promise<LoadResult> {
  resume(gateway);
  const result = await runLoad(gateway.port, load, seconds);
  suspend(gateway);
  return result;
}

function loadOf(row: Row): Load {
  return { ...row.load, users, tls: row.setup.tls ?? false };
}

function slapdPort(slapd: Slapd, load: Load): number {
  const port = load.tls === true ? slapd.ldapsPort : slapd.port;
  if (port === undefined) throw new Error("slapd was started without a certificate");
  return port;
}

async function measureRow(row: Row, servers: Servers, rounds: number, seconds: number): Promise<string[]> {
  const load = loadOf(row);
  const results = { one: [], several: [], slapd: [], bare: [] } as Record<keyof Servers, LoadResult[]>;
  for (let round = 0; round < rounds; round += 1) {
    results.one.push(await loadGateway(servers.one, load, seconds));
    results.several.push(await loadGateway(servers.several, load, seconds));
    results.slapd.push(await runLoad(slapdPort(servers.slapd, load), load, seconds));
    if (row.bare === true) results.bare.push(await runLoad(servers.bare.port, load, seconds));
  }
  const rate = (server: keyof Servers) => median(results[server].map((result) => result.operationsPerSecond));
  const ratio = (server: keyof Servers) => rate(server) / rate("slapd");
  const faults = Object.values(results).flatMap((all) => all.map((result) => result.faults));
  const perOperation = row.unit?.perOperation ?? 1;
  return [
    row.unit === undefined ? row.work : `${row.work} (${row.unit.name})`,
    ...(["one", "several", "slapd"] as const).map((server) => whole(rate(server) * perOperation)),
    `${ratio("one").toFixed(2)}, ${ratio("several").toFixed(2)}`,
    row.target === undefined ? "" : `≥ ${row.target}`,
    faults.some((count) => count > 0)
      ? `void: ${faults.join(", ")} faults`
      : verdict(row.target, ratio("one"), ratio("several")),
    row.bare === true ? `${whole(rate("bare"))} (${ratio("bare").toFixed(2)})` : "",
  ];
}

function verdict(target: number | undefined, one: number, several: number): string {
  if (target === undefined) return "";
  if (one >= target) return several >= target ? "yes" : "with 1";
  return several >= target ? `with ${cores}` : "no";
}

interface BareServer extends AsyncDisposable {
  readonly port: number;
}

async function startBareServer(): Promise<BareServer> {
  const server = new ChildServer(process.execPath, [fileURLToPath(new URL("bare-server.ts", import.meta.url))]);
  const address = await until("the bare server to listen", () => /"port":(\d+)/.exec(server.log)?.[1]);
  return { port: Number(address), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
