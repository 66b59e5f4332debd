/** `espalier support-bundle`: what helps somebody else to help, without the secrets; gathered, shown, and only then written. */
import { open, readFile, stat } from "node:fs/promises";
import { arch, availableParallelism, freemem, platform, release, totalmem, uptime } from "node:os";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { namesSecret, Secret } from "@espalier/service";
import { pack } from "tar-stream";
import { parseDocument } from "yaml";
import { isSecretKey, Scrubber } from "./scrub.ts";

export interface BundleSources {
  /** As the program has read it, each secret a {@link Secret}; or why it could not, and the text of the file. */
  readonly configuration:
    | { readonly values: unknown }
    | { readonly problems: readonly string[]; readonly text: string };
  /** Variables that the program knows. Only their names go into the bundle. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Texts that must not be in it, beside the secrets of the configuration: the contents of NAME_FILE files. */
  readonly secrets: readonly string[];
  readonly version: string;
  /** http://address:port of /health and /metrics; undefined where the listener is off. */
  readonly reports: string | undefined;
  readonly logFile: string | undefined;
  /** What is known of the events: by type, how many. */
  readonly countEvents: () => Promise<Readonly<Record<string, number>>>;
  readonly check: () => Promise<unknown>;
  readonly now: number;
}

export interface BundleFile {
  readonly name: string;
  /** What it tells, for who decides whether it may be given away. */
  readonly description: string;
  readonly text: string;
}

const logTailBytes = 512 * 1024;
const reportTimeoutMs = 5_000;

/** Nothing is written. What could not be had is said in its place. */
export async function gatherBundle(sources: BundleSources): Promise<readonly BundleFile[]> {
  const { configuration, variables, reports, logFile } = sources;
  const values = "values" in configuration ? configuration.values : unusable(configuration);
  const given = Object.entries(variables).flatMap(([name, value]) => (isSecretVariable(name) ? [value ?? ""] : []));
  const scrubber = new Scrubber([...sources.secrets, ...secretsIn(values), ...given]);
  const json = (value: unknown) => `${JSON.stringify(scrubber.json(plain(value)), null, 2)}\n`;
  const fetched = (path: string) => told(async () => scrubber.text(await report(reports, path)));
  const files: BundleFile[] = [
    { name: "versions.json", description: "versions of Espalier and Node, the system", text: json(versions(sources)) },
    { name: "system.json", description: "processors, memory, limits", text: json(await system()) },
    {
      name: "configuration.json",
      description: "the configuration as it was read, with host names and DNs, without secrets",
      text: json(values),
    },
    {
      name: "variables.txt",
      description: "names of the variables that are set, without their values",
      text: namesOf(variables),
    },
    { name: "health.json", description: "what the running process says of itself", text: await fetched("/health") },
    { name: "metrics.txt", description: "its figures", text: await fetched("/metrics") },
    {
      name: "events.json",
      description: "how many events there are of each type",
      text: await told(async () => json(await sources.countEvents())),
    },
    {
      name: "check.json",
      description: "the findings of espalier check",
      text: await told(async () => json(await sources.check())),
    },
  ];
  if (logFile !== undefined) {
    const text = await told(async () => scrubber.log(await tailOf(logFile)));
    files.push({ name: "log.txt", description: `the end of ${logFile}, with names of users and addresses`, text });
  }
  return files;
}

/** Readable by its owner alone. @throws Error with the code EEXIST where there is such a file */
export async function writeBundle(path: string, files: readonly BundleFile[], now: number): Promise<void> {
  const file = await open(path, "wx", 0o600);
  const packing = pack();
  const folder = "espalier-support";
  for (const { name, text } of files) {
    packing.entry({ name: `${folder}/${name}`, mode: 0o600, mtime: new Date(now) }, text);
  }
  packing.finalize();
  await pipeline(packing as unknown as NodeJS.ReadableStream, createGzip(), file.createWriteStream({ flush: true }));
}

/** Every {@link Secret} at any depth, as its text; also what lies under the name of a secret, or is a URL with a password. */
function secretsIn(value: unknown, isNamed = false): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value === "string" || typeof value === "number") {
    const text = String(value);
    return isNamed || /:\/\/[^/\s]*@/.test(text) ? [text] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, isNamed || isSecretKey(key)));
}

/** The file as YAML has it, where it is YAML; nothing of it otherwise, since nobody knows then what a secret is. */
function unusable({ problems, text }: { readonly problems: readonly string[]; readonly text: string }): unknown {
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) return { problems };
  try {
    return { problems, file: document.toJS() as unknown };
  } catch {
    return { problems };
  }
}

/** Of others, such as LDAP_BASE_DN, the value may stand in the configuration. */
function isSecretVariable(name: string): boolean {
  return namesSecret(name) || /(?:_URI|_URL|_CONTENT|_KEY)$/.test(name);
}

/** As JSON has it: a secret says that it is one. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null)) as unknown;
}

function versions({ version, now }: BundleSources) {
  const { node, openssl, v8 } = process.versions;
  return {
    espalier: version,
    node,
    openssl,
    v8,
    platform: platform(),
    arch: arch(),
    release: release(),
    time: new Date(now).toISOString(),
  };
}

async function system() {
  const read = (path: string) => readFile(path, "utf8").catch(() => undefined);
  return {
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    uptimeSeconds: Math.round(uptime()),
    isContainer: (await stat("/.dockerenv").catch(() => undefined)) !== undefined,
    system: (await read("/etc/os-release"))
      ?.split("\n")
      .find((line) => line.startsWith("PRETTY_NAME="))
      ?.slice(12),
    memoryLimit: (await read("/sys/fs/cgroup/memory.max"))?.trim(),
    processorLimit: (await read("/sys/fs/cgroup/cpu.max"))?.trim(),
    limits: (await read("/proc/self/limits"))?.split("\n").filter((line) => /^Max (?:open files|processes)/.test(line)),
  };
}

function namesOf(variables: BundleSources["variables"]): string {
  const set = Object.entries(variables).filter(([, value]) => value !== undefined && value !== "");
  return set
    .map(([name]) => `${name}\n`)
    .sort()
    .join("");
}

async function report(base: string | undefined, path: string): Promise<string> {
  if (base === undefined) throw new Error("no listener for health and metrics is configured");
  const response = await fetch(`${base}${path}`, { signal: AbortSignal.timeout(reportTimeoutMs), redirect: "error" });
  return response.text();
}

/** The last lines, whole ones. */
async function tailOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - logTailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, logTailBytes)), 0, undefined, start);
    const text = buffer.subarray(0, bytesRead).toString("utf8");
    return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    await file.close();
  }
}

async function told(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (error) {
    const { cause, message } = error as Error;
    const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
    return `This could not be had: ${message}${code}.\n`;
  }
}
