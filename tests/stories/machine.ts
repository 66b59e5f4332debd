/** A machine of the administrator's: a folder with an espalier.yaml, on which a service is started, updated, killed, started again. */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  ChildServer,
  type CommandResult,
  type ExitStatus,
  freePort,
  runCommand,
  ServiceReports,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@espalier/tests/lab";
import { stringify } from "yaml";

const executable = fileURLToPath(new URL("../../packages/espalier/bin/espalier.mjs", import.meta.url));

export interface MachineOptions {
  /** What follows `espalier` on the command line: `up`, `gateway`, `proxy`. */
  readonly service: string;
  /** All of its espalier.yaml but the section `metrics`. */
  readonly configuration: object;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The longest that a start and an end may take, where others want the same processors. */
const patienceMs = 90_000;

export class Machine implements AsyncDisposable {
  /** What its service tells of itself; the same address after each start. */
  readonly reports: ServiceReports;
  readonly #service: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #directory: TemporaryDirectory;
  #process: ChildServer | undefined;

  private constructor({ service, environment = {} }: MachineOptions, directory: TemporaryDirectory, metrics: string) {
    this.#service = service;
    this.#environment = environment;
    this.#directory = directory;
    this.reports = new ServiceReports(`http://${metrics}`);
  }

  /** Resolves when the service is ready. */
  static async start(options: MachineOptions): Promise<Machine> {
    await using cleanup = new AsyncDisposableStack();
    const metrics = `127.0.0.1:${await freePort()}`;
    const machine = cleanup.use(new Machine(options, await temporaryDirectory(options.service), metrics));
    await machine.configure(options.configuration);
    await machine.start();
    cleanup.move();
    return machine;
  }

  /** host:port of its metrics. */
  get metrics(): string {
    return new URL(this.reports.url).host;
  }

  /** Of the process that runs now, or ran last. */
  get log(): string {
    return this.#process?.log ?? "";
  }

  /** Another espalier.yaml, which counts from the next start on. */
  async configure(configuration: object): Promise<void> {
    const whole = { ...configuration, metrics: { listen: this.metrics } };
    await writeFile(this.#directory.file("espalier.yaml"), stringify(whole));
  }

  async start(): Promise<void> {
    this.#process = new ChildServer(process.execPath, [executable, this.#service], {
      environment: this.#environment,
      workingDirectory: this.#directory.path,
    });
    await this.#process.ready(() => this.reports.isReady(), patienceMs);
  }

  /** As `systemctl stop` does: resolves when it has ended. */
  async stop(): Promise<ExitStatus | undefined> {
    return this.#process?.terminate(patienceMs);
  }

  /** As the end of the machine does. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** `espalier WORDS`, where the service finds its configuration. */
  command(...words: string[]): Promise<CommandResult> {
    return runCommand(process.execPath, [executable, ...words], {
      environment: this.#environment,
      workingDirectory: this.#directory.path,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.terminate();
    await this.#directory[Symbol.asyncDispose]();
  }
}
