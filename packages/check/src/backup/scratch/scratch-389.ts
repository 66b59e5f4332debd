/**
 * A 389 Directory Server for a drill, with the schema that the backed up one published: loaded by `ns-slapd ldif2db`, then started
 * on a Unix socket and read as a backup reads. Its files are made from the templates of its package, in a folder of its own:
 * `dscreate` would put them among those of the machine's servers, and needs root.
 */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { formatLdifRecord, ParseError, parseDn } from "@espalier/ldap";
import { BackupError } from "../backup-error.ts";
import { programPath, textOf } from "../child-program.ts";
import { readRootDse } from "../directory-connection.ts";
import { entriesOf, readDirectory } from "../parts/ldap-part.ts";
import type { Bytes, Surroundings } from "../parts/part.ts";
import { removedAtTheEnd } from "../private-folder.ts";
import { definitionsOf, missingDefinitions } from "./definitions.ts";
import { connectSoon, type DirectoryToDrill, type ScratchDirectory } from "./scratch-directory.ts";
import { chownTo, type ScratchFolder, scratchFolder, startServer } from "./scratch-server.ts";

const debianPackage = "389-ds-base";
const templateFolder = "/usr/share/dirsrv/data";
const rootDn = "cn=espalier-drill";
const backend = "drill";
const folders = ["schema", "lock", "tmp", "ldif", "bak", "run", "log", "db"];
/** Of its complaints, the first: there may be one for each entry. */
const complaintCount = 5;
/** What is written to a file at a time. */
const chunkLength = 65_536;

/** @throws BackupError with what ns-slapd says of the entries */
export async function scratch389(drill: DirectoryToDrill, { environment }: Surroundings): Promise<ScratchDirectory> {
  const program = programPath("ns-slapd", debianPackage, environment);
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await scratchFolder("dirsrv"));
  const { path, user } = folder;
  cleanup.use(semaphoreOf(path));
  const file = (name: string) => join(path, name);
  for (const name of folders) {
    await mkdir(file(name), { mode: 0o700 });
    await chownTo(file(name), user);
  }
  const write = async (name: string, content: string) => {
    await writeFile(file(name), content, { mode: 0o600 });
    await chownTo(file(name), user);
  };
  const password = randomBytes(16).toString("hex");
  await write("schema/99user.ldif", await schemaFile(drill.schema));
  // Those of /etc/dirsrv are not for everybody to read: no orders by language, no certificates of users.
  await write("slapd-collations.conf", "");
  await write("certmap.conf", "certmap default default\n");
  await write("dse.ldif", await configuration(folder, drill.baseDn, password));

  const run = { environment, user, deathSignal: "SIGKILL" as const };
  const inputs = await writeByDepth(drill.entries(), file("ldif"));
  for (const input of inputs) await chownTo(input, user);
  await explained(file("log/errors"), () => {
    const files = inputs.flatMap((input) => ["-i", input]);
    return textOf(program, ["ldif2db", "-D", path, "-n", backend, ...files], run);
  });
  const url = `ldapi://${encodeURIComponent(file("run/ldapi"))}`;
  const server = await explained(file("log/errors"), () =>
    startServer({
      ...{ program, ...run },
      // In the foreground. What it says goes to its log alone, and that is not written at once.
      parameters: ["-d", "0", "-D", path, "-i", file("run/pid")],
      readiness: async (signal) => (await connectSoon(url, signal)).unbind(),
      ending: "SIGKILL",
    }),
  );
  cleanup.use(server);
  const client = cleanup.use(await connectSoon(url, AbortSignal.abort()));
  await client.bind(rootDn, password);
  const opened = { client, url, rootDse: await readRootDse(client), [Symbol.asyncDispose]: () => client.unbind() };
  const resources = cleanup.move();
  return {
    entries: () => readDirectory(opened, drill.baseDn),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The server names it after the folder of its configuration, for the whole machine, and leaves it behind. */
function semaphoreOf(path: string): Disposable {
  const semaphore = `/dev/shm/sem.${basename(path)}.stats`;
  const release = removedAtTheEnd(semaphore);
  return {
    [Symbol.dispose]: () => {
      rmSync(semaphore, { force: true });
      release();
    },
  };
}

/** The last of its files: what it defines is taken in place of what the server brings. */
async function schemaFile(schema: Bytes): Promise<string> {
  const all = missingDefinitions({ attributeTypes: [], objectClasses: [] }, await definitionsOf(schema));
  const values = (texts: readonly string[]) => texts.map((text) => Buffer.from(text));
  return formatLdifRecord({
    type: "content",
    dn: "cn=schema",
    attributes: [
      { type: "objectClass", values: values(["top", "ldapSubentry", "subschema"]) },
      { type: "cn", values: values(["schema"]) },
      { type: "attributeTypes", values: values(all.attributeTypes) },
      { type: "objectClasses", values: values(all.objectClasses) },
    ],
  });
}

/** RFC 2307's form with SHA-512: it takes none in the clear for its root DN. */
function hashed(password: string): string {
  const salt = randomBytes(8);
  const digest = createHash("sha512").update(password).update(salt).digest();
  return `{SSHA512}${Buffer.concat([digest, salt]).toString("base64")}`;
}

/** dse.ldif: the package's template with places in our folder, and a backend. */
async function configuration({ path, userName }: ScratchFolder, baseDn: string, password: string): Promise<string> {
  const values: Readonly<Record<string, string>> = {
    ...Object.fromEntries(folders.map((name) => [`${name}_dir`, join(path, name)])),
    cert_dir: path,
    config_dir: path,
    inst_dir: join(path, "run"),
    db_home_dir: join(path, "db"),
    db_lib: "bdb",
    fqdn: "localhost",
    // It does not listen on the network.
    ds_port: "0",
    ds_user: userName ?? userInfo().username,
    rootdn: rootDn,
    ds_passwd: hashed(password),
    ldapi_enabled: "on",
    ldapi: join(path, "run/ldapi"),
    ldapi_autobind: "off",
    ds_suffix: baseDn,
    ds_bename: backend,
  };
  const filled = async (name: string) => {
    const template = await readFile(join(templateFolder, name), "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new BackupError(
        "refused",
        `${join(templateFolder, name)} cannot be read (${error.code}): install ${debianPackage}.`,
      );
    });
    return template.replace(/^#.*\n/gm, "").replace(/%(\w+)%/g, (_, key: string) => {
      const value = values[key];
      if (value !== undefined) return value;
      throw new BackupError(
        "failed",
        `${name} of this 389 Directory Server asks for ${key}, which a drill does not know`,
      );
    });
  };
  const server = ["nsslapd-sizelimit: -1", "nsslapd-timelimit: -1", "nsslapd-accesslog-logging-enabled: off"];
  const database = [
    // Left to itself it takes a tenth of the machine's memory, and to load as much as is free.
    "nsslapd-cache-autosize: 0",
    "nsslapd-import-cache-autosize: 0",
    "nsslapd-import-cachesize: 67108864",
    "nsslapd-dbcachesize: 16777216",
    "nsslapd-db-durable-transaction: off",
    "nsslapd-lookthroughlimit: -1",
    "nsslapd-pagedlookthroughlimit: -1",
  ];
  const dse = (await filled("template-dse.ldif"))
    .replace(/^dn: cn=config\ncn: config\n/m, (found) => `${found}${server.join("\n")}\n`)
    .replace(/^dn: cn=config,cn=ldbm database,.*\n/m, (found) => `${found}${database.join("\n")}\n`);
  // Two empty lines in a row end what it reads.
  return [dse, await filled("template-suffix-db.ldif")].join("\n\n").replace(/\n{3,}/g, "\n\n");
}

