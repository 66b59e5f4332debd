/** What several processes report of the one database, as one: that it is away with the first of them, that it is back with the last. */
import type { NewEvent } from "@espalier/service";

export class OutageReports<Process> {
  readonly #without = new Set<Process>();
  #reported: NewEvent | undefined;

  /** The event to pass on: what a process reports when it is the first or the last, and whatever is no outage. */
  report(process: Process, event: NewEvent): NewEvent | undefined {
    if (event.type === "database.unreachable") {
      this.#without.add(process);
      if (this.#reported !== undefined) return undefined;
      this.#reported = event;
      return event;
    }
    if (event.type !== "database.reachable") return event;
    this.#without.delete(process);
    return this.#isOver() ? event : undefined;
  }

  /** Drops a process that has ended; returns the event to report where it was the last without the database, and others have it. */
  forget(process: Process, { othersServe }: { readonly othersServe: boolean }): NewEvent | undefined {
    const unreachable = this.#reported;
    this.#without.delete(process);
    if (unreachable === undefined || !this.#isOver() || !othersServe) return undefined;
    const { subject, source } = unreachable;
    return { type: "database.reachable", severity: "info", subject, source, data: {} };
  }

  #isOver(): boolean {
    if (this.#reported === undefined || this.#without.size > 0) return false;
    this.#reported = undefined;
    return true;
  }
}
