/** Messages to another process, those of one turn of the event loop sent as one: each that is sent costs more than what it says. */
export class Outbox<Message> {
  readonly #send: (messages: readonly Message[]) => void;
  #waiting: Message[] = [];

  constructor(send: (messages: readonly Message[]) => void) {
    this.#send = send;
  }

  add(message: Message): void {
    this.#waiting.push(message);
    if (this.#waiting.length === 1) setImmediate(() => this.#sendAll());
  }

  #sendAll(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#send(messages);
  }
}
