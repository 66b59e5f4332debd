/** The responses to one search as they come, RFC 4511 §4.5.2, at the pace of whoever reads them. */
import type {
  Control,
  LdapMessage,
  SearchRequest,
  SearchResultDone,
  SearchResultReference,
} from "../message/message.ts";
import type { Receiver } from "./connection.ts";
import { abandoned, intermediate, type OperationIntermediate, type RequestContext, timedOut } from "./request.ts";
import { expectResult, type OperationResult, operationResult } from "./result.ts";
import { SearchEntry } from "./search-entry.ts";
import { startTimer } from "./timer.ts";

export type SearchReference = SearchResultReference & { readonly controls: readonly Control[] };
/** Told apart by `type`. */
export type SearchItem = SearchEntry | SearchReference | OperationIntermediate;
export type SearchDone = OperationResult<SearchResultDone>;

/** What is held, in bytes of their messages, before the socket is no longer read. */
const SEARCH_BUFFER_BYTES = 1024 * 1024;

type End = { readonly done: SearchDone } | { readonly error: unknown };

/**
 * Iterates once over everything that a search returns; `entries()` over its entries alone. To leave the loop early abandons
 * the search. What came before a failure, a size limit for instance, is given before the failure is thrown:
 *
 * @throws {OperationError} a result other than success.
 * @throws {LdapClientError} `ERR_OPERATION_TIMEOUT` when the server is silent for too long while the loop waits, `ERR_ABANDONED`
 *   after `abandon`, or the end of the connection. Or `signal.reason`.
 */
export class SearchStream implements AsyncIterableIterator<SearchItem, undefined> {
  readonly #context: RequestContext;
  readonly #request: SearchRequest;
  readonly #messageId: number | undefined;
  #queue: { item: SearchItem; messageBytes: number }[] = [];
  #queueHead = 0;
  #bufferedBytes = 0;
  #end: End | undefined;
  #waiting:
    | { resolve: (result: IteratorResult<SearchItem, undefined>) => void; reject: (error: unknown) => void }
    | undefined;
  #timer: NodeJS.Timeout | undefined;
  #result: SearchDone | undefined;

  constructor(context: RequestContext, request: SearchRequest) {
    this.#context = context;
    this.#request = request;
    const { signal, connection, controls } = context;
    if (signal?.aborted) {
      this.#end = { error: signal.reason };
      return;
    }
    try {
      this.#messageId = connection.submit(request, controls, this.#receiver());
    } catch (error) {
      this.#end = { error };
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** For `client.cancel()`; `undefined` when the request could not be sent. */
  get messageId(): number | undefined {
    return this.#messageId;
  }

  /** The SearchResultDone with its controls, success or not; `undefined` before the last item was read. */
  get result(): SearchDone | undefined {
    return this.#result;
  }

  /** Bytes of the messages that have come and were not read yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Ends the search; a loop that reads it fails with `ERR_ABANDONED`, and what it has not read yet is thrown away. */
  abandon(): void {
    this.#giveUp(abandoned(this.#request));
  }

  next(): Promise<IteratorResult<SearchItem, undefined>> {
    if (this.#waiting !== undefined) {
      return Promise.reject(new TypeError("next() of a search was called again before its promise was settled."));
    }
    const head = this.#queue[this.#queueHead];
    if (head === undefined) return this.#end === undefined ? this.#wait() : this.#settleEnd(this.#end);
    this.#queueHead += 1;
    const wasSaturated = this.#isSaturated;
    this.#bufferedBytes -= head.messageBytes;
    // What was read is let go of, at a cost that is spread over the reads.
    if (this.#queueHead * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#queueHead);
      this.#queueHead = 0;
    }
    if (wasSaturated && !this.#isSaturated) this.#context.connection.regulate();
    return Promise.resolve({ done: false, value: head.item });
  }

  /** Called when a loop is left early; a loop begun after that fails with `ERR_ABANDONED`. */
  return(): Promise<IteratorResult<SearchItem, undefined>> {
    this.#giveUp(abandoned(this.#request));
    this.#clearQueue();
    this.#end = { error: abandoned(this.#request) };
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The entries alone; references to other servers and intermediate responses are passed over. */
  async *entries(): AsyncGenerator<SearchEntry, void, undefined> {
    for await (const item of this) if (item.type === "searchResultEntry") yield item;
  }

  get #isSaturated(): boolean {
    return this.#bufferedBytes >= SEARCH_BUFFER_BYTES;
  }

  #receiver(): Receiver {
    const stream = this;
    return {
      get isSaturated() {
        return stream.#isSaturated;
      },
      get isAwaited() {
        return stream.#waiting !== undefined;
      },
      receive(message, messageBytes, isFinal) {
        if (isFinal) stream.#finish({ done: operationResult(message) });
        else stream.#push(searchItem(message), messageBytes);
      },
      fail(error) {
        stream.#finish({ error });
      },
    };
  }

  #push(item: SearchItem, messageBytes: number): void {
    const waiting = this.#takeWaiting();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value: item });
      return;
    }
    this.#queue.push({ item, messageBytes });
    this.#bufferedBytes += messageBytes;
  }

  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#context.signal?.removeEventListener("abort", this.#onAbort);
    const waiting = this.#takeWaiting();
    if (waiting !== undefined) this.#settleEnd(end).then(waiting.resolve, waiting.reject);
  }

  async #settleEnd(end: End): Promise<IteratorResult<SearchItem, undefined>> {
    if ("error" in end) throw end.error;
    this.#result = end.done;
    expectResult(end.done);
    return { done: true, value: undefined };
  }

  #wait(): Promise<IteratorResult<SearchItem, undefined>> {
    const { connection, timeoutMs } = this.#context;
    const waited = new Promise<IteratorResult<SearchItem, undefined>>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#timer = startTimer(timeoutMs, () => this.#giveUp(timedOut(this.#request, timeoutMs)));
    connection.regulate();
    return waited;
  }

  #takeWaiting() {
    clearTimeout(this.#timer);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  readonly #onAbort = (): void => this.#giveUp(this.#context.signal?.reason);

  #giveUp(error: unknown): void {
    if (this.#end !== undefined || this.#messageId === undefined) return;
    this.#clearQueue();
    this.#finish({ error });
    this.#context.connection.abandon(this.#messageId, abandoned(this.#request));
  }

  #clearQueue(): void {
    this.#queue = [];
    this.#queueHead = 0;
    this.#bufferedBytes = 0;
  }
}

function searchItem(message: LdapMessage): SearchItem {
  const { protocolOp, controls } = message;
  if (protocolOp.type === "searchResultEntry") return new SearchEntry(protocolOp, controls);
  return protocolOp.type === "searchResultReference" ? { ...protocolOp, controls } : intermediate(message);
}
