/** Simple paged results: the same control in the request and in the response. RFC 2696. */
import { SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

/**
 * realSearchControlValue ::= SEQUENCE { size INTEGER (0..maxInt), cookie OCTET STRING }
 *
 * In a request `size` is the number of entries wanted (0 asks only for an estimate, or with a cookie ends the search early)
 * and `cookie` is empty for the first page and the server's last cookie for every other. In the response, which travels
 * with SearchResultDone, `size` is an estimate of the whole result set or 0, and an empty `cookie` says that this was the
 * last page. Every other part of the search request must stay the same from page to page (§3).
 */
export interface PagedResults {
  readonly size: number;
  readonly cookie: Uint8Array;
}

export function pagedResultsControl({ size, cookie }: PagedResults, criticality = false): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    writer.writeInteger(size);
    writer.writeOctets(cookie);
    writer.end(start);
  });
  return { controlType: Oid.pagedResults, criticality, controlValue };
}

/** @throws ParseError `ERR_CONTROL`. */
export function decodePagedResults(control: Control): PagedResults {
  return readControlValue(control, Oid.pagedResults, (reader) => {
    const outer = reader.enter(SEQUENCE);
    const size = reader.readInteger();
    const cookie = reader.readOctets();
    reader.leave(outer);
    return { size, cookie };
  });
}
