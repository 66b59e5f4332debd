/**
 * A private 389 Directory Server (Debian: 389-ds-base) on loopback, without systemd and without root. Its files are made from
 * the templates of the package, and its database by `ns-slapd ldif2db`, in two seconds or so: `dscreate` needs root, and
 * begins by listening on every address.
 */
import { chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename } from "node:path";
import type { ServerCertificate } from "./certificates.ts";
import { ChildServer } from "./child-server.ts";
import { runCommand, succeed } from "./command.ts";
import { serverUser } from "./database-process.ts";
import { ssha } from "./population.ts";
import { freePort } from "./ports.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";
import { until } from "./until.ts";

export interface Directory389Options {
  /** dc=example,dc=com unless said. */
  readonly baseDn?: string;
  /**
   * Every entry, the base's first, in LDIF; the base alone unless said. Entries with memberOf get the class nsMemberOf, which
   * allows it there. An entry that is loaded has no entryUUID, unless the LDIF gives one; one that is added later has.
   */
  readonly ldif?: string;
  /** 1 to 65534: it keeps a changelog and may be linked to others, each with a number of its own. */
  readonly replicaId?: number;
  /** With it the server also listens on ldaps and offers StartTLS. */
  readonly certificate?: ServerCertificate;
}

/** Disposing of it ends it and removes its files. */
export interface Directory389 extends AsyncDisposable {
  /** ldap://127.0.0.1:port */
  readonly url: string;
  readonly port: number;
  /** ldaps://127.0.0.1:port, where a certificate was given. */
  readonly ldapsUrl: string | undefined;
  readonly ldapsPort: number | undefined;
  readonly baseDn: string;
  /** May read and change everything, the configuration below cn=config too. */
  readonly rootDn: string;
  readonly rootPassword: string;
  /** The process that runs now, or ran last. */
  readonly process: ChildServer;
  /** Starts it again on its ports, with its database as it was left. */
  restart(): Promise<void>;
  /** What it holds as LDIF, with operational attributes and passwords. */
  dump(): Promise<string>;
}

/** Of the folder of its configuration, after which it names a semaphore of the whole machine: no two have the same. */
const instanceName = (directory: TemporaryDirectory) => basename(directory.path);

const rootDn = "cn=Directory Manager";
const rootPassword = "root-password";
const replicationDn = "cn=replication manager,cn=config";
const replicationPassword = "replication-password";
const keyPassword = "key-password";

const templates = "/usr/share/dirsrv/data";

/** Of whoever runs the tests: the server gives up root for the account of its package, and needs no root to begin with. */
async function serverAccount(): Promise<{ readonly name: string; own(file: string): Promise<void> }> {
  const { uid, gid } = await serverUser("dirsrv");
  if (uid === undefined || gid === undefined) return { name: userInfo().username, own: async () => undefined };
  return { name: "dirsrv", own: (file) => chown(file, uid, gid) };
}

