/** A private OpenLDAP server (Debian: slapd) with an mdb database of the test's own. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ServerCertificate } from "./certificates.ts";
import { ChildServer } from "./child-server.ts";
import { runCommand, succeed } from "./command.ts";
import { ssha } from "./population.ts";
import { formatEntries, type LdifEntry } from "./population-ldif.ts";
import { freePort } from "./ports.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./temporary-directory.ts";

export interface SlapdOptions {
  /** dc=example,dc=com unless said. */
  readonly baseDn?: string;
  /** Every entry, the base's first, in LDIF. Loaded with slapadd: operational attributes are taken as they are given. */
  readonly ldif: string;
  /** Lines of slapd.conf's `index`, as "uid eq,sub"; the ones a well-kept directory has unless said. */
  readonly indexes?: readonly string[];
  /** Overlays of the database, by the names of their modules: "memberof", "ppolicy". None unless said. */
  readonly overlays?: readonly string[];
  /** With the overlay "ppolicy": the DN of the policy of everybody who has no other. */
  readonly passwordPolicy?: string;
  /** The DNs of people who may change everything, as `rootDn` may. */
  readonly writers?: readonly string[];
  /** With it slapd also listens on ldaps and offers StartTLS. */
  readonly certificate?: ServerCertificate;
  /** False: entries have just the operational attributes that `ldif` gives them, and a write adds none. True unless said. */
  readonly maintainsOperationalAttributes?: boolean;
  /** True: there is `cn=service`, an account that may act as any user under the base by proxied authorization. RFC 4370. */
  readonly serviceAccount?: boolean;
  /** True: it logs each operation, its target and its result in `process.log`. */
  readonly logsOperations?: boolean;
  /** True: there is cn=Monitor, with the server's own figures, which everybody may read. */
  readonly monitor?: boolean;
  /** True: `rootDn` may read cn=config, which else is not there. */
  readonly readableConfiguration?: boolean;
  /** The DN of an account that may read passwords, as one that makes backups must. */
  readonly passwordReader?: string;
  /** How many entries a search gives, all pages together, to anybody but `rootDn`; unlimited unless said. */
  readonly sizeLimit?: number;
  /** Free ones unless said. */
  readonly ports?: { readonly ldap: number; readonly ldaps: number };
  /** What makes it one of several that replicate each other; see {@link startSlapdMirror}. */
  readonly replication?: SlapdReplication;
}

interface SlapdReplication {
  /** 1 to 4095, each node its own. */
  readonly serverId: number;
  /** The ldaps URLs of the other nodes. */
  readonly providers: readonly string[];
}

/** Disposing of it ends it and removes its files. */
export interface Slapd extends AsyncDisposable {
  /** ldap://127.0.0.1:port */
  readonly url: string;
  readonly port: number;
  /** ldaps://127.0.0.1:port, where a certificate was given. */
  readonly ldapsUrl: string | undefined;
  readonly ldapsPort: number | undefined;
  readonly baseDn: string;
  /** May read and change everything. */
  readonly rootDn: string;
  readonly rootPassword: string;
  /** The account of the option `serviceAccount`. */
  readonly serviceDn: string;
  readonly servicePassword: string;
  /** The process that runs now, or ran last. */
  readonly process: ChildServer;
  /** Starts it again on its ports, with its database as it was left. */
  restart(): Promise<void>;
  /** What it holds as LDIF, with operational attributes and passwords. */
  dump(): Promise<string>;
}

const usualIndexes = [
  "objectClass eq",
  "uid,cn,mail eq,sub",
  "uidNumber,gidNumber,memberUid,member eq",
  "memberOf,entryUUID,entryCSN eq",
];

/** Attribute types that the overlays' modules bring, even where the overlay itself is not used: memberOf. */
const modules = ["back_mdb", "memberof"];

const rootPassword = "root-password";
const servicePassword = "service-password";

/** Starts slapd on loopback. Everybody may read everything but userPassword. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const { baseDn = "dc=example,dc=com", certificate, ports, replication, logsOperations = false } = options;
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("slapd"));
  const configuration = directory.file("slapd.conf");
  const content = directory.file("content.ldif");
  await mkdir(directory.file("database"));
  const schemas = await schemaFiles(directory);
  await writeFile(configuration, slapdConfiguration(baseDn, directory.file("database"), schemas, options));
  const serviceDn = `cn=service,${baseDn}`;
  const accounts = options.serviceAccount === true ? formatEntries([serviceAccount(serviceDn, baseDn)]) : "";
  await writeFile(content, `${options.ldif}\n${accounts}`);
  // -w: the contextCSN that replication compares is written as well, in this node's name (-S).
  const csn = replication === undefined ? [] : ["-S", String(replication.serverId), "-w"];
  await succeed("slapadd", ["-q", ...csn, "-f", configuration, "-l", content], { timeoutMs: 600_000 });

  const port = ports?.ldap ?? (await freePort());
  const ldapsPort = certificate === undefined ? undefined : (ports?.ldaps ?? (await freePort()));
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = ldapsPort === undefined ? undefined : `ldaps://127.0.0.1:${ldapsPort}`;
  const listeners = [url, ...(ldapsUrl === undefined ? [] : [ldapsUrl])].join(" ");
  // -d: in the foreground, and what it says goes to standard error.
  const parameters = ["-d", logsOperations ? "stats" : "0", "-h", listeners, "-f", configuration];
  let process: ChildServer | undefined;
  const start = async () => {
    const started = new ChildServer("slapd", parameters);
    process = started;
    await started.ready(async () => {
      const search = ["-x", "-H", url, "-b", "", "-s", "base", "1.1"];
      return (await runCommand("ldapsearch", search)).exitCode === 0;
    });
  };
  cleanup.defer(async () => {
    await process?.terminate();
  });
  await start();
  const resources = cleanup.move();
  const rootDn = `cn=admin,${baseDn}`;
  return {
    ...{ url, port, ldapsUrl, ldapsPort, baseDn, rootDn, rootPassword, serviceDn, servicePassword },
    get process() {
      if (process === undefined) throw new Error("slapd was not started");
      return process;
    },
    async restart() {
      await process?.terminate();
      await start();
    },
    dump: () => succeed("slapcat", ["-f", configuration]),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** `authzTo` as slapd.conf(5) has it under "authz-policy". */
