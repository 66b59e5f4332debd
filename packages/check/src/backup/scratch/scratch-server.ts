/** A server that lives for one drill: in a temporary folder, on a Unix socket and no network, as an unprivileged user. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, readFile } from "node:fs/promises";
import { BackupError } from "../backup-error.ts";
import { type Environment, start, type UnixUser } from "../child-program.ts";
import { type PrivateFolder, privateFolder, untilReleased } from "../private-folder.ts";

export interface ScratchFolder extends PrivateFolder {
  readonly user: UnixUser;
  /** Of that user; undefined: as ourselves. */
  readonly userName: string | undefined;
}

/** @param preferred the user that the server's package made; databases refuse to run as root */
export async function scratchFolder(preferred: string): Promise<ScratchFolder> {
  const { name: userName, user } = process.getuid?.() === 0 ? await unixUser(preferred) : { name: undefined, user: {} };
  const folder = await privateFolder("drill");
  await chownTo(folder.path, user);
  return { ...folder, user, userName };
}

export async function chownTo(path: string, { uid, gid }: UnixUser): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function unixUser(name: string): Promise<{ readonly name: string; readonly user: UnixUser }> {
  const accounts = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const found = accounts.find(([each]) => each === name) ?? accounts.find(([each]) => each === "nobody");
  const [foundName, , uid, gid] = found ?? [];
  if (foundName === undefined) {
    throw new BackupError(
      "refused",
      `A drill needs a user to run its server as: make the user ${name}, or do not run it as root.`,
    );
  }
  return { name: foundName, user: { uid: Number(uid), gid: Number(gid) } };
}

export interface ServerStart {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly environment: Environment;
  readonly user: UnixUser;
  /** What it writes to its standard error once it takes connections, or what comes about once it does. */
  readonly readiness: RegExp | ((signal: AbortSignal) => Promise<unknown>);
  /** What ends it with its other processes: SIGQUIT, unless that would make it leave a core file. */
  readonly ending?: NodeJS.Signals;
}

const startTimeoutMs = 60_000;

/** Disposing of it ends it. @throws BackupError with its last words */
export async function startServer({
  program,
  parameters,
  environment,
  user,
  readiness,
  ending = "SIGQUIT",
}: ServerStart): Promise<AsyncDisposable> {
  const child = start(program, parameters, { environment, user, deathSignal: ending });
  const release = untilReleased(() => child.kill(ending));
  const server: AsyncDisposable = {
    [Symbol.asyncDispose]: async () => {
      await end(child, ending);
      release();
    },
  };
  try {
    await becomesReady(child, readiness);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    const name = program.split("/").at(-1);
    throw new BackupError("failed", `A scratch server could not be started: ${name} ${(error as Error).message}.`);
  }
}

async function becomesReady(child: ChildProcess, readiness: ServerStart["readiness"]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  const patience = setTimeout(
    () => reject(new Error(`was not ready after ${startTimeoutMs / 1000} s: ${said}`)),
    startTimeoutMs,
  );
  child.once("error", reject);
  child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said.trim()}`)));
  child.stdout?.resume();
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
    if (readiness instanceof RegExp && readiness.test(said)) resolve();
  });
  const ended = new AbortController();
  if (!(readiness instanceof RegExp)) readiness(ended.signal).then(() => resolve(), reject);
  try {
    await promise;
  } finally {
    ended.abort();
    clearTimeout(patience);
  }
}

/** Nothing of it is wanted any more: it need not end well. */
async function end(child: ChildProcess, ending: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  // PostgreSQL ends its other processes at SIGQUIT, and leaves them at SIGKILL.
  child.kill(ending);
  const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(patience);
}
