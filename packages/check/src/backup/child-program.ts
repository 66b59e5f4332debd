/** Programs of databases and directories, run without a shell: what they print as a stream, what they say as an error. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { redactUrls } from "@espalier/service";
import { BackupError } from "./backup-error.ts";
import { untilReleased } from "./private-folder.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Who a server runs as. Empty: as ourselves. */
export interface UnixUser {
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunOptions {
  /** Of this process; a program gets those of it that say where it is, and `variables`. */
  readonly environment: Environment;
  readonly variables?: Environment;
  readonly input?: AsyncIterable<Uint8Array>;
  readonly user?: UnixUser;
  /** What ends it when this process ends without ending it, as by SIGKILL: for what must not outlive it. */
  readonly deathSignal?: NodeJS.Signals;
  /** Gives it every variable of this process: restic and borg have their access keys there. */
  readonly inheritsEverything?: boolean;
}

/** Debian keeps servers in the sbin folders, which an ordinary user's PATH leaves out. */
const serverFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];
const postgresFolder = "/usr/lib/postgresql";
const inherited = ["HOME", "TMPDIR", "PGPASSFILE", "SSH_AUTH_SOCK"];

/** Its absolute path; of several PostgreSQL versions the newest. `undefined` where it is not installed. */
export function findProgram(name: string, environment: Environment): string | undefined {
  return folders(environment)
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** @throws BackupError that names the Debian package */
export function programPath(name: string, debianPackage: string, environment: Environment): string {
  const path = findProgram(name, environment);
  if (path !== undefined) return path;
  throw new BackupError("refused", `${name} is not installed: install it (Debian: ${debianPackage}).`);
}

function folders({ PATH = "/usr/bin:/bin" }: Environment): string[] {
  let versions: string[] = [];
  try {
    versions = readdirSync(postgresFolder).sort((left, right) => Number(right) - Number(left));
  } catch {
    // It is not installed there.
  }
  return [...PATH.split(delimiter), ...serverFolders, ...versions.map((each) => join(postgresFolder, each, "bin"))];
}

export function start(program: string, parameters: readonly string[], options: RunOptions): ChildProcess {
  const { environment, variables = {}, user = {}, deathSignal, inheritsEverything = false } = options;
  const own = inheritsEverything ? environment : Object.fromEntries(inherited.map((name) => [name, environment[name]]));
  const [command, ...words] = [...dyingBy(deathSignal, environment), program, ...parameters];
  return spawn(command!, words, {
    ...user,
    cwd: "/",
    env: { ...own, PATH: folders(environment).join(delimiter), LC_ALL: "C.UTF-8", ...variables },
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
}

/**
 * What a program is started by so that the kernel sends it a signal when this process is gone. util-linux has it; elsewhere
 * programs are started as they are.
 */
function dyingBy(signal: NodeJS.Signals | undefined, environment: Environment): readonly string[] {
  if (signal === undefined) return [];
  setpriv ??= workingSetpriv(environment);
  return setpriv === "" ? [] : [setpriv, "--pdeathsig", signal.replace(/^SIG/, ""), "--"];
}

let setpriv: string | undefined;

/** Empty where there is none that can. */
function workingSetpriv(environment: Environment): string {
  const found = findProgram("setpriv", environment) ?? "";
  const canDoIt = found !== "" && spawnSync(found, ["--pdeathsig", "KILL", "--", "true"]).status === 0;
  return canDoIt ? found : "";
}

/** What it prints, as it comes. @throws BackupError with what it said, when it fails; the loop then ends with that */
export async function* streamOf(
  program: string,
  parameters: readonly string[],
  options: RunOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = start(program, parameters, options);
  // What it still wrote would be in a folder that is being removed.
  const release = untilReleased(() => child.kill("SIGKILL"));
  const ended = endOf(child, program).finally(release);
  const fed = feed(child, options.input);
  // A loop that is left early must not make an unhandled rejection of it.
  const settled = Promise.allSettled([fed, ended]);
  let isDone = false;
  try {
    yield* child.stdout as Readable as AsyncIterable<Uint8Array>;
    isDone = true;
  } finally {
    if (!isDone) child.kill("SIGKILL");
  }
  // What was wrong with its input comes first: the program was killed for that.
  for (const result of await settled) if (result.status === "rejected") throw result.reason;
}

/** Runs it to its end and gives what it printed. @throws BackupError with what it said */
export async function textOf(program: string, parameters: readonly string[], options: RunOptions): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(program, parameters, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function feed(child: ChildProcess, input: AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (input === undefined || child.stdin === null) return;
  try {
    await pipeline(Readable.from(input, { objectMode: false }), child.stdin);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It ended before it had read everything: its exit code says whether that was right.
    if (code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET") return;
    child.kill("SIGKILL");
    throw error;
  }
}

async function endOf(child: ChildProcess, program: string): Promise<void> {
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code === 0) return;
  const name = program.split("/").at(-1);
  const reason = redactUrls(said.trim()) || (signal === null ? `it ended with ${code}` : `it was ended by ${signal}`);
  throw new BackupError("failed", `${name} failed: ${reason}`);
}
