/**
 * The checks of what runs, inside of `espalier up`: a look at everything now and then, its findings in `/health`, in the
 * metrics, in the event log and for whoever asks.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { EventLog, EventSink, Health, Instrument, Logger, Metrics } from "@espalier/service";
import type { CheckConfig } from "../config.ts";
import { check } from "../engine/check.ts";
import type { Finding } from "../engine/finding.ts";
import { Project, type Unreadable } from "../engine/project.ts";
import type { Rule } from "../engine/rule.ts";
import { type Observation, withObservation } from "../live/observation.ts";
import { observe } from "../live/observe.ts";
import { RefusedBinds } from "../live/refused-binds.ts";
import type { LiveTargets } from "../live/targets.ts";
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import { bySeverity, type CurrentFinding, currentFinding } from "./current-finding.ts";
import { FindingLog } from "./finding-log.ts";
import { healthOf } from "./health.ts";
import { checkMetrics } from "./metrics.ts";
import { isUnseen } from "./unseen.ts";

export interface CheckServiceOptions {
  readonly config: CheckConfig;
  readonly targets: LiveTargets;
  readonly rules: readonly Rule[];
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  /** Where events go where there is no store. */
  readonly events: EventSink;
  /** Resolves once the store is open; undefined where there is none. */
  readonly openLog?: ((signal: AbortSignal) => Promise<EventLog>) | undefined;
  /** Who looks: the machine's name. */
  readonly observer: string;
  /** Whether others may look as well, into the same store. */
  readonly isShared: boolean;
  /** `Date.now` unless told. */
  readonly now?: () => number;
}

export interface CheckState {
  /** When the last look ended; undefined before the first has. Milliseconds since 1970. */
  readonly lastRunAt: number | undefined;
  readonly isRunning: boolean;
  readonly intervalMs: number;
  /** The most severe first. Before the first look those of an earlier process. */
  readonly findings: readonly CurrentFinding[];
  readonly unreadable: readonly Unreadable[];
}

/** Services that begin with this one are given time to begin. */
const readyPollMs = 250;
const firstRunAfterMs = 2_000;
/** A look waits so long for the store to be open. */
const storePatienceMs = 2_000;

type Instruments = { readonly [Key in keyof typeof checkMetrics]: Instrument<(typeof checkMetrics)[Key]> };

export class CheckService {
  readonly #options: CheckServiceOptions;
  readonly #now: () => number;
  readonly #refused = new RefusedBinds();
  readonly #ending = new AbortController();
  readonly #kinds: ReadonlyMap<string, Rule["reads"]>;
  #config: CheckConfig;
  #targets: LiveTargets;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #log: FindingLog | undefined;
  /** Of what was told before; ends when the store is there. */
  #reading: Promise<void> = Promise.resolve();
  /** Of the last look, and before it of the log. By fingerprint. */
  #known = new Map<string, CurrentFinding>();
  /** As the log has them: by fingerprint. */
  readonly #told = new Map<string, CurrentFinding>();
  #unreadable: readonly Unreadable[] = [];
  #backups: readonly BackupReceipts[] = [];
  #lastRunAt: number | undefined;
  #durationMs = 0;

