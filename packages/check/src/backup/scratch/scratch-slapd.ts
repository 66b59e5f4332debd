/** An OpenLDAP server for a drill, with the schema that the backed up one published: loaded by slapadd, read by slapcat. */
import { createWriteStream } from "node:fs";
import { chown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { parseAttributeType, parseObjectClass } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { BackupError } from "../backup-error.ts";
import { programPath, streamOf, textOf } from "../child-program.ts";
import type { Contents } from "../contents.ts";
import { type DirectoryEntry, entriesOf, inspectLdap } from "../parts/ldap-part.ts";
import type { Bytes, Surroundings } from "../parts/part.ts";
import { scratchFolder, startServer } from "./scratch-server.ts";

export interface SlapdDrill {
  readonly baseDn: string;
  readonly schema: Bytes;
  readonly entries: Bytes;
  readonly plainBytes: number;
}

const moduleFolders = ["/usr/lib/ldap", "/usr/lib/openldap", "/usr/lib64/openldap", "/usr/libexec/openldap"];
/** Modules that bring attribute types of their own, which a schema cannot define: they are set by the server alone. */
const wantedModules = ["back_mdb", "memberof", "ppolicy", "dynlist", "syncprov", "accesslog", "lastbind", "dds", "otp"];
const oneGiB = 1024 ** 3;
const connectAttempts = 200;
const connectPauseMs = 25;

/** What a scratch server holds of the entries when they are loaded. @throws BackupError with what slapd says of them */
export async function drillSlapd(drill: SlapdDrill, { environment }: Surroundings): Promise<Contents> {
  const slapd = programPath("slapd", "slapd", environment);
  const slapadd = programPath("slapadd", "slapd", environment);
  const slapcat = programPath("slapcat", "slapd", environment);
  await using folder = await scratchFolder("openldap");
  const { path, user } = folder;
  const file = (name: string) => join(path, name);
  const run = { environment, user };
  const modules = await moduleLines();

  await writeFile(file("bare.conf"), [...modules, ""].join("\n"), { mode: 0o644 });
  const missing = missingDefinitions(
    await publishedBy(slapd, file("bare.conf"), file("socket"), run),
    await schemaOf(drill.schema),
  );
  const database = [
    "database mdb",
    `suffix ${JSON.stringify(drill.baseDn)}`,
    `rootdn ${JSON.stringify(`cn=espalier-drill,${drill.baseDn}`)}`,
    `directory ${file("database")}`,
    // Sparse: what is not used takes no room.
    `maxsize ${Math.max(oneGiB, drill.plainBytes * 16)}`,
    "dbnosync",
  ];
  await mkdir(file("database"));
  await chownTo(file("database"), user);
  const configuration = file("slapd.conf");
  await writeFile(configuration, [...modules, ...missing, ...database, ""].join("\n"), { mode: 0o644 });
  await pipeline(drill.entries, createWriteStream(file("entries.ldif"), { mode: 0o600 }));
  await chownTo(file("entries.ldif"), user);
  await textOf(slapadd, ["-f", configuration, "-l", file("entries.ldif"), "-b", drill.baseDn], run);
  return await inspectLdap(streamOf(slapcat, ["-f", configuration, "-b", drill.baseDn], run));
}

async function chownTo(path: string, { uid, gid }: { readonly uid?: number; readonly gid?: number }): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function moduleLines(): Promise<string[]> {
  for (const folder of moduleFolders) {
    const names = new Set(await readdir(folder).catch(() => []));
    const there = wantedModules.filter((name) => names.has(`${name}.la`) || names.has(`${name}.so`));
    if (there.length > 0) return [`modulepath ${folder}`, ...there.map((name) => `moduleload ${name}`)];
  }
  return [];
}

interface Definitions {
  readonly attributeTypes: readonly string[];
  readonly objectClasses: readonly string[];
}

async function schemaOf(schema: Bytes): Promise<Definitions> {
  for await (const entry of entriesOf(schema)) {
    return { attributeTypes: textsOf(entry, "attributetypes"), objectClasses: textsOf(entry, "objectclasses") };
  }
  throw new BackupError("failed", "The backup holds no schema.");
}

function textsOf({ attributes }: DirectoryEntry, name: string): string[] {
  const values = attributes.find(({ type }) => type.toLowerCase() === name)?.values ?? [];
  return values.map((value) => Buffer.from(value).toString("utf8"));
}

/** What slapd knows without any schema file; it also shows that slapd starts. */
async function publishedBy(
  slapd: string,
  configuration: string,
  socket: string,
  { environment, user }: { readonly environment: Surroundings["environment"]; readonly user: object },
): Promise<Definitions> {
  const url = `ldapi://${encodeURIComponent(socket)}`;
  await using _ = await startServer({
    program: slapd,
    parameters: ["-d", "config", "-h", url, "-f", configuration],
    environment,
    user,
    readiness: /slapd starting/,
  });
  await using client = await connectSoon(url);
  const { entries } = await client.searchAll({
    baseObject: "cn=Subschema",
    scope: "baseObject",
    attributes: ["attributeTypes", "objectClasses"],
    filter: "(objectClass=subschema)",
  });
  const [entry] = entries;
  return {
    attributeTypes: entry?.texts("attributeTypes") ?? [],
    objectClasses: entry?.texts("objectClasses") ?? [],
  };
}

/** It says that it starts before it listens. */
async function connectSoon(url: string): Promise<LdapClient> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await LdapClient.connect({ url });
    } catch (error) {
      if (attempt === connectAttempts) throw error;
      await delay(connectPauseMs);
    }
  }
}

/** Lines of slapd.conf for what the other knows beyond it, each after those that it builds on. */
function missingDefinitions(bare: Definitions, wanted: Definitions): string[] {
  return [
    ...ordered(bare.attributeTypes, wanted.attributeTypes, (text) => {
      const { oid, names, superior } = parseAttributeType(text);
      return { oid, names, superiors: superior === undefined ? [] : [superior] };
    }).map((text) => `attributetype ${text}`),
    ...ordered(bare.objectClasses, wanted.objectClasses, parseObjectClass).map((text) => `objectclass ${text}`),
  ];
}

interface Definition {
  readonly oid: string;
  readonly names: readonly string[];
  readonly superiors: readonly string[];
}

function ordered(bare: readonly string[], wanted: readonly string[], parse: (text: string) => Definition): string[] {
  const known = new Set(bare.map((text) => parse(text).oid));
  const missing = wanted.map((text) => ({ text, ...parse(text) })).filter(({ oid }) => !known.has(oid));
  const byName = new Map(
    missing.flatMap((each) => [each.oid, ...each.names].map((name) => [name.toLowerCase(), each])),
  );
  const result: string[] = [];
  const placed = new Set<string>();
  const place = (definition: (typeof missing)[number]) => {
    if (placed.has(definition.oid)) return;
    placed.add(definition.oid);
    for (const superior of definition.superiors) {
      const above = byName.get(superior.toLowerCase());
      if (above !== undefined) place(above);
    }
    result.push(definition.text);
  };
  for (const definition of missing) place(definition);
  return result;
}
