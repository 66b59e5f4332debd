/** Connections that have something to do at the end of the turn: answers to send, requests that waited. */

interface TurnTaker {
  takeTurn(): void;
}

/** The most that wait for the end of the turn, since each may hold a buffer of answers. */
const MAX_WAITING = 16;
/** From so many connections on that are in use at a time their answers are gathered; the answers of fewer are better under way at once. */
const GATHERED_FROM = 6;

/**
 * Gathers those that have something to do in one turn of the event loop, in which all sockets that have bytes are read, so that their
 * answers leave together. To wake a client that sleeps takes the server's thread as long as to answer it: with 16 connections of one
 * client, which had worked on each answer and slept again before the next, this makes a third more searches a second and half as many
 * binds again. With four it would make a quarter fewer, as then client and server would take turns at waiting for each other.
 */
export class TurnQueue<Taker extends TurnTaker> {
  #waiting: Taker[] = [];
  #reads = 0;
  readonly #run = () => this.#takeTurns();

  /** How often any connection has been read from. */
  get reads(): number {
    return this.#reads;
  }

  /** Counts a read. */
  read(): void {
    this.#reads += 1;
  }

  /**
   * Whether so many others were read from that answers are to be gathered.
   *
   * @param lastRead `reads` after the last time that the one was read from
   */
  isCrowded(lastRead: number): boolean {
    return this.#reads + 1 - lastRead >= GATHERED_FROM;
  }

  /** The caller sees to it that `taker` is not in the queue already. */
  add(taker: Taker): void {
    if (this.#waiting.push(taker) === 1) setImmediate(this.#run);
  }

  /** Takes the turns at once where as many wait as may. For a caller that has nothing else to do in this callback. */
  relieve(): void {
    if (this.#waiting.length >= MAX_WAITING) this.#takeTurns();
  }

  #takeTurns(): void {
    const takers = this.#waiting;
    this.#waiting = [];
    for (const taker of takers) taker.takeTurn();
  }
}