/** Starts it on loopback. Everybody may read everything but userPassword, and people may set their own. */
export async function startDirectory389(options: Directory389Options = {}): Promise<Directory389> {
  const { baseDn = "dc=example,dc=com", certificate } = options;
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("389ds"));
  const account = await serverAccount();
  await account.own(directory.path);
  const folder = async (name: string) => {
    await mkdir(directory.file(name));
    await account.own(directory.file(name));
  };
  const file = async (name: string, content: string) => {
    await writeFile(directory.file(name), content, { mode: 0o600 });
    await account.own(directory.file(name));
  };
  const instance = instanceName(directory);
  cleanup.defer(() => rm(`/dev/shm/sem.${instance}.stats`, { force: true }));
  for (const name of [instance, `${instance}/schema`, "lock", "tmp", "ldif", "bak", "run", "log", "db"])
    await folder(name);
  // Those of /etc/dirsrv are not for everybody to read: no schema of the server's own, no orders by language, no certificates of users.
  await file(`${instance}/schema/99user.ldif`, "dn: cn=schema\n");
  await file(`${instance}/slapd-collations.conf`, "");
  await file(`${instance}/certmap.conf`, "certmap default default\n");
  const port = await freePort();
  const ldapsPort = certificate === undefined ? undefined : await freePort();
  if (certificate !== undefined) await importCertificate(certificate, directory, account.own);
  await file(
    `${instance}/dse.ldif`,
    await configuration(directory, account.name, baseDn, { port, ldapsPort }, options),
  );
  await file("ldif/content.ldif", loadable(options.ldif ?? baseEntry(baseDn)));
  await load(directory);

  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = ldapsPort === undefined ? undefined : `ldaps://127.0.0.1:${ldapsPort}`;
  // -d: in the foreground.
  const parameters = ["-d", "0", "-D", directory.file(instance), "-i", directory.file("run/pid")];
  let process: ChildServer | undefined;
  const start = async () => {
    const started = new ChildServer("ns-slapd", parameters);
    process = started;
    const search = ["-x", "-H", url, "-b", "", "-s", "base", "1.1"];
    await started
      .ready(async () => (await runCommand("ldapsearch", search)).exitCode === 0, 60_000)
      .catch(async (cause) => {
        throw new Error(`ns-slapd did not start:\n${await complaints(directory)}`, { cause });
      });
  };
  cleanup.defer(async () => {
    await process?.kill();
  });
  await start();
  const resources = cleanup.move();
  return {
    ...{ url, port, ldapsUrl, ldapsPort, baseDn, rootDn, rootPassword },
    get process() {
      if (process === undefined) throw new Error("ns-slapd was not started");
      return process;
    },
    async restart() {
      await process?.terminate();
      await start();
    },
    dump: () => {
      const search = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", rootDn, "-w", rootPassword];
      return succeed("ldapsearch", [...search, "-b", baseDn, "*", "+", "aci"]);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/**
 * Lets two directories that have replica ids send each other their changes; first `b` gets everything that `a` holds, in
 * place of what it had. A directory writes what it knows of the others to its disk every 30 seconds, and when it is
 * terminated: one that is killed before has to be linked again.
 */
export async function linkDirectories389(a: Directory389, b: Directory389): Promise<void> {
  const first = await addAgreement(a, b);
  const begin = `dn: ${first}\nchangetype: modify\nreplace: nsds5BeginReplicaRefresh\nnsds5BeginReplicaRefresh: start\n`;
  await ldapmodify(a, begin);
  const { url } = a;
  const search = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-D", rootDn, "-w", rootPassword, "-b", first];
  await until(
    "the first copy to be made",
    async () => {
      const agreement = await succeed("ldapsearch", [...search, "-s", "base", "*", "nsds5replicaLastInitStatus"]);
      if (/^nsds5BeginReplicaRefresh:/im.test(agreement)) return false;
      return /^nsds5replicaLastInitStatus: Error \(0\) Total update succeeded/im.test(agreement);
    },
    { timeoutMs: 60_000, intervalMs: 100 },
  );
  // Made earlier it would fail, and wait before it tries again: `b` was another directory.
  await addAgreement(b, a);
}

/** @returns its DN */
async function addAgreement(from: Directory389, to: Directory389): Promise<string> {
  const dn = `cn=to-${to.port},cn=replica,cn="${from.baseDn}",cn=mapping tree,cn=config`;
  const lines = [
    `dn: ${dn}`,
    "changetype: add",
    "objectClass: nsds5ReplicationAgreement",
    `cn: to-${to.port}`,
    "nsds5ReplicaHost: 127.0.0.1",
    `nsds5ReplicaPort: ${to.port}`,
    `nsds5ReplicaRoot: ${from.baseDn}`,
    `nsds5ReplicaBindDN: ${replicationDn}`,
    `nsds5ReplicaCredentials: ${replicationPassword}`,
    "nsds5ReplicaBindMethod: SIMPLE",
    "nsds5ReplicaTransportInfo: LDAP",
    "nsds5ReplicaTimeout: 5",
  ];
  await ldapmodify(from, `${lines.join("\n")}\n`);
  return dn;
}

async function ldapmodify({ url }: Directory389, input: string): Promise<void> {
  await succeed("ldapmodify", ["-x", "-H", url, "-D", rootDn, "-w", rootPassword], { input });
}

/** @throws Error where an entry was left out: the server goes on without it otherwise */
async function load(directory: TemporaryDirectory): Promise<void> {
  const parameters = ["ldif2db", "-D", directory.file(instanceName(directory)), "-n", "userRoot"];
  const { exitCode } = await runCommand("ns-slapd", [...parameters, "-i", directory.file("ldif/content.ldif")], {
    timeoutMs: 600_000,
  });
  if (exitCode === 0) return;
  throw new Error(`ns-slapd ldif2db ended with ${exitCode}:\n${await complaints(directory)}`);
}

/** What its log says of things that went wrong. */
async function complaints(directory: TemporaryDirectory): Promise<string> {
  const log = await readFile(directory.file("log/errors"), "utf8").catch(() => "");
  const lines = log.split("\n").filter((line) => / - (?:WARN|ERR|CRIT|ALERT|EMERG) - /.test(line));
  return lines.join("\n").slice(-4000);
}

function baseEntry(baseDn: string): string {
  const label = /^dc=([^,]+)/i.exec(baseDn)?.[1];
  if (label === undefined) throw new Error(`Give the LDIF of ${baseDn}, whose name is not made of dc parts`);
  return `dn: ${baseDn}\nobjectClass: domain\ndc: ${label}\n`;
}

const accessControl = [
  'aci: (targetattr != "userPassword || aci")(version 3.0; acl "read"; allow (read, search, compare) userdn = "ldap:///anyone";)',
  'aci: (targetattr = "userPassword")(version 3.0; acl "own password"; allow (write) userdn = "ldap:///self";)',
];

/** The LDIF with the access control of its first entry, and with the class that the schema wants beside memberOf. */
function loadable(ldif: string): string {
  const [first = "", ...others] = ldif.trim().split(/\n{2,}/);
  const allowed = others.map((entry) => (/^memberOf:/im.test(entry) ? `${entry}\nobjectClass: nsMemberOf` : entry));
  return [`${first}\n${accessControl.join("\n")}`, ...allowed, ""].join("\n\n");
}

/** Puts certificate, key and authority into an NSS database, which is where the server looks for them. */
async function importCertificate(
  { authority, certificate, privateKey }: ServerCertificate,
  directory: TemporaryDirectory,
  own: (file: string) => Promise<void>,
): Promise<void> {
  const instance = instanceName(directory);
  const database = `sql:${directory.file(instance)}`;
  const password = directory.file(`${instance}/pin`);
  await writeFile(password, keyPassword);
  // The form in which the server itself reads the password of its keys.
  await writeFile(directory.file(`${instance}/pin.txt`), `Internal (Software) Token:${keyPassword}\n`, { mode: 0o600 });
  const bundle = directory.file("tmp/server.p12");
  await succeed("openssl", [
    ...["pkcs12", "-export", "-name", "Server-Cert", "-passout", `pass:${keyPassword}`, "-out", bundle],
    ...["-in", certificate, "-inkey", privateKey],
  ]);
  await succeed("certutil", ["-N", "-d", database, "-f", password]);
  await succeed("certutil", ["-A", "-d", database, "-f", password, "-n", "authority", "-t", "CT,,", "-i", authority]);
  await succeed("pk12util", ["-i", bundle, "-d", database, "-k", password, "-w", password]);
  for (const name of ["cert9.db", "key4.db", "pkcs11.txt", "pin.txt"]) await own(directory.file(`${instance}/${name}`));
}

/** dse.ldif: the package's template with our places in it, a backend, and a replica where there is to be one. */
async function configuration(
  directory: TemporaryDirectory,
  account: string,
  baseDn: string,
  { port, ldapsPort }: { readonly port: number; readonly ldapsPort: number | undefined },
  { replicaId }: Directory389Options,
): Promise<string> {
  const instance = instanceName(directory);
  const values: Readonly<Record<string, string>> = {
    schema_dir: directory.file(`${instance}/schema`),
    lock_dir: directory.file("lock"),
    tmp_dir: directory.file("tmp"),
    cert_dir: directory.file(instance),
    ldif_dir: directory.file("ldif"),
    bak_dir: directory.file("bak"),
    run_dir: directory.file("run"),
    inst_dir: directory.file("run"),
    log_dir: directory.file("log"),
    config_dir: directory.file(instance),
    db_dir: directory.file("db"),
    db_home_dir: directory.file("db"),
    db_lib: "bdb",
    fqdn: "localhost",
    ds_port: String(port),
    ds_user: account,
    rootdn: rootDn,
    ds_passwd: ssha(rootPassword, rootDn),
    ldapi_enabled: "off",
    ldapi: directory.file("run/ldapi"),
    ldapi_autobind: "off",
    ds_suffix: baseDn,
    ds_bename: "userRoot",
  };
  const filled = async (name: string) => {
    const template = await readFile(`${templates}/${name}`, "utf8");
    return template.replace(/^#.*\n/gm, "").replace(/%(\w+)%/g, (_, key: string) => {
      const value = values[key];
      if (value === undefined) throw new Error(`${name} asks for ${key}, which Debian 12's does not`);
      return value;
    });
  };
  const server = [
    "nsslapd-listenhost: 127.0.0.1",
    "nsslapd-securelistenhost: 127.0.0.1",
    ...(ldapsPort === undefined ? [] : ["nsslapd-security: on", `nsslapd-secureport: ${ldapsPort}`]),
    "nsslapd-sizelimit: -1",
    "nsslapd-timelimit: -1",
    // Nobody asks for the counters of a server that is there for a minute, and each log line would be waited for.
    "nsslapd-accesslog-logging-enabled: off",
  ];
  // Left to itself it takes a tenth of the machine's memory for every server.
  const database = [
    "nsslapd-cache-autosize: 0",
    "nsslapd-dbcachesize: 16777216",
    // As for slapd: its process may be killed, the machine is not.
    "nsslapd-db-durable-transaction: off",
    "nsslapd-lookthroughlimit: -1",
    "nsslapd-idlistscanlimit: 100000",
  ];
  const dse = (await filled("template-dse.ldif"))
    .replace(/^dn: cn=config\ncn: config\n/m, `$&${server.join("\n")}\n`)
    .replace(/^dn: cn=config,cn=ldbm database,.*\n/m, `$&${database.join("\n")}\n`);
  const parts = [
    dse,
    await filled("template-suffix-db.ldif"),
    ...(replicaId === undefined ? [] : replica(baseDn, replicaId)),
  ];
  // Two empty lines in a row end what it reads.
  return parts.join("\n\n").replace(/\n{3,}/g, "\n\n");
}

function replica(baseDn: string, replicaId: number): string[] {
  return [
    [
      `dn: ${replicationDn}`,
      "objectClass: top",
      "objectClass: netscapeServer",
      "cn: replication manager",
      `userPassword: ${ssha(replicationPassword, replicationDn)}`,
    ].join("\n"),
    [
      `dn: cn=replica,cn="${baseDn}",cn=mapping tree,cn=config`,
      "objectClass: top",
      "objectClass: nsds5Replica",
      "objectClass: extensibleObject",
      "cn: replica",
      `nsds5ReplicaRoot: ${baseDn}`,
      `nsds5ReplicaId: ${replicaId}`,
      "nsds5ReplicaType: 3",
      "nsds5Flags: 1",
      `nsds5ReplicaBindDN: ${replicationDn}`,
      // The longest that it waits between two tries when the other was away; the usual 300 seconds are no test's.
      "nsds5ReplicaBackoffMin: 1",
      "nsds5ReplicaBackoffMax: 2",
    ].join("\n"),
  ];
}
