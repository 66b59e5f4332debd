/** Shows the frames that pass to whoever wants to see them, and costs nothing while nobody does. */
import type { Frame } from "../frame/frame.ts";
import type { ClientFacts } from "./operation-record.ts";

/** One that watches. Called synchronously, from the path of the operation: it returns at once and does not throw. */
export interface TapSink {
  connectionClosed(client: ClientFacts): void;
  /** `frame.bytes` is valid during the call, in both. */
  request(client: ClientFacts, frame: Frame): void;
  response(client: ClientFacts, frame: Frame): void;
}

export class Tap {
  readonly #sinks = new Set<TapSink>();

  get isTapped(): boolean {
    return this.#sinks.size > 0;
  }

  /** Returns what ends it. */
  subscribe(sink: TapSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  connectionClosed(client: ClientFacts): void {
    for (const sink of this.#sinks) sink.connectionClosed(client);
  }

  request(client: ClientFacts, frame: Frame): void {
    for (const sink of this.#sinks) sink.request(client, frame);
  }

  response(client: ClientFacts, frame: Frame): void {
    for (const sink of this.#sinks) sink.response(client, frame);
  }
}