  constructor(options: CheckServiceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#config = options.config;
    this.#targets = options.targets;
    this.#kinds = new Map(options.rules.map(({ id, reads }) => [id, reads]));
    const instruments = options.metrics.register(checkMetrics);
    options.metrics.onCollect(() => this.#measure(instruments));
    options.health.register("checks", () => healthOf(this.state, this.#now()));
  }

  get state(): CheckState {
    return {
      lastRunAt: this.#lastRunAt,
      isRunning: this.#running !== undefined,
      intervalMs: this.#config.interval,
      findings: [...this.#known.values()].sort(bySeverity),
      unreadable: this.#unreadable,
    };
  }

  /** Begins to look, a moment after everything serves. */
  start(): void {
    const { openLog, events, observer, isShared } = this.#options;
    if (openLog === undefined) this.#log = new FindingLog({ log: undefined, events, observer, isShared });
    else this.#reading = this.#readBack(openLog);
    const wait = () => {
      const isReady = this.#options.health.readiness.ready;
      this.#timer = isReady ? setTimeout(() => this.#tick(), firstRunAfterMs) : setTimeout(wait, readyPollMs);
    };
    wait();
  }

  /** Looks at other things from the next look on, which is soon. What is not looked at any more is no finding any more. */
  reload({ config, targets }: Pick<CheckServiceOptions, "config" | "targets">): void {
    this.#config = config;
    this.#targets = targets;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), firstRunAfterMs);
  }

  async drain(): Promise<void> {
    clearTimeout(this.#timer);
    this.#ending.abort();
    await this.#running;
  }

  /** A look that begins now, or after the one that is under way; resolves at its end. */
  checkNow(): Promise<void> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #tick(): void {
    this.#timer = setTimeout(() => this.#tick(), this.#config.interval);
    void this.checkNow();
  }

  #begin(): Promise<void> {
    if (this.#ending.signal.aborted) return Promise.resolve();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    const { signal } = this.#ending;
    try {
      const observation = await observe(this.#targets, { signal, now: this.#now, refused: this.#refused });
      // What was cut off by the end of the process says nothing.
      if (signal.aborted) return;
      this.#take(this.#judge(observation), observation);
      this.#durationMs = performance.now() - startedAt;
      this.#lastRunAt = this.#now();
    } catch (error) {
      this.#options.logger.error("what runs could not be looked at", { error });
      return;
    }
    await this.#tell();
  }

  #judge(observation: Observation): readonly Finding[] {
    const project = withObservation(new Project({ root: "/", files: [], documents: {} }), observation);
    const { profile, suppressions } = this.#config;
    return check(project, this.#options.rules, { profile, suppressions, now: this.#now() }).findings;
  }

  #take(findings: readonly Finding[], { documents, unseen, unreadable }: Observation): void {
    const current = new Map<string, CurrentFinding>();
    for (const finding of findings) {
      const before = this.#known.get(finding.fingerprint) ?? this.#told.get(finding.fingerprint);
      current.set(finding.fingerprint, currentFinding(finding, before?.firstSeen ?? this.#now()));
    }
    for (const before of [...this.#told.values(), ...this.#known.values()]) {
      if (current.has(before.fingerprint)) continue;
      if (isUnseen(before, this.#kinds.get(before.rule) ?? [], unseen)) {
        current.set(before.fingerprint, { ...before, isStale: true });
      }
    }
    this.#known = current;
    this.#unreadable = unreadable;
    this.#backups = documents.backupReceipts;
  }

  /** What the log does not know yet. Where the store is away it is told after the next look. */
  async #tell(): Promise<void> {
    if (this.#log === undefined) await Promise.race([this.#reading, delay(storePatienceMs, undefined, { ref: false })]);
    const log = this.#log;
    if (log === undefined) return;
    const current = [...this.#known.values()].filter(({ suppressed }) => suppressed === undefined);
    const open = new Set(current.map(({ fingerprint }) => fingerprint));
    try {
      for (const finding of current) {
        if (this.#told.get(finding.fingerprint)?.severity === finding.severity) continue;
        await log.raised(finding, this.#kinds.get(finding.rule) ?? []);
        this.#told.set(finding.fingerprint, finding);
      }
      for (const finding of [...this.#told.values()]) {
        if (open.has(finding.fingerprint)) continue;
        await log.resolved(finding, this.#kinds.get(finding.rule) ?? []);
        this.#told.delete(finding.fingerprint);
      }
    } catch (error) {
      this.#options.logger.warn("findings could not be told: they are, after the next look", { error });
    }
  }

  async #readBack(openLog: NonNullable<CheckServiceOptions["openLog"]>): Promise<void> {
    const { events, observer, isShared, logger } = this.#options;
    try {
      const log = new FindingLog({ log: await openLog(this.#ending.signal), events, observer, isShared });
      for (const finding of await log.open()) {
        this.#told.set(finding.fingerprint, finding);
        if (this.#lastRunAt === undefined) this.#known.set(finding.fingerprint, finding);
      }
      this.#log = log;
      if (this.#lastRunAt !== undefined) void this.checkNow();
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      logger.error("findings of before could not be read, and are not told of: restart it", { error });
    }
  }

  #measure({ findings, lastRun, interval, duration, unreadable, lastBackup, lastDrill }: Instruments): void {
    for (const gauge of [findings, lastBackup, lastDrill]) gauge.reset();
    for (const { rule, severity, subject, suppressed } of this.#known.values()) {
      if (suppressed === undefined) findings.labels({ rule, severity, subject }).inc();
    }
    lastRun.labels({}).set((this.#lastRunAt ?? 0) / 1_000);
    interval.labels({}).set(this.#config.interval / 1_000);
    duration.labels({}).set(this.#durationMs / 1_000);
    unreadable.labels({}).set(this.#unreadable.length);
    for (const { target: folder, receipts } of this.#backups) {
      for (const { kind, time, isPassed } of receipts.toSorted((a, b) => a.time - b.time)) {
        if (isPassed && kind === "create") lastBackup.labels({ folder }).set(time / 1_000);
        if (isPassed && kind === "drill") lastDrill.labels({ folder }).set(time / 1_000);
      }
    }
  }
}
