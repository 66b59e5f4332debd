/** Places in searches that are read page by page: each on a connection that is kept for it, since a cookie of RFC 2696 is worth nothing on another. */
import { randomUUID } from "node:crypto";
import type { Control } from "@espalier/ldap";
import type { SearchParameters } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import type { PinnedConnection } from "../clusters/cluster.ts";
import { forgetSearch } from "./page.ts";

/** Whose it is: a cursor is good only for the same session, cluster and search. */
export interface CursorOwner {
  readonly sessionId: string;
  readonly cluster: string;
  /** All that the search is, as text. */
  readonly search: string;
}

export interface Place {
  readonly owner: CursorOwner;
  readonly pinned: PinnedConnection;
  readonly parameters: SearchParameters;
  readonly controls: readonly Control[];
  readonly cookie: Uint8Array;
}

export interface CursorsOptions {
  readonly now: () => number;
  readonly maxPerSession: number;
  readonly idleMs: number;
}

const sweepIntervalMs = 30_000;

export class Cursors {
  readonly #options: CursorsOptions;
  /** The oldest first. */
  readonly #places = new Map<string, Place & { readonly usedAt: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: CursorsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sweep(), sweepIntervalMs).unref();
  }

  get count(): number {
    return this.#places.size;
  }

  /** Keeps the place; where the session has too many its oldest goes. Gives the cursor, which is good for once. */
  keep(place: Place): string {
    this.#sweep();
    const { sessionId } = place.owner;
    const own = [...this.#places].filter(([, { owner }]) => owner.sessionId === sessionId);
    const excess = own.length + 1 - this.#options.maxPerSession;
    for (const [cursor] of own.slice(0, Math.max(0, excess))) this.#drop(cursor);
    const cursor = randomUUID();
    this.#places.set(cursor, { ...place, usedAt: this.#options.now() });
    return cursor;
  }

  /** @throws ApiError `gone`; `invalid_request` for the cursor of another search */
  take(cursor: string, owner: CursorOwner): Place {
    this.#sweep();
    const place = this.#places.get(cursor);
    if (place === undefined || place.owner.sessionId !== owner.sessionId || place.owner.cluster !== owner.cluster) {
      throw new ApiError("gone", "The rest of this search is no longer kept: search anew.");
    }
    if (place.owner.search !== owner.search) {
      throw new ApiError(
        "invalid_request",
        "The cursor belongs to another search: send it with the search it came from.",
      );
    }
    this.#places.delete(cursor);
    return place;
  }

  /** The session has ended: what it has not read is forgotten. */
  endSession(sessionId: string): void {
    for (const [cursor, { owner }] of this.#places) if (owner.sessionId === sessionId) this.#drop(cursor);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const cursor of this.#places.keys()) this.#drop(cursor);
  }

  #sweep(): void {
    const oldest = this.#options.now() - this.#options.idleMs;
    for (const [cursor, { usedAt }] of this.#places) if (usedAt <= oldest) this.#drop(cursor);
  }

  #drop(cursor: string): void {
    const place = this.#places.get(cursor);
    this.#places.delete(cursor);
    if (place === undefined) return;
    void forgetSearch(place.pinned.connection, place).finally(() => place.pinned.release());
  }
}
