/** Connections that have something to do when the events of this turn have been handled: output to send, requests that waited. */

interface TurnTaker {
  takeTurn(): void;
}

/**
 * Runs on `setImmediate`, behind all that has arrived in the turn: a server that sends one TLS record an entry is read record
 * by record, and what came of it leaves as one.
 */
export class TurnQueue<Taker extends TurnTaker> {
  #waiting: Taker[] = [];
  readonly #run = () => this.#takeTurns();

  /** The caller sees to it that `taker` is not in the queue already. */
  add(taker: Taker): void {
    if (this.#waiting.push(taker) === 1) setImmediate(this.#run);
  }

  #takeTurns(): void {
    const takers = this.#waiting;
    this.#waiting = [];
    for (const taker of takers) taker.takeTurn();
  }
}
