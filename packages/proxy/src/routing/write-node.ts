/**
 * The one backend that takes writes, of an ordered list. Failover is the administrator's, or automatic: when the write node
 * has been of no use for the whole hold-down, the next of the list that is up and has just been seen to take writes becomes
 * it. It stays that until it fails itself or somebody says otherwise: going back by itself could lose what was written.
 */
import type { EventSink } from "@espalier/service";
import type { Backend } from "../backend/backend.ts";
import type { Clock } from "../backend/clock.ts";

export interface WriteNodeOptions {
  /** The first is the write node, unless `initial` says otherwise. */
  readonly backends: readonly Backend[];
  /** The one that it was when this process' predecessor ended; ignored where it is not of `backends`. */
  readonly initial?: Backend | undefined;
  readonly failover: "manual" | "automatic";
  readonly holdDownMs: number;
  /** Asks a backend now whether it takes writes. Only a clear yes makes it the write node automatically. */
  readonly verify: (backend: Backend) => Promise<boolean>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** When no successor was found, they are asked again after so long, or when a backend of the list changes. */
const retryMs = 1_000;

export class WriteNode {
  readonly #options: WriteNodeOptions;
  #backends: readonly Backend[] = [];
  #current: Backend | undefined;
  #subscriptions: (() => void)[] = [];
  #uselessSinceMs: number | undefined;
  /** The name of the write node for which no successor was found: who was told of that is told of its end. */
  #missing: string | undefined;
  #cancelAttempt: (() => void) | undefined;
  #isAttempting = false;
  #isStopped = false;

  constructor(options: WriteNodeOptions) {
    this.#options = options;
    this.#current = options.initial;
    this.setBackends(options.backends);
  }

  /** `undefined` where the list is empty. */
  get current(): Backend | undefined {
    return this.#current;
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  /**
   * Another list from now on: a reload, or SRV records that changed. The write node stays the same if one of its name is in
   * it, which is another object where its settings have changed.
   */
  setBackends(backends: readonly Backend[]): void {
    this.#unsubscribe();
    this.#backends = backends;
    const currentName = this.#current?.name;
    this.#current = backends.find(({ name }) => name === currentName) ?? backends[0];
    this.#subscriptions = backends.map(({ state }) => state.on(() => this.#look()));
    this.#uselessSinceMs = undefined;
    this.#look();
  }

  /** The administrator's choice, be the backend as it may. @throws {RangeError} where it is not of the list. */
  choose(backend: Backend, actor: string): void {
    if (!this.#backends.includes(backend)) {
      const names = this.#backends.map(({ name }) => name).join(", ");
      throw new RangeError(`${backend.name} is not one of the write backends: ${names}.`);
    }
    if (backend !== this.#current) this.#become(backend, "chosen by the administrator", actor);
  }

  stop(): void {
    this.#isStopped = true;
    this.#uselessSinceMs = undefined;
    this.#unsubscribe();
    this.#cancel();
  }

  /** Something has changed: begins to wait out the hold-down, or ends it. */
  #look(): void {
    if (this.#options.failover === "manual" || this.#isStopped) return;
    const current = this.#current;
    if (current === undefined || isUseful(current)) {
      this.#uselessSinceMs = undefined;
      this.#cancel();
      if (current !== undefined) this.#found(current);
      return;
    }
    const { clock, holdDownMs } = this.#options;
    const nowMs = clock.now();
    this.#uselessSinceMs ??= nowMs;
    // An administrator who takes it out of service does not have to wait for the hold-down.
    const waitMs = current.state.admin === "ready" ? this.#uselessSinceMs + holdDownMs - nowMs : 0;
    this.#attemptIn(waitMs);
  }

  #attemptIn(delayMs: number): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancelAttempt = this.#options.clock.schedule(Math.max(0, delayMs), () => void this.#attempt());
  }

  async #attempt(): Promise<void> {
    if (this.#isAttempting) return;
    this.#isAttempting = true;
    const found = await this.#findSuccessor(this.#uselessSinceMs);
    this.#isAttempting = false;
    if (found === "overtaken") this.#look();
    else if (found === "nobody") {
      this.#miss();
      this.#attemptIn(retryMs);
    } else this.#become(found.backend, found.reason, undefined);
  }

  /** `overtaken`: while they were asked, the write node has come back, and maybe gone again: that is another hold-down. */
  async #findSuccessor(
    sinceMs: number | undefined,
  ): Promise<{ backend: Backend; reason: string } | "nobody" | "overtaken"> {
    for (const backend of this.#successors()) {
      const isWritable = await this.#options.verify(backend).catch(() => false);
      const replaced = this.#current;
      if (replaced === undefined || sinceMs === undefined || this.#uselessSinceMs !== sinceMs) return "overtaken";
      if (isWritable && isUseful(backend)) return { backend, reason: uselessBecause(replaced) };
    }
    return "nobody";
  }

  /** Those that are up before those that are degraded: they lack what was written last. */
  #successors(): Backend[] {
    const others = this.#backends.filter((backend) => backend !== this.#current && isUseful(backend));
    return ["up", "degraded"].flatMap((health) => others.filter(({ state }) => state.health === health));
  }

  #miss(): void {
    const current = this.#current;
    if (this.#isStopped || this.#missing !== undefined || current === undefined) return;
    this.#missing = current.name;
    const data = { reason: `${uselessBecause(current)}, and no other of the list takes writes` };
    this.#options.events.emit({
      ...{ type: "write-node.lost", severity: "critical", subject: current.name, source: "proxy", data, audit: true },
    });
  }

  #found(backend: Backend): void {
    const subject = this.#missing;
    if (subject === undefined) return;
    this.#missing = undefined;
    const data = { writeNode: backend.name };
    this.#options.events.emit({
      type: "write-node.back",
      severity: "info",
      subject,
      source: "proxy",
      data,
      audit: true,
    });
  }

  #become(backend: Backend, reason: string, actor: string | undefined): void {
    const previous = this.#current;
    this.#current = backend;
    this.#uselessSinceMs = undefined;
    this.#options.events.emit({
      type: "write-node.changed",
      severity: actor === undefined ? "high" : "medium",
      subject: backend.name,
      source: "proxy",
      ...(actor === undefined ? {} : { actor }),
      data: { previous: previous?.name, reason, failover: actor === undefined ? "automatic" : "manual" },
      audit: true,
    });
    this.#look();
  }

  #cancel(): void {
    this.#cancelAttempt?.();
    this.#cancelAttempt = undefined;
  }

  #unsubscribe(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }
}

function isUseful({ state }: Backend): boolean {
  return state.acceptsNew && state.isWritable !== false;
}

function uselessBecause({ name, state }: Backend): string {
  if (state.admin !== "ready") return `${name} is in ${state.admin === "maint" ? "maintenance" : "drain"}`;
  return state.health === "down" ? `${name} is down: ${state.reason}` : `${name} takes no writes`;
}
