/** Something that is done over and over, by one or by several at a time, while a story goes on. How often it ended how is counted. */
import { setTimeout as delay } from "node:timers/promises";
import { until } from "@espalier/tests/lab";

/** Between two rounds of one of them: what is being started at the time needs the processors too. */
const pauseMs = 50;

export class Repetition implements AsyncDisposable {
  readonly #act: (round: number) => Promise<string>;
  readonly #work: Promise<unknown>;
  readonly #counts: Record<string, number> = {};
  #begun = 0;
  #ended = 0;
  #isOver = false;

  /** Begins. @param act given the number of the round, from 0; resolves to how it ended */
  constructor(act: (round: number) => Promise<string>, lanes = 1) {
    this.#act = act;
    this.#work = Promise.all(Array.from({ length: lanes }, () => this.#repeat()));
    // Whoever ends it hears of it.
    this.#work.catch(() => undefined);
  }

  /** Resolves when so many more have ended since it was called. */
  async more(count: number): Promise<void> {
    const before = this.#ended;
    await until(`${count} more rounds`, () => this.#ended >= before + count, { timeoutMs: 180_000 });
  }

  /** Ends it, with what is under way, and says how often it ended how. */
  async end(): Promise<Readonly<Record<string, number>>> {
    this.#isOver = true;
    await this.#work;
    return this.#counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #repeat(): Promise<void> {
    while (!this.#isOver) {
      const ending = await this.#act(this.#begun++);
      this.#counts[ending] = (this.#counts[ending] ?? 0) + 1;
      this.#ended += 1;
      await delay(pauseMs);
    }
  }
}
