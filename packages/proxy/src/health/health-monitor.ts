/**
 * Watches one backend and says in its state whether it may be given work: checks at intervals, at once when an operation
 * fails, and never two at a time.
 */
import type { EventSink } from "@espalier/service";
import type { BackendChange, BackendHealth, BackendState } from "../backend/backend-state.ts";
import type { Clock } from "../backend/clock.ts";
import type { UpstreamLost } from "../upstream/response-receiver.ts";
import { CheckFailure, type HealthCheck } from "./health-check.ts";
import { HealthJudge } from "./health-judge.ts";
import type { ReplicationLag } from "./replication-lag.ts";
import { type CheckOutcome, RunningCheck } from "./running-check.ts";

export interface HealthMonitorOptions {
  readonly backend: { readonly name: string; readonly state: BackendState };
  readonly check: HealthCheck;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** See `HealthJudge`. */
  readonly holdDownMs: number;
  /** A backend further behind the most advanced one is degraded. */
  readonly maxLagMs: number;
  /** One for all backends. */
  readonly lag: ReplicationLag;
  /**
   * It has gone down because it cannot be reached or does not answer: what is under way there will not be answered either.
   * A bind above all, which may take minutes at a backend that is up (a second factor).
   */
  readonly onUnreachable?: (lost: UpstreamLost) => void;
  readonly events: EventSink;
  /** How many backends take new work: an event says so, and that none is left is critical. */
  readonly acceptingCount: () => number;
  readonly clock: Clock;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** Intervals vary by this part of them, either way, so that many proxies do not check in step. */
const jitter = 0.1;
/** A check made because a connection was silent for a whole time-out waits only for this part of another. */
const confirmationPart = 1 / 4;
/** Checks made because operations fail are at least this part of the interval apart. */
const leastGapPart = 1 / 20;
/** Connecting has failed this recently, in intervals, and again and again: the backend is degraded although checks succeed. */
const connectFailuresCountFor = 10;

export class HealthMonitor {
  readonly #options: HealthMonitorOptions;
  #judge: HealthJudge;
  /** What the last event said. A backend that is up from the beginning is no event. */
  #reported: { readonly health: BackendHealth; readonly atMs: number } | undefined;
  #unsubscribe: (() => void) | undefined;
  #cancelNext: (() => void) | undefined;
  #check: RunningCheck | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #connectFailures = 0;
  #connectFailedAtMs = 0;
  #connectFailure = "";
  readonly #firstCheck = Promise.withResolvers<void>();

  constructor(options: HealthMonitorOptions) {
    this.#options = options;
    this.#judge = new HealthJudge(options);
  }