/**
 * One file for each depth of the tree, in the order in which they are to be loaded: an entry whose parent comes after it would be
 * left out, and one that was moved is older than its parent.
 */
async function writeByDepth(content: Bytes, folder: string): Promise<string[]> {
  const waiting = new Map<number, string>();
  const path = (depth: number) => join(folder, `${String(depth).padStart(3, "0")}.ldif`);
  const write = (depth: number, text: string) => appendFile(path(depth), text, { mode: 0o600 });
  for await (const { dn, attributes } of entriesOf(content)) {
    const depth = depthOf(dn);
    const text = `${waiting.get(depth) ?? ""}${formatLdifRecord({ type: "content", dn, attributes })}\n`;
    if (text.length > chunkLength) await write(depth, text);
    waiting.set(depth, text.length > chunkLength ? "" : text);
  }
  for (const [depth, text] of waiting) await write(depth, text);
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** Of a name that is none to this library, the commas. */
function depthOf(dn: string): number {
  try {
    return parseDn(dn).length;
  } catch (error) {
    if (error instanceof ParseError) return dn.split(",").length;
    throw error;
  }
}

/** In place of everything that it logs, what it complains about; it has said that to its log alone when it serves. */
async function explained<Result>(log: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const said = await readFile(log, "utf8").catch(() => "");
    const complaints = `${said}\n${error.message}`.matchAll(/ - (?:WARN|ERR|CRIT|ALERT|EMERG) - (.*)$/gm);
    const sentences = [...new Set([...complaints].map(([, complaint = ""]) => complaint))];
    if (sentences.length === 0) throw error;
    throw new BackupError("failed", `ns-slapd failed: ${sentences.slice(0, complaintCount).join("; ")}`, {
      cause: error,
    });
  }
}
