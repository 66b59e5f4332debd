/** When each step of a story happened. Printed at the story's end, as measured and not as promised: tests assert none of it. */

export class Stopwatch {
  readonly #story: string;
  readonly #startedMs = performance.now();
  readonly #laps: { readonly step: string; readonly atMs: number; readonly tookMs: number }[] = [];

  /** @param story its name, as the heading of what is printed. */
  constructor(story: string) {
    this.#story = story;
  }

  /** Carries out a step and notes how long it took, whether or not it went well. */
  async time<T>(step: string, action: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await action();
    } finally {
      const endedMs = performance.now();
      this.#laps.push({ step, atMs: endedMs - this.#startedMs, tookMs: endedMs - startedMs });
    }
  }

  /** Prints a line a step: seconds since the story began, seconds that the step took, what it was. */
  print(): void {
    const lines = this.#laps.map(({ step, atMs, tookMs }) => `  ${seconds(atMs)} s  (${seconds(tookMs)} s)  ${step}\n`);
    process.stdout.write(`\n${this.#story}\n${lines.join("")}`);
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1).padStart(6);
}
