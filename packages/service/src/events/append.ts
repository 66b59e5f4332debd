/** How events come into the table: numbered, chained and inserted together, as the last thing that their transaction does. */
import type { Statement } from "../store/statement.ts";
import type { FinalStep, Transaction } from "../store/transaction.ts";
import { type AddedEvent, contentOf, type Insertion, insertAtOnce, insertInTurn } from "./insertion.ts";
import type { EventRow } from "./stored-event.ts";

/** The channel that is woken by new events. */
export const eventsChannel = "events";

/** The events of one transaction. */
export interface PendingEvents {
  /** In the order in which they were added. */
  readonly added: AddedEvent[];
  /** Conditions, of which one holds where what is no event has the dedupe key `claims.key`. */
  readonly taken: Statement[];
  /** Events that were not added, being duplicates. */
  duplicates: number;
  /** By dedupe key, the events that those claimed at the end belong to; known once this is committed. */
  owners: () => ReadonlyMap<string, string>;
  /** What was inserted; known once this is committed. */
  rows: () => readonly EventRow[];
}

export class AppendStep implements FinalStep<PendingEvents> {
  readonly #now: () => number;
  readonly #onCommitted: (pending: PendingEvents) => void;

  constructor(now: () => number, onCommitted: (pending: PendingEvents) => void) {
    this.#now = now;
    this.#onCommitted = onCommitted;
  }

  begin(): PendingEvents {
    return { added: [], taken: [], duplicates: 0, owners: () => new Map(), rows: () => [] };
  }

  async run(transaction: Transaction, pending: PendingEvents): Promise<void> {
    const { added } = pending;
    if (added.length === 0) return;
    const now = this.#now();
    // The hash of a link covers where its event stands: that must be known before it is sent.
    const isSentAtOnce = transaction.database === "postgres" && !added.some(({ event }) => event.audit);
    const insertion = isSentAtOnce
      ? insertAtOnce(transaction, pending, now)
      : await insertInTurn(transaction, pending, now);
    pending.owners = insertion.owners;
    pending.rows = () => rowsOf(insertion);
    transaction.wake(eventsChannel);
  }

  committed(pending: PendingEvents): void {
    this.#onCommitted(pending);
  }
}

function rowsOf({ inserted, links }: Insertion): readonly EventRow[] {
  return inserted().map(({ position, event }) => {
    const { number: link = null, hash = null } = links.get(event.id) ?? {};
    return { position, ...contentOf(event), link, hash };
  });
}
