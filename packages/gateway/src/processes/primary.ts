/**
 * The process that keeps several serving on one port: it starts them, starts another where one is lost, holds what they
 * share (the back-off's ledger, the count of connections), and answers for all of them in metrics and health.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  aggregateMetrics,
  type CheckResult,
  type EventSink,
  type Health,
  type Logger,
  type Metrics,
  type MetricsSnapshot,
  type NewEvent,
} from "@espalier/service";
import type { BindAttempt } from "../backoff/attempt.ts";
import { LocalBackoffLedger } from "../backoff/ledger.ts";
import { needsCertificate } from "../certificate.ts";
import type { GatewayConfig } from "../config.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { OutageReports } from "./outage-reports.ts";
import { Outbox } from "./outbox.ts";
import type { BindEnding } from "./remote-ledger.ts";
import { workerCommand } from "./worker-command.ts";

export interface GatewayProcessesOptions {
  readonly config: GatewayConfig;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly version: string;
  /** Without it nobody is told. */
  readonly events?: EventSink;
}

/** After a worker was lost, before another is started in its place. */
const restartDelayMs = 1_000;
const stateTimeoutMs = 1_500;

interface WorkerState {
  readonly metrics: MetricsSnapshot;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** A process ended before it served. Why, it has said itself. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
  constructor(ending: string) {
    super(`A process of the gateway could not start: it ended with ${ending}. What it said stands above.`);
  }
}

export class GatewayProcesses {
  readonly #options: GatewayProcessesOptions;
  readonly #ledger = new LocalBackoffLedger();
  readonly #secret = randomBytes(32).toString("base64");
  readonly #workers = new Map<ChildProcess, Outbox<ToWorker>>();
  /** Those of them that serve. */
  readonly #serving = new Set<ChildProcess>();
  readonly #outages = new OutageReports<ChildProcess>();
  readonly #counts = new ConnectionCounts<ChildProcess>();
  readonly #asked = new Map<number, (state: WorkerState) => void>();
  #lastId = 0;
  #isDraining = false;

  constructor(options: GatewayProcessesOptions) {
    this.#options = options;
  }

