/** What a client's requests have left on leased connections, and the leases for as long as it is needed. RFC 2696; RFC 5805. */
import { UpstreamUnavailable } from "../upstream/upstream-error.ts";
import type { Lease } from "./lease.ts";
import type { RequestClass } from "./request-class.ts";

type Route = RequestClass["route"];

interface Slot {
  readonly lease: Lease;
  /** Why the lease is held: a page cookie that may come back, a transaction, an operation that runs. With whether each is clean. */
  readonly reasons: Map<string, boolean>;
  idle: NodeJS.Timeout | undefined;
}

/** Whoever it was leased for may have given it back at once. */
function heldToo(lease: Lease): Lease {
  if (lease.isOpen) return lease.hold();
  throw new UpstreamUnavailable({ code: "ERR_UPSTREAM_CLOSED", message: "The lease has been given back" });
}

/** Cookies of one client that are waited for; with more, the oldest is given up. */
const maxReasons = 64;

/** One lease for the client's reads and one for its writes: state of all kinds meets there, as on a connection of its own. */
export class HeldState {
  readonly #slots = new Map<Route, Slot>();
  readonly #coming = new Map<Route, Promise<Lease>>();
  readonly #idleMs: number;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** The lease with the client's state, held for the caller; a promise while the first is still being had. */
  carrier(route: Route): Lease | Promise<Lease> | undefined {
    const slot = this.#slots.get(route);
    if (slot?.lease.isOpen === true) return slot.lease.hold();
    if (slot !== undefined) this.#release(route, slot);
    return this.#coming.get(route)?.then(heldToo);
  }

  /** Whoever asks next waits for this one. Once it is there, the caller has to `add` a reason at once. */
  expect(route: Route, lease: Promise<Lease>): void {
    this.#coming.set(route, lease);
    const arrived = (): void => {
      if (this.#coming.get(route) === lease) this.#coming.delete(route);
    };
    lease.then(arrived, arrived);
  }

  /** `isClean`: whether the connection can serve somebody else although this was never ended. */
  add(route: Route, lease: Lease, reason: string, isClean: boolean): void {
    let slot = this.#slots.get(route);
    if (slot !== undefined && slot.lease !== lease) {
      this.#release(route, slot);
      slot = undefined;
    }
    if (slot === undefined) {
      slot = { lease: lease.hold(), reasons: new Map(), idle: undefined };
      this.#slots.set(route, slot);
    }
    slot.reasons.set(reason, isClean);
    if (slot.reasons.size > maxReasons) slot.reasons.delete(slot.reasons.keys().next().value as string);
    clearTimeout(slot.idle);
    slot.idle = setTimeout(() => this.#idle(route), this.#idleMs).unref();
  }

  /** The last reason to go gives the lease back. */
  remove(route: Route, reason: string): void {
    const slot = this.#slots.get(route);
    if (slot?.reasons.delete(reason) === true && slot.reasons.size === 0) this.#release(route, slot);
  }

  /** The client has bound anew, or is gone. */
  clear(): void {
    for (const [route, slot] of this.#slots) this.#release(route, slot);
    this.#coming.clear();
  }

  #idle(route: Route): void {
    const slot = this.#slots.get(route);
    if (slot === undefined) return;
    if (slot.lease.connection.outstandingCount > 0) slot.idle?.refresh();
    else this.#release(route, slot);
  }

  #release(route: Route, slot: Slot): void {
    clearTimeout(slot.idle);
    this.#slots.delete(route);
    for (const isClean of slot.reasons.values()) if (!isClean) slot.lease.spoil();
    slot.lease.release();
  }
}
