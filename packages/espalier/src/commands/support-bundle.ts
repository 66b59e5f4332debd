/** Gathers a support bundle, says on standard error what is in it, asks, writes it, and prints where. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { check, readProject, rules } from "@espalier/check";
import { type BundleFile, type BundleSources, gatherBundle, writeBundle } from "@espalier/check/support-bundle";
import {
  ConfigurationError,
  createLog,
  EventLog,
  eventMigrations,
  formatHostPort,
  formatProblem,
  type HostPort,
  loadConfiguration,
  metricsSection,
  namesSecret,
  openStore,
  type StoreConfig,
} from "@espalier/service";
import { type Environment, sections } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { version } from "../version.ts";
import { roundedSize } from "./progress-bar.ts";
import type { SupportBundleOptions } from "./support-bundle-commands.ts";
import { visible } from "./visible.ts";

const defaultFile = "espalier.yaml";
/** Of the newest so many events, types are counted. */
const maxEvents = 20_000;

export async function supportBundle(environment: Environment, options: SupportBundleOptions): Promise<number> {
  const now = Date.now();
  const output = resolve(
    options.output ?? `espalier-support-${new Date(now).toISOString().slice(0, 19).replaceAll(":", "")}Z.tar.gz`,
  );
  const files = await gatherBundle(await sourcesOf(environment, options, now));
  process.stderr.write(`${output} is to hold:\n`);
  for (const file of files) process.stderr.write(`  ${file.name} (${sizeOf(file)}): ${visible(file.description)}\n`);
  process.stderr.write(
    "Secrets are taken out. Names of hosts and people are not: look through it before you give it away.\n",
  );
  if (options.yes !== true && !(await isWanted())) {
    process.stderr.write("Nothing was written. To write it without being asked, say --yes.\n");
    return exitCode.usage;
  }
  try {
    await writeBundle(output, files, now);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === "EEXIST" ? "it is there already" : code;
    process.stderr.write(`${output} was not written: ${reason}.\n`);
    return exitCode.usage;
  }
  process.stdout.write(`${output}\n`);
  return exitCode.ok;
}

async function sourcesOf(
  environment: Environment,
  { config, log }: SupportBundleOptions,
  now: number,
): Promise<BundleSources> {
  const known = knownVariables(environment);
  const loaded = load(environment, config);
  const values = "values" in loaded ? loaded.values : undefined;
  const listen = values?.metrics.listen;
  return {
    configuration: loaded,
    variables: known,
    secrets: fileSecrets(known),
    version,
    reports: listen === undefined || listen === "off" ? undefined : `http://${formatHostPort(reachable(listen))}`,
    logFile: log,
    countEvents: () => countEvents(values?.store),
    check: async () => {
      const file = config ?? defaultFile;
      const root = process.cwd();
      const project = readProject({ root, paths: existsSync(file) ? [file] : [], environment });
      const { findings, unreadable, profile } = check(project, rules, { profile: "production", now });
      const told = findings.map(({ rule, severity, subject, message, path }) => ({
        rule,
        severity,
        subject,
        message,
        path,
      }));
      return { profile, findings: told, unreadable };
    },
    now,
  };
}

function load(environment: Environment, file: string | undefined) {
  try {
    const { values } = loadConfiguration({ file, environment, sections: [metricsSection], optionalSections: sections });
    return { values };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const path = file ?? defaultFile;
    return { problems: error.problems.map(formatProblem), text: existsSync(path) ? readFileSync(path, "utf8") : "" };
  }
}

/** Those that a section knows, also as NAME_FILE, and those that the name of a secret gives away. */
function knownVariables(environment: Environment): Record<string, string | undefined> {
  const names = sections.flatMap(({ environment: table }) =>
    Object.entries(table).flatMap(([name, { aliases = [] }]) => [name, ...aliases]),
  );
  const known = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => known.has(name) || namesSecret(name.replace(/_FILE$/, ""))),
  );
}

/** The contents of NAME_FILE files, whatever NAME means. */
function fileSecrets(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(variables).flatMap(([name, path]) => {
    if (!name.endsWith("_FILE") || path === undefined || !statSync(path, { throwIfNoEntry: false })?.isFile())
      return [];
    return [readFileSync(path, "utf8").trim()];
  });
}

/** A listener on every address is reached on loopback. */
function reachable({ host, port }: HostPort): HostPort {
  return { host: { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host, port };
}

async function countEvents(config: StoreConfig | undefined): Promise<Readonly<Record<string, number>>> {
  if (config === undefined) throw new Error("the configuration has no store");
  const logger = createLog({ level: "fatal", destination: 2 }).logger("store");
  const store = await openStore({ url: config.url.reveal(), migrations: [eventMigrations], logger, asItIs: true });
  const log = new EventLog({ store, logger, dedupeWindowMs: config.dedupeWindow });
  const counts = new Map<string, number>();
  try {
    let cursor: string | undefined;
    let read = 0;
    do {
      const page = await log.query({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
      for (const { type } of page.events) counts.set(type, (counts.get(type) ?? 0) + 1);
      read += page.events.length;
      cursor = page.cursor;
    } while (cursor !== undefined && read < maxEvents);
  } finally {
    await log.close();
    await store.close();
  }
  return Object.fromEntries([...counts].sort(([left], [right]) => (left < right ? -1 : 1)));
}

async function isWanted(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question("Write it? [y/N] ")).trim());
  } finally {
    lines.close();
  }
}

function sizeOf({ text }: BundleFile): string {
  return roundedSize(Buffer.byteLength(text));
}
