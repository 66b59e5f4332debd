/** A source whose reads can be counted and held up; what it reads is the database's. */
import type { Membership, Row, Source } from "../../src/source/source.ts";

type Read = "users" | "groups" | "memberships" | "user" | "groupsOf" | "version";

export class WatchedSource implements Source {
  readonly #source: Source;
  readonly #holds = new Map<Read, { reached: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> }>();
  readonly counts: Record<Read, number> = { users: 0, groups: 0, memberships: 0, user: 0, groupsOf: 0, version: 0 };

  constructor(source: Source) {
    this.#source = source;
  }

  get dialect() {
    return this.#source.dialect;
  }

  /** Holds the next such read up before it begins; `reached` resolves when it would have. */
  hold(read: Read): { readonly reached: Promise<void>; release(): void } {
    const hold = { reached: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
    this.#holds.set(read, hold);
    return { reached: hold.reached.promise, release: () => hold.released.resolve() };
  }

  async #begin(read: Read): Promise<void> {
    this.counts[read]++;
    const hold = this.#holds.get(read);
    this.#holds.delete(read);
    hold?.reached.resolve();
    await hold?.released.promise;
  }

  async *users(signal?: AbortSignal): AsyncGenerator<readonly Row[]> {
    await this.#begin("users");
    yield* this.#source.users(signal);
  }

  async *groups(signal?: AbortSignal): AsyncGenerator<readonly Row[]> {
    await this.#begin("groups");
    yield* this.#source.groups(signal);
  }

  async *memberships(usernames: readonly string[], signal?: AbortSignal): AsyncGenerator<readonly Membership[]> {
    await this.#begin("memberships");
    yield* this.#source.memberships(usernames, signal);
  }

  async user(username: string): Promise<Row | undefined> {
    await this.#begin("user");
    return this.#source.user(username);
  }

  async groupsOf(username: string): Promise<readonly Row[]> {
    await this.#begin("groupsOf");
    return this.#source.groupsOf(username);
  }

  async version(): Promise<string | undefined> {
    await this.#begin("version");
    return this.#source.version();
  }

  watch(onChange: () => void): Promise<void> {
    return this.#source.watch(onChange);
  }

  check() {
    return this.#source.check();
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
