/** Work on entries, some at a time: never on two of which one is the other or above it, and those in the order of asking. */
import { isWithin } from "@espalier/ldap";

export class EntryWindow {
  readonly #size: number;
  readonly #underWay = new Map<Promise<void>, readonly string[]>();
  #failure: { readonly error: unknown } | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Begins `work` and resolves, as soon as it may begin.
   *
   * @param names of the entries that it changes or relies on, as `normalizeDn` has them
   * @throws what work before it threw
   */
  async begin(names: readonly string[], work: () => Promise<void>): Promise<void> {
    while (this.#underWay.size >= this.#size || this.#isTouched(names)) await Promise.race(this.#underWay.keys());
    this.#check();
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => void this.#underWay.delete(running));
    this.#underWay.set(running, names);
  }

  /** Resolves when nothing is under way. @throws what work threw */
  async end(): Promise<void> {
    await Promise.all(this.#underWay.keys());
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #isTouched(names: readonly string[]): boolean {
    for (const others of this.#underWay.values()) {
      if (names.some((name) => others.some((other) => isWithin(name, other) || isWithin(other, name)))) return true;
    }
    return false;
  }
}
