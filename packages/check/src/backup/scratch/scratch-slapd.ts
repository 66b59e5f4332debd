/** An OpenLDAP server for a drill, with the schema that the backed up one published: loaded by slapadd, read by slapcat. */
import { createWriteStream } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { programPath, streamOf, textOf } from "../child-program.ts";
import type { Surroundings } from "../parts/part.ts";
import { type Definitions, definitionsOf, missingDefinitions } from "./definitions.ts";
import { connectSoon, type DirectoryToDrill, type ScratchDirectory } from "./scratch-directory.ts";
import { chownTo, scratchFolder, startServer } from "./scratch-server.ts";

const moduleFolders = ["/usr/lib/ldap", "/usr/lib/openldap", "/usr/lib64/openldap", "/usr/libexec/openldap"];
/** Modules that bring attribute types of their own, which a schema cannot define: they are set by the server alone. */
const wantedModules = ["back_mdb", "memberof", "ppolicy", "dynlist", "syncprov", "accesslog", "lastbind", "dds", "otp"];
const oneGiB = 1024 ** 3;
const connectTimeoutMs = 5_000;

/** @throws BackupError with what slapd says of the entries */
export async function scratchSlapd(drill: DirectoryToDrill, { environment }: Surroundings): Promise<ScratchDirectory> {
  const slapd = programPath("slapd", "slapd", environment);
  const slapadd = programPath("slapadd", "slapd", environment);
  const slapcat = programPath("slapcat", "slapd", environment);
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await scratchFolder("openldap"));
  const { path, user } = folder;
  const file = (name: string) => join(path, name);
  const run = { environment, user, deathSignal: "SIGKILL" as const };
  const modules = await moduleLines();

  await writeFile(file("bare.conf"), [...modules, ""].join("\n"), { mode: 0o644 });
  const missing = missingDefinitions(
    await publishedBy(slapd, file("bare.conf"), file("socket"), run),
    await definitionsOf(drill.schema),
  );
  const schema = [
    ...missing.attributeTypes.map((text) => `attributetype ${text}`),
    ...missing.objectClasses.map((text) => `objectclass ${text}`),
  ];
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
  await writeFile(configuration, [...modules, ...schema, ...database, ""].join("\n"), { mode: 0o644 });
  await pipeline(drill.entries(), createWriteStream(file("entries.ldif"), { mode: 0o600 }));
  await chownTo(file("entries.ldif"), user);
  await textOf(slapadd, ["-f", configuration, "-l", file("entries.ldif"), "-b", drill.baseDn], run);
  const resources = cleanup.move();
  return {
    entries: () => streamOf(slapcat, ["-f", configuration, "-b", drill.baseDn], run),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function moduleLines(): Promise<string[]> {
  for (const folder of moduleFolders) {
    const names = new Set(await readdir(folder).catch(() => []));
    const there = wantedModules.filter((name) => names.has(`${name}.la`) || names.has(`${name}.so`));
    if (there.length > 0) return [`modulepath ${folder}`, ...there.map((name) => `moduleload ${name}`)];
  }
  return [];
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
  // It says that it starts before it listens.
  await using client = await connectSoon(url, AbortSignal.timeout(connectTimeoutMs));
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