  /** Resolves when every process serves. @throws WorkerStartError */
  async start(signal: AbortSignal): Promise<void> {
    const { config, health, log } = this.#options;
    health.register("directory", () => this.#check("directory"));
    if (needsCertificate(config)) health.register("certificate", () => this.#check("certificate"));
    health.register("processes", () => this.#processesCheck());
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    const serving = Array.from({ length: config.workers }, () => this.#startWorker());
    await Promise.race([Promise.all(serving), aborted]);
    if (!signal.aborted) log.info("All processes serve.", { processes: config.workers });
  }

  /** Each process reads the configuration for itself. */
  async reload(_config: GatewayConfig): Promise<void> {
    for (const outbox of this.#workers.values()) outbox.add({ type: "reload" });
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true;
    const exits = [...this.#workers.keys()].map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const worker of this.#workers.keys()) worker.kill("SIGTERM");
    const kill = () => {
      for (const worker of this.#workers.keys()) worker.kill("SIGKILL");
    };
    signal.addEventListener("abort", kill, { once: true });
    await Promise.all(exits);
  }

  /** The metrics of all processes, added up. */
  async metricsText(): Promise<string> {
    const states = await this.#states();
    return aggregateMetrics([await this.#options.metrics.snapshot(), ...states.map(({ metrics }) => metrics)]);
  }

  /** Resolves when it serves; rejects when it ends before. */
  #startWorker(): Promise<void> {
    const serving = Promise.withResolvers<void>();
    const worker = fork(process.argv[1]!, [workerCommand, ...process.argv.slice(3)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    // A worker that is ending may be gone before the messages are; its exit says so.
    const outbox = new Outbox<ToWorker>((messages) => worker.connected && worker.send(messages, () => {}));
    this.#workers.set(worker, outbox);
    outbox.add({ type: "start", secret: this.#secret });
    worker.on("message", (messages: readonly ToPrimary[]) => {
      for (const message of messages) {
        if (message.type !== "serving") {
          this.#received(worker, outbox, message);
          continue;
        }
        this.#serving.add(worker);
        outbox.add({ type: "failures", failures: this.#ledger.failures() });
        this.#sendCounts(worker, outbox);
        serving.resolve();
      }
    });
    worker.once("exit", (code, signal) => {
      this.#workers.delete(worker);
      const wasServing = this.#serving.delete(worker);
      for (const address of this.#counts.forget(worker)) this.#broadcastCounts(address);
      if (this.#isDraining) return serving.resolve();
      this.#emit(this.#outages.forget(worker, { othersServe: this.#serving.size > 0 }));
      if (!wasServing) return serving.reject(new WorkerStartError(signal ?? `exit code ${code}`));
      this.#options.log.error("A process that serves was lost; another takes its place.", {
        pid: worker.pid,
        code,
        signal,
      });
      void this.#replaceWorker();
    });
    return serving.promise;
  }

  /** Until one serves: what keeps it from that (a file that is being written, a port) may pass. */
  async #replaceWorker(): Promise<void> {
    await delay(restartDelayMs);
    if (this.#isDraining) return;
    try {
      await this.#startWorker();
    } catch (error) {
      this.#options.log.error("The process that takes its place could not start either.", { error });
      await this.#replaceWorker();
    }
  }

  #received(worker: ChildProcess, outbox: Outbox<ToWorker>, message: Exclude<ToPrimary, { type: "serving" }>): void {
    switch (message.type) {
      case "check":
        outbox.add({ type: "decision", id: message.id, decision: this.#ledger.check(message.attempt) });
        return;
      case "bindEnded":
        this.#bindEnded(message.how, message.attempt);
        return;
      case "connections":
        this.#counts.set(worker, message.address, message.count);
        this.#broadcastCounts(message.address, worker);
        return;
      case "event":
        this.#emit(this.#outages.report(worker, message.event));
        return;
      case "state":
        this.#asked.get(message.id)?.(message);
        return;
    }
  }

  #bindEnded(how: BindEnding, attempt: BindAttempt): void {
    this.#ledger[how](attempt);
    if (how !== "failed") return;
    const failures = this.#ledger.failuresOf(attempt);
    for (const worker of this.#serving) this.#workers.get(worker)?.add({ type: "failures", failures });
  }

  #emit(event: NewEvent | undefined): void {
    if (event !== undefined) this.#options.events?.emit(event);
  }

  /** To one that has just begun. */
  #sendCounts(worker: ChildProcess, outbox: Outbox<ToWorker>): void {
    for (const address of this.#counts.addresses()) {
      outbox.add({ type: "connections", address, others: this.#counts.ofOthers(worker, address) });
    }
  }

  /** @param changed the one whose count it is: for it the others have as many as before */
  #broadcastCounts(address: string | undefined, changed?: ChildProcess): void {
    for (const [worker, outbox] of this.#workers)
      if (worker !== changed) {
        outbox.add({ type: "connections", address, others: this.#counts.ofOthers(worker, address) });
      }
  }

  async #states(): Promise<WorkerState[]> {
    const answers = [...this.#serving].map((worker) => this.#ask(worker));
    return (await Promise.all(answers)).filter((state) => state !== undefined);
  }

  /** The worker's state, or undefined when it does not answer in time. */
  async #ask(worker: ChildProcess): Promise<WorkerState | undefined> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<WorkerState | undefined>();
    const giveUp = () => answer.resolve(undefined);
    const timer = setTimeout(giveUp, stateTimeoutMs);
    worker.once("exit", giveUp);
    this.#asked.set(id, answer.resolve);
    this.#workers.get(worker)?.add({ type: "askState", id });
    const state = await answer.promise;
    this.#asked.delete(id);
    worker.off("exit", giveUp);
    clearTimeout(timer);
    return state;
  }

  /** The worst of what the processes say of a check. */
  async #check(name: string): Promise<CheckResult> {
    const results = (await this.#states()).map(({ checks }) => checks[name]).filter((result) => result !== undefined);
    const worst = ["error", "degraded", "ok"].map((status) => results.find((result) => result.status === status));
    return worst.find((result) => result !== undefined) ?? { status: "error", reason: "No process answers." };
  }

  #processesCheck(): CheckResult {
    const wanted = this.#options.config.workers;
    const running = this.#serving.size;
    return { status: running === wanted ? "ok" : running > 0 ? "degraded" : "error", running, wanted };
  }
}
