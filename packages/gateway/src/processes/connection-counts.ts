/** How many connections each process has, by address. */

export class ConnectionCounts<Process> {
  readonly #byProcess = new Map<Process, Map<string, number>>();
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  change(process: Process, address: string, change: 1 | -1): void {
    const counts = this.#byProcess.get(process) ?? new Map<string, number>();
    this.#byProcess.set(process, counts);
    add(counts, address, change);
    add(this.#byAddress, address, change);
    this.#total += change;
  }

  /** Drops a process that has ended; returns the addresses it had connections from. */
  forget(process: Process): string[] {
    const counts = this.#byProcess.get(process) ?? new Map<string, number>();
    this.#byProcess.delete(process);
    for (const [address, count] of counts) {
      add(this.#byAddress, address, -count);
      this.#total -= count;
    }
    return [...counts.keys()];
  }

  /** Those that any process has connections from. */
  addresses(): string[] {
    return [...this.#byAddress.keys()];
  }

  /** What all processes but this one have: in all, and from the address. */
  ofOthers(process: Process, address: string): { others: number; othersFromAddress: number } {
    const own = this.#byProcess.get(process);
    let ownTotal = 0;
    for (const count of own?.values() ?? []) ownTotal += count;
    return {
      others: this.#total - ownTotal,
      othersFromAddress: (this.#byAddress.get(address) ?? 0) - (own?.get(address) ?? 0),
    };
  }
}

function add(counts: Map<string, number>, address: string, change: number): void {
  const count = (counts.get(address) ?? 0) + change;
  if (count > 0) counts.set(address, count);
  else counts.delete(address);
}
