/** The load generator `ldapload.c`: built when it is first needed, run, and its one line of figures read. */
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runCommand, succeed } from "@espalier/tests/lab";

/** What the load generator is to do: its options, see the head of ldapload.c. */
export interface Load {
  readonly mode: "search" | "bind" | "auth" | "churn";
  readonly connections: number;
  /** Requests in flight on each connection; 1 unless said. */
  readonly inFlight?: number;
  readonly tls?: boolean;
  readonly filter?: string;
  readonly attributes?: readonly string[];
  /** `%d` in it, and in the filter and the password, is the number of a random user. */
  readonly bindDn?: string;
  readonly password?: string;
  /** How many entries each search must return. */
  readonly entries?: number;
  /** Users are drawn from 0 to this, less one. */
  readonly users: number;
}

export interface LoadResult {
  readonly operationsPerSecond: number;
  readonly medianMicroseconds: number;
  readonly p99Microseconds: number;
  readonly maxMicroseconds: number;
  /** Received, for each second. */
  readonly bytesPerSecond: number;
  /** All there were, with those of the warm-up. */
  readonly operations: number;
  /** Answers with another result code or another number of entries, connections that broke, and ones that hang. */
  readonly faults: number;
}

const source = fileURLToPath(new URL("ldapload.c", import.meta.url));
const buildFolder = fileURLToPath(new URL(".build/", import.meta.url));
const binary = `${buildFolder}ldapload`;

/** Compiles the load generator unless that was done since it last changed. */
export async function buildLoadGenerator(): Promise<void> {
  if (existsSync(binary) && (await stat(binary)).mtimeMs > (await stat(source)).mtimeMs) return;
  await mkdir(buildFolder, { recursive: true });
  await succeed("gcc", ["-O2", "-Wall", "-o", binary, source, "-lssl", "-lcrypto"]);
}

/** Puts the load on a server of this machine for so many seconds, after one to warm up. */
export async function runLoad(port: number, load: Load, seconds: number): Promise<LoadResult> {
  const parameters = [
    ...["-h", "127.0.0.1", "-p", String(port), "-m", load.mode, "-c", String(load.connections)],
    ...["-d", String(load.inFlight ?? 1), "-r", String(load.users), "-T", String(seconds), "-W", "1"],
    ...(load.tls === true ? ["-S"] : []),
    ...(load.filter === undefined ? [] : ["-f", load.filter]),
    ...(load.attributes === undefined ? [] : ["-a", load.attributes.join(",")]),
    ...(load.bindDn === undefined ? [] : ["-D", load.bindDn]),
    ...(load.password === undefined ? [] : ["-w", load.password]),
    ...(load.entries === undefined ? [] : ["-E", String(load.entries)]),
  ];
  const { stdout, stderr } = await runCommand(binary, parameters, { timeoutMs: (seconds + 60) * 1000 });
  const figures = new Map(Array.from(stdout.matchAll(/(\w+)=(\d+)/g), ([, name, value]) => [name, Number(value)]));
  const figure = (name: string): number => {
    const value = figures.get(name);
    if (value === undefined) throw new Error(`ldapload did not print ${name}: ${stdout}${stderr}`);
    return value;
  };
  if (stderr !== "") process.stderr.write(stderr);
  return {
    operationsPerSecond: figure("ops_per_s"),
    medianMicroseconds: figure("p50_us"),
    p99Microseconds: figure("p99_us"),
    maxMicroseconds: figure("max_us"),
    bytesPerSecond: figure("bytes") / seconds,
    operations: figure("all_ops"),
    faults: figure("wrong") + figure("dropped") + figure("stuck"),
  };
}
