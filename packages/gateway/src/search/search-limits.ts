/** The limits a search request states. RFC 4511 §4.5.1.4 and §4.5.1.5. */
import type { SearchRequest } from "@espalier/ldap";

export class SearchLimits {
  readonly #entries: number;
  readonly #deadline: number;

  /** @param sentBefore entries on earlier pages: RFC 2696 §3 counts them against the size limit. */
  constructor(request: SearchRequest, sentBefore: number) {
    this.#entries = request.sizeLimit > 0 ? request.sizeLimit - sentBefore : Number.POSITIVE_INFINITY;
    this.#deadline = request.timeLimit > 0 ? performance.now() + request.timeLimit * 1000 : Number.POSITIVE_INFINITY;
  }

  /** Whether one more entry may be sent after `sent` of them. */
  allows(sent: number): boolean {
    return sent < this.#entries;
  }

  isOverTime(): boolean {
    return this.#deadline !== Number.POSITIVE_INFINITY && performance.now() > this.#deadline;
  }
}
