/** Lists that were read once and are given page by page: members of a group, groups of an entry. Bounded, per session and in all. */
import { randomUUID } from "node:crypto";
import { ApiError } from "../api/problem.ts";

export interface ListOwner {
  readonly sessionId: string;
  readonly cluster: string;
  /** What the list is of, as text. */
  readonly subject: string;
}

export interface KeptList<T> {
  readonly id: string;
  readonly owner: ListOwner;
  readonly content: T;
}

export interface KeptListsOptions {
  readonly now: () => number;
  readonly maxPerSession: number;
  /** Of all lists together, in characters; the newest is kept whatever its size. */
  readonly maxCharacters: number;
  readonly idleMs: number;
}

interface Kept<T> extends KeptList<T> {
  readonly characters: number;
  usedAt: number;
}

export class KeptLists<T> {
  readonly #options: KeptListsOptions;
  /** The one used longest ago first. */
  readonly #lists = new Map<string, Kept<T>>();

  constructor(options: KeptListsOptions) {
    this.#options = options;
  }

  keep(owner: ListOwner, content: T, characters: number): KeptList<T> {
    this.#sweep();
    const list = { id: randomUUID(), owner, content, characters, usedAt: this.#options.now() };
    this.#lists.set(list.id, list);
    const own = [...this.#lists.values()].filter((other) => other.owner.sessionId === owner.sessionId);
    const excess = Math.max(0, own.length - this.#options.maxPerSession);
    for (const { id } of own.slice(0, excess)) this.#lists.delete(id);
    let total = 0;
    for (const { characters } of this.#lists.values()) total += characters;
    for (const { id, characters } of this.#lists.values()) {
      if (total <= this.#options.maxCharacters || id === list.id) break;
      this.#lists.delete(id);
      total -= characters;
    }
    return list;
  }

  /** The list that a cursor of {@link cursorAt} is a place in. @throws ApiError `gone` */
  at(cursor: string, owner: ListOwner): { readonly list: KeptList<T>; readonly offset: number } {
    this.#sweep();
    const [id = "", offset = ""] = cursor.split(".");
    const list = this.#lists.get(id);
    if (list === undefined || !isSame(list.owner, owner) || !/^\d{1,9}$/.test(offset)) {
      throw new ApiError("gone", "The list is no longer kept: open it anew.");
    }
    this.#use(list);
    return { list, offset: Number(offset) };
  }

  /** The newest list of that owner, whatever its cursor. */
  find(owner: ListOwner): KeptList<T> | undefined {
    this.#sweep();
    const list = [...this.#lists.values()].findLast((one) => isSame(one.owner, owner));
    if (list !== undefined) this.#use(list);
    return list;
  }

  endSession(sessionId: string): void {
    for (const [id, { owner }] of this.#lists) if (owner.sessionId === sessionId) this.#lists.delete(id);
  }

  #use(list: Kept<T>): void {
    list.usedAt = this.#options.now();
    this.#lists.delete(list.id);
    this.#lists.set(list.id, list);
  }

  #sweep(): void {
    const oldest = this.#options.now() - this.#options.idleMs;
    for (const [id, { usedAt }] of this.#lists) if (usedAt <= oldest) this.#lists.delete(id);
  }
}

export function cursorAt({ id }: KeptList<unknown>, offset: number): string {
  return `${id}.${offset}`;
}

function isSame(one: ListOwner, other: ListOwner): boolean {
  return one.sessionId === other.sessionId && one.cluster === other.cluster && one.subject === other.subject;
}
