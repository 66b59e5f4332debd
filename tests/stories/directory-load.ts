/** The load generator of `bench/` at work while a story goes on: people who are searched for and log in, as fast as they are answered. */
import { buildLoadGenerator, type Load, runLoad } from "../../bench/load-generator.ts";

/** Each is a run of the generator, over connections of its own. */
const roundSeconds = 2;

export interface LoadCounts {
  readonly operations: number;
  /** Other answers than the right ones, lost connections, and those that hang. */
  readonly faults: number;
}

export class DirectoryLoad implements AsyncDisposable {
  readonly #work: Promise<void>;
  #operations = 0;
  #faults = 0;
  #isOver = false;

  private constructor(port: number, load: Load) {
    this.#work = this.#run(port, load);
    // Whoever disposes hears of it.
    this.#work.catch(() => undefined);
  }

  /** Compiles the generator unless that was done, and begins. @param port of 127.0.0.1 */
  static async start(port: number, load: Load): Promise<DirectoryLoad> {
    await buildLoadGenerator();
    return new DirectoryLoad(port, load);
  }

  /** Ends with the round under way, and says what came of all of them. */
  async end(): Promise<LoadCounts> {
    this.#isOver = true;
    await this.#work;
    return { operations: this.#operations, faults: this.#faults };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #run(port: number, load: Load): Promise<void> {
    while (!this.#isOver) {
      const { operations, faults } = await runLoad(port, load, roundSeconds);
      this.#operations += operations;
      this.#faults += faults;
    }
  }
}
