/** How many connections each process says it has: from each address and, under `undefined`, in all. */

type Counts = Map<string | undefined, number>;

export class ConnectionCounts<Process> {
  readonly #byProcess = new Map<Process, Counts>();
  readonly #sums: Counts = new Map();

  /** Takes in what a process says. */
  set(process: Process, address: string | undefined, count: number): void {
    const counts = this.#byProcess.get(process) ?? new Map<string | undefined, number>();
    this.#byProcess.set(process, counts);
    const before = counts.get(address) ?? 0;
    keep(counts, address, count);
    keep(this.#sums, address, (this.#sums.get(address) ?? 0) + count - before);
  }

  /** Drops a process that has ended; returns what it had connections from. */
  forget(process: Process): (string | undefined)[] {
    const addresses = [...(this.#byProcess.get(process)?.keys() ?? [])];
    for (const address of addresses) this.set(process, address, 0);
    this.#byProcess.delete(process);
    return addresses;
  }

  /** All that any process has connections from. */
  addresses(): (string | undefined)[] {
    return [...this.#sums.keys()];
  }

  /** What all processes but this one have. */
  ofOthers(process: Process, address: string | undefined): number {
    return (this.#sums.get(address) ?? 0) - (this.#byProcess.get(process)?.get(address) ?? 0);
  }
}

function keep(counts: Counts, address: string | undefined, count: number): void {
  if (count > 0) counts.set(address, count);
  else counts.delete(address);
}
