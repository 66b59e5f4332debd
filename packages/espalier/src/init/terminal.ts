/** Questions to a person at a terminal: they go to standard error, so that standard output stays with results. */
import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { AnswerError } from "../input/answer-error.ts";

/** The person ended it, by Ctrl+C or Ctrl+D. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

export class Terminal implements Disposable {
  readonly #output: NodeJS.WritableStream;
  readonly #lines: Interface;
  readonly #ended = new AbortController();
  #isHidden = false;

  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream) {
    this.#output = output;
    // What is typed comes back by way of this stream: nothing of a password does.
    const echo = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isHidden) output.write(chunk);
        done();
      },
    });
    // Without a history, in which the arrow keys would find the password.
    this.#lines = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    this.#lines.on("close", () => this.#ended.abort());
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  /** Asks until the answer can be used. @param fallback what an empty answer means; `""` for an answer that may be left out */
  async ask<T>(question: string, parse: (text: string) => T, fallback?: string): Promise<T> {
    const hint = fallback === undefined || fallback === "" ? "" : ` [${fallback}]`;
    for (;;) {
      const text = (await this.#read(`${question}${hint}: `)).trim() || fallback;
      if (text === undefined) continue;
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof AnswerError)) throw error;
        this.say(`  ${error.message}.`);
      }
    }
  }

  async confirm(question: string): Promise<boolean> {
    return this.ask(`${question} (yes or no)`, parseYes, "yes");
  }

  /** Nothing of the answer is shown. */
  async askSecret(question: string): Promise<string> {
    this.#output.write(`${question}: `);
    this.#isHidden = true;
    try {
      return await this.#read("");
    } finally {
      this.#isHidden = false;
      this.#output.write("\n");
    }
  }

  async #read(prompt: string): Promise<string> {
    try {
      return await this.#lines.question(prompt, { signal: this.#ended.signal });
    } catch (error) {
      if (this.#ended.signal.aborted || (error as Error).name === "AbortError") throw new InterruptedError();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}

function parseYes(text: string): boolean {
  if (/^y(es)?$/i.test(text)) return true;
  if (/^no?$/i.test(text)) return false;
  throw new AnswerError("write yes or no");
}
