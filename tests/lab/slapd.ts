/** A private OpenLDAP server (Debian: slapd) with an mdb database of the test's own. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ServerCertificate } from "./certificates.ts";
import { ChildServer } from "./child-server.ts";
import { runCommand, succeed } from "./command.ts";
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
  /** With it slapd also listens on ldaps and offers StartTLS. */
  readonly certificate?: ServerCertificate;
  /** False: entries have just the operational attributes that `ldif` gives them, and a write adds none. True unless said. */
  readonly maintainsOperationalAttributes?: boolean;
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
  readonly process: ChildServer;
}

const usualIndexes = [
  "objectClass eq",
  "uid,cn,mail eq,sub",
  "uidNumber,gidNumber,memberUid,member eq",
  "memberOf,entryUUID eq",
];

/** Attribute types that the overlays' modules bring, even where the overlay itself is not used: memberOf. */
const modules = ["back_mdb", "memberof"];

const rootPassword = "root-password";

/** Starts slapd on free loopback ports. Everybody may read everything but userPassword. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const baseDn = options.baseDn ?? "dc=example,dc=com";
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("slapd"));
  const configuration = directory.file("slapd.conf");
  const content = directory.file("content.ldif");
  await mkdir(directory.file("database"));
  const schemas = await schemaFiles(directory);
  await writeFile(configuration, slapdConfiguration(baseDn, directory.file("database"), schemas, options));
  await writeFile(content, options.ldif);
  await succeed("slapadd", ["-q", "-f", configuration, "-l", content], { timeoutMs: 600_000 });

  const port = await freePort();
  const ldapsPort = options.certificate === undefined ? undefined : await freePort();
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = ldapsPort === undefined ? undefined : `ldaps://127.0.0.1:${ldapsPort}`;
  const listeners = [url, ...(ldapsUrl === undefined ? [] : [ldapsUrl])].join(" ");
  // -d 0: in the foreground, and silent.
  const process = cleanup.use(new ChildServer("slapd", ["-d", "0", "-h", listeners, "-f", configuration]));
  await process.ready(async () => {
    const search = ["-x", "-H", url, "-b", "", "-s", "base", "1.1"];
    return (await runCommand("ldapsearch", search)).exitCode === 0;
  });
  const resources = cleanup.move();
  const rootDn = `cn=admin,${baseDn}`;
  return {
    ...{ url, port, ldapsUrl, ldapsPort, baseDn, rootDn, rootPassword, process },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
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
  const { indexes = usualIndexes, overlays = [], certificate, maintainsOperationalAttributes = true } = options;
  return [
    ...schemas.map((file) => `include ${file}`),
    "modulepath /usr/lib/ldap",
    ...modules.map((module) => `moduleload ${module}`),
    ...overlays.map((overlay) => `moduleload ${overlay}`),
    ...(certificate === undefined
      ? []
      : [
          `TLSCACertificateFile ${certificate.authority}`,
          `TLSCertificateFile ${certificate.certificate}`,
          `TLSCertificateKeyFile ${certificate.privateKey}`,
        ]),
    "sizelimit unlimited",
    "timelimit unlimited",
    "loglevel none",
    "database mdb",
    `suffix "${baseDn}"`,
    `rootdn "cn=admin,${baseDn}"`,
    `rootpw ${rootPassword}`,
    `directory ${database}`,
    "maxsize 4294967296",
    `lastmod ${maintainsOperationalAttributes ? "on" : "off"}`,
    ...indexes.map((index) => `index ${index}`),
    "access to attrs=userPassword by self write by anonymous auth by * none",
    "access to * by * read",
    ...overlays.map((overlay) => `overlay ${overlay}`),
    "",
  ].join("\n");
}
