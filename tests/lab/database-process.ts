/** A database server's process: as an unprivileged user (both databases refuse root), stopped, crashed and started again at will. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { succeed } from "./command.ts";
import { killAtExit } from "./kill-at-exit.ts";
import { childEnvironment, programPath } from "./programs.ts";

/** Who a server runs as. Empty: as ourselves. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** The user that the server's Debian package made, where the tests run as root; else ourselves. */
export async function serverUser(name: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return {};
  return { uid: Number(await succeed("id", ["-u", name])), gid: Number(await succeed("id", ["-g", name])) };
}

/** Runs a program to its end as that user and returns what it printed. @throws Error with what it said when it fails. */
export async function runAs(
  user: ServerUser,
  program: string,
  parameters: readonly string[],
  input = "",
): Promise<string> {
  const child = spawn(programPath(program), parameters, { ...user, cwd: "/", env: childEnvironment() });
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}:\n${stderr.join("").slice(-4000)}`);
  return stdout.join("");
}

/** Started as often as it was ended. It does not outlive the test process. */
export class DatabaseProcess {
  readonly #program: string;
  readonly #parameters: readonly string[];
  readonly #user: ServerUser;
  readonly #readiness: RegExp;
  #child: ChildProcess | undefined;
  #said = "";

  /** @param readiness what it prints on stderr once it takes connections */
  constructor(program: string, parameters: readonly string[], user: ServerUser, readiness: RegExp) {
    this.#program = program;
    this.#parameters = parameters;
    this.#user = user;
    this.#readiness = readiness;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last it wrote to stderr since it was started. */
  get log(): string {
    return this.#said;
  }

  /** Resolves when it takes connections. @throws Error with its last words when it ends first, or after 60 seconds. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error(`${this.#program} runs already`);
    const child = spawn(programPath(this.#program), this.#parameters, {
      ...this.#user,
      cwd: "/",
      env: childEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    killAtExit(child);
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#said = "";
    const fail = (what: string) => reject(new Error(`${this.#program} ${what}:\n${this.#said.slice(-4000)}`));
    const patience = setTimeout(() => {
      child.kill("SIGKILL");
      fail("was not ready after 60 s");
    }, 60_000);
    child.once("error", reject);
    child.once("exit", (code) => fail(`ended with ${code}`));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-64_000);
      if (this.#readiness.test(this.#said)) resolve();
    });
    try {
      await promise;
    } finally {
      clearTimeout(patience);
    }
  }

  /** Sends the signal and resolves when the server has ended; at once when it does not run. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