  /** Begins to check. `firstCheck` resolves after the first, whatever it found. */
  start(): void {
    this.#unsubscribe = this.#options.backend.state.on((change) => this.#adminChanged(change));
    if (this.#isChecking) void this.#run();
    else this.#firstCheck.resolve();
  }

  get firstCheck(): Promise<void> {
    return this.#firstCheck.promise;
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#abortCheck();
    this.#firstCheck.resolve();
    this.#options.lag.forget(this.#options.backend.name);
  }

  /** Checks now, or waits for the check that is under way, and says what the backend is after it. */
  async checkNow(): Promise<BackendHealth> {
    if (this.#isChecking) await (this.#check?.ended ?? this.#run());
    return this.#options.backend.state.health;
  }

  /** Asks now whether the backend takes writes. Not knowing is no. */
  async verifyWritable(): Promise<boolean> {
    const { backend, check, timeoutMs } = this.#options;
    const isWritable = await check.probeWrite(timeoutMs);
    if (isWritable !== undefined) backend.state.setWritable(isWritable);
    return isWritable === true;
  }

  /**
   * An operation was lost with its connection, or a connection could not be had. Not for the connection of the checks
   * themselves: it would confirm what they found.
   */
  failed(lost: UpstreamLost): void {
    if (lost.code === "ERR_UPSTREAM_RETIRED" || !this.#isChecking) return;
    const { clock, intervalMs, timeoutMs } = this.#options;
    const nowMs = clock.now();
    if (lost.code === "ERR_UPSTREAM_CONNECT" || lost.code === "ERR_UPSTREAM_TLS") {
      this.#connectFailures += 1;
      this.#connectFailedAtMs = nowMs;
      this.#connectFailure = lost.message;
    }
    this.#judge.operationFailed(nowMs);
    if (this.#judge.health !== this.#options.backend.state.health) this.#publish(lost.message);
    if (this.#options.backend.state.health === "down") return;
    const limitMs = lost.code === "ERR_UPSTREAM_HUNG" ? timeoutMs * confirmationPart : timeoutMs;
    if (this.#check !== undefined) this.#check.limit(limitMs);
    else this.#scheduleIn(Math.max(0, this.#endedAtMs + intervalMs * leastGapPart - nowMs), limitMs);
  }

  /** A connection was made, or an operation answered after one had failed. */
  succeeded(): void {
    this.#connectFailures = 0;
  }

  get #isChecking(): boolean {
    return this.#unsubscribe !== undefined && this.#options.backend.state.admin !== "maint";
  }

  #adminChanged({ admin, previousAdmin }: BackendChange): void {
    if (admin === previousAdmin) return;
    if (admin === "maint") {
      this.#abortCheck();
      this.#options.lag.forget(this.#options.backend.name);
    } else if (previousAdmin === "maint") {
      // Nobody knows what has become of it meanwhile: it begins anew.
      this.#judge = new HealthJudge(this.#options);
      this.#options.backend.state.setHealth("down", "not checked since its maintenance");
      void this.#run();
    }
  }

  #abortCheck(): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#check?.abort();
    this.#check = undefined;
  }

  #scheduleIn(delayMs: number, limitMs: number): void {
    this.#cancelNext?.();
    this.#cancelNext = this.#options.clock.schedule(delayMs, () => void this.#run(limitMs));
  }

  #run(limitMs = this.#options.timeoutMs): Promise<unknown> {
    if (this.#check !== undefined) return this.#check.ended;
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    const { clock, intervalMs, random } = this.#options;
    const nextAtMs = clock.now() + intervalMs * (1 - jitter + 2 * jitter * random());
    const check = new RunningCheck(this.#options, limitMs);
    this.#check = check;
    return check.ended.then((outcome) => {
      if (outcome === undefined || this.#check !== check) return;
      this.#check = undefined;
      this.#endedAtMs = clock.now();
      this.#take(outcome);
      this.#firstCheck.resolve();
      // Unless whoever heard of it has asked for a check or has stopped them.
      if (this.#isChecking && this.#check === undefined) {
        this.#scheduleIn(Math.max(0, nextAtMs - this.#endedAtMs), this.#options.timeoutMs);
      }
    });
  }

  #take(outcome: CheckOutcome): void {
    const { backend, lag, clock } = this.#options;
    const { state, name } = backend;
    const nowMs = clock.now();
    state.answersChecks = !(outcome instanceof CheckFailure);
    if (outcome instanceof CheckFailure) {
      this.#judge.failed(outcome.kind, nowMs);
      this.#publish(outcome.message);
      return;
    }
    const { vector, isWritable, rootDse } = outcome;
    if (rootDse !== undefined) state.rootDse = rootDse;
    if (isWritable !== undefined) state.setWritable(isWritable);
    if (vector === undefined) lag.forget(name);
    else lag.report(name, vector);
    state.lagMs = lag.lagMs(name);
    const flaw = this.#flaw(nowMs);
    this.#judge.succeeded(flaw !== undefined, nowMs);
    this.#publish(this.#judge.health === "down" ? this.#rising(nowMs) : (flaw ?? "it answers checks"));
  }

  /** What is wrong with a backend that answers. */
  #flaw(nowMs: number): string | undefined {
    const { backend, maxLagMs, fall, intervalMs } = this.#options;
    const { lagMs } = backend.state;
    if (lagMs !== undefined && lagMs > maxLagMs) {
      return `it lacks a change that another backend has had for ${Math.round(lagMs / 1000)} s`;
    }
    const isRecent = nowMs - this.#connectFailedAtMs < connectFailuresCountFor * intervalMs;
    if (this.#connectFailures >= fall && isRecent) return `new connections fail: ${this.#connectFailure}`;
    return undefined;
  }

  /** Why a backend that answers is still down. */
  #rising(nowMs: number): string {
    const heldMs = this.#judge.heldUntilMs - nowMs;
    if (heldMs > 0)
      return `it answers checks but has failed soon after it came back; held down for ${Math.ceil(heldMs / 1000)} s`;
    return "it answers checks again, not often enough yet";
  }

  /** Makes the state what the judge says, and an event of the change. */
  #publish(reason: string): void {
    const { backend, lag, onUnreachable } = this.#options;
    const { state, name } = backend;
    const { health: previous } = state;
    const { health, lastFailure } = this.#judge;
    if (health === previous && health === "up") return;
    state.setHealth(health, reason, { slowly: previous === "down" && this.#reported !== undefined });
    if (health === "down" && previous !== "down") {
      lag.forget(name);
      state.lagMs = undefined;
      if (lastFailure === "connection") {
        onUnreachable?.({ code: "ERR_UPSTREAM_HUNG", message: `${name} is down: ${reason}` });
      }
    }
    this.#report(health, reason);
  }

  #report(health: BackendHealth, reason: string): void {
    const { backend, events, acceptingCount, clock } = this.#options;
    const last = this.#reported;
    if (health === last?.health) return;
    this.#reported = { health, atMs: clock.now() };
    if (last === undefined && health === "up") return;
    const accepting = acceptingCount();
    const severity = { up: "info", degraded: "medium", down: accepting === 0 ? "critical" : "high" } as const;
    const previously = last && { previous: last.health, previousForMs: Math.round(clock.now() - last.atMs) };
    events.emit({
      type: `backend.${health}`,
      severity: severity[health],
      subject: backend.name,
      source: "proxy",
      data: { reason, ...previously, accepting },
    });
  }
}
