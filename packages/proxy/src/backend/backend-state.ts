/** Whether a backend may be given work: what its checks say of it, and what an administrator wants of it. */
import type { PartialAttribute } from "@espalier/ldap";
import type { Clock } from "./clock.ts";
import { bearsPipelining } from "./pipelining.ts";

/** `degraded`: it answers, but is too far behind the others; used where nobody is up. */
export type BackendHealth = "up" | "degraded" | "down";

/** `drain` ends what it has and takes nothing new; `maint` is also not checked, and not used when all others are down. */
export type BackendAdmin = "ready" | "drain" | "maint";

/** Something about a backend has changed; the state has the new values already. */
export interface BackendChange {
  readonly health: BackendHealth;
  readonly previousHealth: BackendHealth;
  readonly admin: BackendAdmin;
  readonly previousAdmin: BackendAdmin;
  readonly reason: string;
}

export interface BackendStateOptions {
  readonly clock: Clock;
  /** How long a backend that came up takes to get its whole share; 0 for at once. */
  readonly slowStartMs: number;
}

/** The least that a backend which has just come up gets of its share, so that something is seen of it. */
const leastShare = 0.05;

export class BackendState {
  readonly #clock: Clock;
  readonly #slowStartMs: number;
  readonly #listeners = new Set<(change: BackendChange) => void>();
  #health: BackendHealth = "down";
  #admin: BackendAdmin = "ready";
  #reason = "not checked yet";
  #since: number;
  #slowSince: number | undefined;
  #acceptsNew = false;
  #isWritable: boolean | undefined;
  /** Whether the last check was answered, also while the backend is still down: rising, or held down. */
  answersChecks = false;
  /** How far it is behind the most advanced backend, where that is known. */
  lagMs: number | undefined;
  #rootDse: readonly PartialAttribute[] | undefined;
  #bearsPipelining = true;

  constructor({ clock, slowStartMs }: BackendStateOptions) {
    this.#clock = clock;
    this.#slowStartMs = slowStartMs;
    this.#since = clock.wallTime();
  }

  /** As last read, every attribute. */
  get rootDse(): readonly PartialAttribute[] | undefined {
    return this.#rootDse;
  }

  set rootDse(rootDse: readonly PartialAttribute[]) {
    this.#rootDse = rootDse;
    this.#bearsPipelining = bearsPipelining(rootDse);
  }

  /** Whether it may be sent requests behind others on a connection. True until the root DSE says otherwise. */
  get bearsPipelining(): boolean {
    return this.#bearsPipelining;
  }

  /** `down` until the first check. */
  get health(): BackendHealth {
    return this.#health;
  }

  get admin(): BackendAdmin {
    return this.#admin;
  }

  /** Why `health` is what it is: a sentence for people. */
  get reason(): string {
    return this.#reason;
  }

  /** Since when health and administrative state are what they are, in milliseconds since 1970. */
  get since(): number {
    return this.#since;
  }

  /** Ready, and up or degraded. */
  get acceptsNew(): boolean {
    return this.#acceptsNew;
  }

  /** Whether it takes writes, where that is known. */
  get isWritable(): boolean | undefined {
    return this.#isWritable;
  }

  /** Which part of its share of work the backend is to get: rises from little to 1 after it came up. */
  get slowStart(): number {
    if (this.#slowSince === undefined) return 1;
    const part = (this.#clock.now() - this.#slowSince) / this.#slowStartMs;
    if (part >= 1) this.#slowSince = undefined;
    return Math.min(1, Math.max(leastShare, part));
  }

  /**
   * What the health monitor found. `slowly`: the backend has come back and gets its share bit by bit; not so at the start,
   * when all come up at once.
   */
  setHealth(health: BackendHealth, reason: string, { slowly = false } = {}): void {
    this.#reason = reason;
    if (health === this.#health) return;
    const comesUp = this.#health === "down";
    if (comesUp) this.#slowSince = slowly && this.#slowStartMs > 0 ? this.#clock.now() : undefined;
    this.#change(health, this.#admin);
  }

  setAdmin(admin: BackendAdmin): void {
    if (admin !== this.#admin) this.#change(this.#health, admin);
  }

  setWritable(isWritable: boolean | undefined): void {
    if (isWritable === this.#isWritable) return;
    this.#isWritable = isWritable;
    this.#tell(this.#health, this.#admin);
  }

  /** Calls `listener` after each change of health, administrative state or `isWritable`, until the function that is returned is called. */
  on(listener: (change: BackendChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #change(health: BackendHealth, admin: BackendAdmin): void {
    const [previousHealth, previousAdmin] = [this.#health, this.#admin];
    this.#health = health;
    this.#admin = admin;
    this.#acceptsNew = admin === "ready" && health !== "down";
    this.#since = this.#clock.wallTime();
    this.#tell(previousHealth, previousAdmin);
  }

  #tell(previousHealth: BackendHealth, previousAdmin: BackendAdmin): void {
    const change: BackendChange = {
      health: this.#health,
      previousHealth,
      admin: this.#admin,
      previousAdmin,
      reason: this.#reason,
    };
    for (const listener of this.#listeners) listener(change);
  }
}
