/**
 * A real SSSD as the login client of this machine, without systemd (Debian: sssd-ldap, libnss-sss, libpam-sss,
 * sssd-tools, pamtester).
 *
 * Its sockets, its caches and PAM's configuration are at fixed places: it needs root, there can be one at a time (tests wait
 * for each other), and a machine that runs an SSSD of its own is left alone.
 */
import { existsSync } from "node:fs";
import { glob, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildServer } from "./child-server.ts";
import { runCommand, succeed } from "./command.ts";
import { programPath } from "./programs.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { until } from "./until.ts";

/** The programs and modules that a test with SSSD requires, and Debian's packages that bring them. */
export const sssdPrograms = {
  sssd: "sssd-ldap",
  sss_cache: "sssd-tools",
  pamtester: "pamtester",
  "/usr/share/doc/libnss-sss": "libnss-sss",
  "/usr/share/doc/libpam-sss": "libpam-sss",
};

export interface SssdOptions {
  /** Lines of the domain's section, in the words of sssd-ldap(5): `{ ldap_uri: "ldaps://ldap1, ldaps://ldap2" }`; or the whole sssd.conf. */
  readonly settings: Readonly<Record<string, string>> | string;
  /** Of sssd.conf(5); `nss` and `pam` unless said. */
  readonly services?: readonly string[];
  /** Names that SSSD, and nobody else, finds in /etc/hosts, each with its address. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/**
 * How a login ended: `rejected` is a password (or a user) that did not authenticate; `refused` is somebody who did, and whom the
 * access filter keeps out.
 */
export type LoginOutcome = "granted" | "rejected" | "refused";

export interface Sssd extends AsyncDisposable {
  /** The line of passwd(5) for a name or a number, or `undefined` where there is no such user. */
  passwd(user: string): Promise<string | undefined>;
  /** The line of group(5) for a name or a number. */
  group(group: string): Promise<string | undefined>;
  /** What `id` prints, or `undefined` where there is no such user. */
  id(user: string): Promise<string | undefined>;
  /** The names of a user's groups, sorted. */
  groupsOf(user: string): Promise<string[]>;
  /** What a login does: authenticates and asks for access, through PAM. */
  login(user: string, password: string): Promise<LoginOutcome>;
  /** What PAM says to a password, in its words (pam_strerror(3)): they tell one that is wrong from one that nobody could look at. */
  wordsOfPam(user: string, password: string): Promise<string>;
  /** Marks everything in SSSD's cache as expired, so that the next look-up asks a server. */
  expireCache(): Promise<void>;
  /** What SSSD's domain process logged, for a failing test. */
  log(): Promise<string>;
}

const ownDomain = "espalier";
const pamServiceName = "espalier-lab";
const pamService = `/etc/pam.d/${pamServiceName}`;
const databaseFolder = "/var/lib/sss/db";
const pidFile = "/run/sssd.pid";
const domainLog = (domain: string) => `/var/log/sssd/sssd_${domain}.log`;

/** How long a test file waits for the one that has SSSD now; a hook that starts it needs this much time. */
export const sssdTurnTimeoutMs = 600_000;

/** Starts SSSD with empty caches, when no other test has one any more. @throws Error where the machine runs one of its own. */
export async function startSssd({ settings, services = ["nss", "pam"], hosts = {} }: SssdOptions): Promise<Sssd> {
  const text = typeof settings === "string" ? settings : sssdConfiguration(services, settings);
  const domain = /^\[domain\/(.+)\]$/m.exec(text)?.[1] ?? ownDomain;
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(await takeTurn());
  await refuseBesideAnother();
  const directory = cleanup.use(await temporaryDirectory("sssd"));
  await removeTraces(domain);
  const present = new Set(await readdir(databaseFolder));
  cleanup.defer(async () => {
    await removeTraces(domain);
    const made = (await readdir(databaseFolder)).filter((file) => !present.has(file));
    for (const file of made) await rm(join(databaseFolder, file));
  });

  const configuration = directory.file("sssd.conf");
  await writeFile(configuration, text, { mode: 0o600 });
  const hostsFile = directory.file("hosts");
  const names = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  await writeFile(hostsFile, (await readFile("/etc/hosts", "utf8")) + names.join(""));
  await writeFile(pamService, "auth required pam_sss.so\naccount required pam_sss.so\n");

  // A mount namespace of its own gives it another /etc/hosts and leaves the machine's as it is.
  const script = 'mount --bind "$1" /etc/hosts && exec "$2" --interactive --logger=files --debug-level=4 --config="$3"';
  const program = programPath("sssd");
  const sssd = cleanup.use(
    new ChildServer("unshare", ["--mount", "sh", "-c", script, "sh", hostsFile, program, configuration]),
  );
  // It answers for a user that no server has once its name service and its domain process talk to each other.
  await sssd.ready(() => services.every((service) => existsSync(`/var/lib/sss/pipes/${service}`)));

  const resources = cleanup.move();
  return {
    passwd: (user) => nameService("passwd", user),
    group: (group) => nameService("group", group),
    async id(user) {
      const { exitCode, stdout } = await runCommand("id", [user]);
      return exitCode === 0 ? stdout.trim() : undefined;
    },
    async groupsOf(user) {
      return (await succeed("id", ["--groups", "--name", "--zero", user])).split("\0").filter(Boolean).sort();
    },
    async login(user, password) {
      const { exitCode, stdout } = await runCommand("pamtester", [pamServiceName, user, "authenticate", "acct_mgmt"], {
        input: `${password}\n`,
        timeoutMs: 90_000,
      });
      if (exitCode === 0) return "granted";
      return stdout.includes("successfully authenticated") ? "refused" : "rejected";
    },
    async wordsOfPam(user, password) {
      const { stdout, stderr } = await runCommand("pamtester", [pamServiceName, user, "authenticate"], {
        input: `${password}\n`,
        timeoutMs: 90_000,
      });
      // It says so after its question for the password, on the same line.
      return /pamtester: (.*)$/m.exec(`${stderr}\n${stdout}`)?.[1] ?? "";
    },
    async expireCache() {
      await succeed("sss_cache", ["-E"]);
    },
    log: () => readFile(domainLog(domain), "utf8"),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const turnFile = join(tmpdir(), "espalier-sssd-turn");

/** One test process at a time has the file, which holds its id: that of a process that is gone counts for nothing. */
async function takeTurn(): Promise<AsyncDisposable> {
  await until(
    "another test's SSSD to end",
    async () => {
      // 0: made, and not yet written.
      const holder = existsSync(turnFile) ? Number(await readFile(turnFile, "utf8")) : 0;
      if (holder !== 0 && !existsSync(`/proc/${holder}`)) await rm(turnFile);
      await writeFile(turnFile, String(process.pid), { flag: "wx" });
      return true;
    },
    { timeoutMs: sssdTurnTimeoutMs, intervalMs: 500 },
  );
  return { [Symbol.asyncDispose]: () => rm(turnFile, { force: true }) };
}

async function refuseBesideAnother(): Promise<void> {
  const pid = existsSync(pidFile) ? (await readFile(pidFile, "utf8")).trim() : "";
  if (pid !== "" && existsSync(`/proc/${pid}`)) {
    throw new Error(`This machine runs an SSSD (process ${pid}), and there can be only one: stop it to run this test`);
  }
}

/** What a run leaves at SSSD's fixed places, and PAM's service for pamtester. */
async function removeTraces(domain: string): Promise<void> {
  const patterns = [
    `${databaseFolder}/*_${domain}.ldb`,
    "/var/lib/sss/mc/*",
    "/var/lib/sss/pipes/{nss,pam,ssh}",
    domainLog(domain),
  ];
  for await (const file of glob(patterns)) await rm(file, { force: true });
  await rm(pamService, { force: true });
}

function sssdConfiguration(services: readonly string[], settings: Readonly<Record<string, string>>): string {
  return [
    "[sssd]",
    `services = ${services.join(", ")}`,
    `domains = ${ownDomain}`,
    // The name service's memory cache would answer in SSSD's place, without asking it.
    "[nss]",
    "memcache_timeout = 0",
    `[domain/${ownDomain}]`,
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
    "",
  ].join("\n");
}

async function nameService(database: "passwd" | "group", key: string): Promise<string | undefined> {
  const { exitCode, stdout } = await runCommand("getent", ["--service=sss", database, key]);
  return exitCode === 0 ? stdout.trim() : undefined;
}