function serviceAccount(dn: string, baseDn: string): LdifEntry {
  return {
    dn,
    attributes: [
      ["objectClass", ["organizationalRole", "simpleSecurityObject"]],
      ["cn", ["service"]],
      ["userPassword", [ssha(servicePassword, dn)]],
      ["authzTo", [`dn.subtree:${baseDn}`]],
    ],
  };
}

/** The schema, in the order of loading: Debian's core, in which a groupOfNames may be empty as the gateway's are, and ours. */
async function schemaFiles(directory: TemporaryDirectory): Promise<string[]> {
  const core = await readFile("/etc/ldap/schema/core.schema", "utf8");
  const relaxed = core.replace(
    /(NAME 'groupOfNames'[\s\S]{1,80}?)MUST \( member \$ cn \)\s+MAY \(/,
    "$1MUST cn MAY ( member $",
  );
  if (relaxed === core) throw new Error("core.schema does not define groupOfNames as Debian 12's does");
  await writeFile(directory.file("core.schema"), relaxed);
  return [
    directory.file("core.schema"),
    "/etc/ldap/schema/cosine.schema",
    "/etc/ldap/schema/inetorgperson.schema",
    fileURLToPath(new URL("rfc2307bis.schema", import.meta.url)),
  ];
}

function slapdConfiguration(
  baseDn: string,
  database: string,
  schemas: readonly string[],
  options: SlapdOptions,
): string {
  const { indexes = usualIndexes, overlays = [], certificate, replication } = options;
  const { maintainsOperationalAttributes = true, monitor = false, readableConfiguration = false, sizeLimit } = options;
  const reader = options.passwordReader === undefined ? "" : `by dn.exact="${options.passwordReader}" read `;
  const { passwordPolicy, writers = [] } = options;
  const byWriters = writers.map((dn) => `by dn.exact="${dn}" write `).join("");
  return [
    ...schemas.map((file) => `include ${file}`),
    "modulepath /usr/lib/ldap",
    ...[...new Set([...modules, ...overlays])].map((module) => `moduleload ${module}`),
    ...(replication === undefined ? [] : ["moduleload syncprov", `serverID ${replication.serverId}`]),
    // It is the attribute authzTo of an account that lets it act as somebody else.
    "authz-policy to",
    ...(certificate === undefined
      ? []
      : [
          `TLSCACertificateFile ${certificate.authority}`,
          `TLSCertificateFile ${certificate.certificate}`,
          `TLSCertificateKeyFile ${certificate.privateKey}`,
        ]),
    `sizelimit ${sizeLimit ?? "unlimited"}`,
    "timelimit unlimited",
    "loglevel none",
    ...(readableConfiguration ? ["database config", `access to * by dn.exact="cn=admin,${baseDn}" read`] : []),
    "database mdb",
    `suffix "${baseDn}"`,
    `rootdn "cn=admin,${baseDn}"`,
    `rootpw ${rootPassword}`,
    `directory ${database}`,
    "maxsize 4294967296",
    // What it wrote outlives its process, which is all that is ever killed here; an fsync for each entry takes milliseconds.
    "dbnosync",
    `lastmod ${maintainsOperationalAttributes ? "on" : "off"}`,
    ...indexes.map((index) => `index ${index}`),
    `access to attrs=userPassword ${byWriters}${reader}by self write by anonymous auth by * none`,
    `access to * ${byWriters}by * read`,
    ...overlays.flatMap((overlay) => [
      `overlay ${overlay}`,
      ...(overlay === "ppolicy" && passwordPolicy !== undefined ? [`ppolicy_default "${passwordPolicy}"`] : []),
    ]),
    ...(replication === undefined ? [] : replicationConfiguration(baseDn, replication, options)),
    ...(monitor ? ["database monitor"] : []),
    "",
  ].join("\n");
}

/** N-way multi-provider replication: each node is a provider (syncprov) and a consumer of every other (syncrepl). */
function replicationConfiguration(
  baseDn: string,
  { providers }: SlapdReplication,
  { certificate }: SlapdOptions,
): string[] {
  if (certificate === undefined) throw new Error("Nodes replicate over ldaps: give them a certificate");
  const consumers = providers.map((provider, index) =>
    [
      `syncrepl rid=${String(index + 1).padStart(3, "0")} provider=${provider} searchbase="${baseDn}"`,
      `bindmethod=simple binddn="cn=admin,${baseDn}" credentials=${rootPassword}`,
      `tls_cacert=${certificate.authority} tls_reqcert=demand`,
      'type=refreshAndPersist retry="1 +" timeout=5 network-timeout=2 keepalive=1:2:1',
    ].join(" "),
  );
  return [...consumers, "multiprovider on", "overlay syncprov", "syncprov-checkpoint 100 10"];
}
