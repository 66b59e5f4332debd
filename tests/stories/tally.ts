/** What was asked while a story went on, and what was answered: counts, by the story's phases. */

/** Of one phase: what was asked, what was answered to it, how often. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export class Tally {
  readonly #counts = new Map<string, Counts>();
  #phase: string;

  constructor(firstPhase: string) {
    this.#phase = firstPhase;
  }

  /** From now on. */
  begin(phase: string): void {
    this.#phase = phase;
  }

  /** Asks, and counts the answer in the phase of both, or as "between". @param ask resolves to the kind of the answer */
  async count(asked: string, ask: () => Promise<string>): Promise<void> {
    const askedIn = this.#phase;
    const kind = await ask();
    const phase = this.#phase === askedIn ? askedIn : "between";
    const counts = this.#counts.get(phase) ?? {};
    const kinds = counts[asked] ?? {};
    this.#counts.set(phase, { ...counts, [asked]: { ...kinds, [kind]: (kinds[kind] ?? 0) + 1 } });
  }

  of(phase: string): Counts {
    return this.#counts.get(phase) ?? {};
  }

  /** How many answers of all kinds there were to it in a phase. */
  total(phase: string, asked: string): number {
    return Object.values(this.of(phase)[asked] ?? {}).reduce((sum, count) => sum + count, 0);
  }

  print(): void {
    for (const [phase, counts] of this.#counts) process.stdout.write(`  ${phase}: ${JSON.stringify(counts)}\n`);
  }
}
