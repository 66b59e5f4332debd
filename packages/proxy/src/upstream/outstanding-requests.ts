/** Whose answer each message id of an upstream connection is. RFC 4511 §4.1.1.1, §4.11. */
import { OpTag } from "@espalier/ldap";
import type { ResponseReceiver } from "./response-receiver.ts";

/** A request that was sent. */
export interface UpstreamRequest {
  readonly id: number;
  readonly opTag: number;
  /** The tag of the response that ends it. */
  readonly finalTag: number;
  /** How many bytes were queued on the connection before it. */
  readonly position: number;
  /** `undefined` when nobody wants the answers that may come: it was abandoned, or was to show no more than that there are any. */
  receiver: ResponseReceiver | undefined;
}

/** By the tag of a request, the tag of its final response; RFC 4511 §4.2 to §4.12. 0 for what has no response. */
export const finalTags = new Uint8Array(256);
for (const [request, response] of [
  [OpTag.bindRequest, OpTag.bindResponse],
  [OpTag.searchRequest, OpTag.searchResultDone],
  [OpTag.modifyRequest, OpTag.modifyResponse],
  [OpTag.addRequest, OpTag.addResponse],
  [OpTag.delRequest, OpTag.delResponse],
  [OpTag.modifyDnRequest, OpTag.modifyDnResponse],
  [OpTag.compareRequest, OpTag.compareResponse],
  [OpTag.extendedRequest, OpTag.extendedResponse],
] as const) {
  finalTags[request] = response;
}

/** Whether a response with this tag, not the final one, can belong to a request: RFC 4511 §4.5.2, §4.13. */
export function isIntermediate(requestTag: number, responseTag: number): boolean {
  if (responseTag === OpTag.intermediateResponse) return true;
  if (requestTag !== OpTag.searchRequest) return false;
  return responseTag === OpTag.searchResultEntry || responseTag === OpTag.searchResultReference;
}

/** The ids of one encoded width. They are given out in turn, so that each rests as long as it can. */
class IdRange {
  readonly first: number;
  readonly #requests: (UpstreamRequest | undefined)[];
  #last = 0;
  #used = 0;

  constructor(first: number, count: number) {
    this.first = first;
    this.#requests = new Array<UpstreamRequest | undefined>(count).fill(undefined);
  }

  /** 0 when all are in use. */
  next(): number {
    const requests = this.#requests;
    const { length } = requests;
    if (this.#used === length) return 0;
    do this.#last = this.#last + 1 === length ? 0 : this.#last + 1;
    while (requests[this.#last] !== undefined);
    return this.first + this.#last;
  }

  get(id: number): UpstreamRequest | undefined {
    return this.#requests[id - this.first];
  }

  add(request: UpstreamRequest): void {
    this.#requests[request.id - this.first] = request;
    this.#used++;
  }

  delete(id: number): void {
    this.#requests[id - this.first] = undefined;
    this.#used--;
  }

  list(): UpstreamRequest[] {
    return this.#requests.filter((request) => request !== undefined);
  }
}

/** Of the wider ids a part is enough. What a connection has outstanding at once is limited by it: 12,415 requests. */
const WINDOW = 4096;

/** The smallest id of each encoded width. */
const firstIds = [0x01, 0x80, 0x8000, 0x800000];

/**
 * An id is in use until the final response came. That of an abandoned request too: a backend need not honour an abandon, and
 * its answer would be taken for another's. Only a bind ends everything before it (RFC 4511 §4.2.1), see `releaseAbandoned`.
 */
export class OutstandingRequests {
  /** By encoded width - 1. The wider ones cost nothing until they are used. */
  readonly #ranges: (IdRange | undefined)[] = [new IdRange(1, 127), undefined, undefined, undefined];
  /** Requests that somebody waits for, and those that nobody does. */
  count = 0;
  abandonedCount = 0;

  /** A free id that is encoded in `width` octets, or in more where none is free; 0 when there is none at all. */
  nextId(width: number): number {
    for (let at = width - 1; at < firstIds.length; at++) {
      this.#ranges[at] ??= new IdRange(firstIds[at]!, WINDOW);
      const id = this.#ranges[at]!.next();
      if (id !== 0) return id;
    }
    return 0;
  }

  get(id: number): UpstreamRequest | undefined {
    return this.#rangeOf(id)?.get(id);
  }

  add(request: UpstreamRequest): void {
    this.#rangeOf(request.id)?.add(request);
    if (request.receiver === undefined) this.abandonedCount++;
    else this.count++;
  }

  /** The final response came. */
  delete(request: UpstreamRequest): void {
    this.#rangeOf(request.id)?.delete(request.id);
    if (request.receiver === undefined) this.abandonedCount--;
    else this.count--;
  }

  /** Nobody waits for it any longer. */
  abandon(request: UpstreamRequest): void {
    request.receiver = undefined;
    this.count--;
    this.abandonedCount++;
  }

  /** A bind was answered: nothing that was abandoned before it is answered any more. */
  releaseAbandoned(): void {
    if (this.abandonedCount === 0) return;
    for (const request of this.#list()) if (request.receiver === undefined) this.delete(request);
  }

  /** Forgets all of them, and returns them in the order in which they were sent. */
  clear(): UpstreamRequest[] {
    const requests = this.#list();
    for (const request of requests) this.delete(request);
    return requests;
  }

  #list(): UpstreamRequest[] {
    return this.#ranges.flatMap((range) => range?.list() ?? []).sort((a, b) => a.position - b.position);
  }

  #rangeOf(id: number): IdRange | undefined {
    return this.#ranges[id < 0x80 ? 0 : id < 0x8000 ? 1 : id < 0x800000 ? 2 : 3];
  }
}
