/** A real server as a child process: started, watched, stopped in each of the ways in which servers stop. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { killAtExit } from "./kill-at-exit.ts";
import { childEnvironment, programPath } from "./programs.ts";

export interface ChildServerOptions {
  /** Changes to this process's environment; `undefined` removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory?: string;
  /** True: what it writes to its standard output is thrown away, so that reading it costs nobody time. */
  readonly discardsOutput?: boolean;
}

/** How a process ended: its exit code, or the signal that ended it. */
export type ExitStatus = number | NodeJS.Signals;

export class ChildServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #output: string[] = [];

  /** @param program a name or an absolute path, as {@link programPath} takes it. */
  constructor(
    program: string,
    parameters: readonly string[],
    { environment, workingDirectory, discardsOutput = false }: ChildServerOptions = {},
  ) {
    this.#name = program;
    this.#child = spawn(programPath(program), parameters, {
      env: childEnvironment(environment),
      stdio: ["ignore", discardsOutput ? "ignore" : "pipe", "pipe"],
      ...(workingDirectory === undefined ? {} : { cwd: workingDirectory }),
    });
    killAtExit(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#output.push(text));
    }
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#name} did not start`);
    return pid;
  }

  get isRunning(): boolean {
    return this.exitStatus === undefined;
  }

  /** `undefined` while it runs. */
  get exitStatus(): ExitStatus | undefined {
    return this.#child.exitCode ?? this.#child.signalCode ?? undefined;
  }

  /** What it wrote to its standard output and standard error so far, in the order of arrival. */
  get log(): string {
    return this.#output.join("");
  }

  /** Resolves when the process has ended. */
  async exited(): Promise<ExitStatus> {
    if (this.exitStatus === undefined) await once(this.#child, "exit");
    return this.exitStatus ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end (SIGTERM) and waits until it has; after `timeoutMs` it is killed. */
  async terminate(timeoutMs = 10_000): Promise<ExitStatus> {
    if (this.isRunning) {
      this.signal("SIGTERM");
      this.signal("SIGCONT");
      const patience = new AbortController();
      const patienceIsOver = delay(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([this.exited(), patienceIsOver]);
      patience.abort();
    }
    return this.kill();
  }

  /** Ends it as a crash of the machine would, and waits until it is gone. */
  async kill(): Promise<ExitStatus> {
    if (this.isRunning) this.signal("SIGKILL");
    return this.exited();
  }

  /** Freezes it: connections stay open and nothing is answered. */
  suspend(): void {
    this.signal("SIGSTOP");
  }

  /** Resolves when every thread of it has stopped, as {@link suspend} asks: until then one may still answer. */
  async suspended(): Promise<void> {
    await this.ready(async () => {
      const tasks = `/proc/${this.pid}/task`;
      const states = await Promise.all(
        (await readdir(tasks)).map(
          async (task) => /\) (\S)/.exec(await readFile(`${tasks}/${task}/stat`, "utf8"))?.[1],
        ),
      );
      return states.every((state) => state === "T");
    });
  }

  resume(): void {
    this.signal("SIGCONT");
  }

  /** Resolves when `isReady` is true. @throws Error with the end of the log when the process ends first or time is up. */
  async ready(isReady: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await isReady())) {
      if (!this.isRunning || performance.now() > deadline) {
        const why = this.isRunning ? `was not ready after ${timeoutMs} ms` : `ended with ${this.exitStatus}`;
        throw new Error(`${this.#name} ${why}:\n${this.log.slice(-4000)}`);
      }
      await delay(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}
