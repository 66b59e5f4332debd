/** Connections that have something to do once the current callback has returned: answers to send, requests that waited. */

interface TurnTaker {
  takeTurn(): void;
}

/** Gathers the turns of one callback and its promises, so that answers which become ready together leave together. */
export class TurnQueue<Taker extends TurnTaker> {
  #waiting: Taker[] = [];
  readonly #run = () => this.#takeTurns();

  /** The caller sees to it that `taker` is not in the queue already. */
  add(taker: Taker): void {
    if (this.#waiting.push(taker) === 1) process.nextTick(this.#run);
  }

  #takeTurns(): void {
    const takers = this.#waiting;
    this.#waiting = [];
    for (const taker of takers) taker.takeTurn();
  }
}
