/** Writes search filters in the string form of RFC 4515 §3, with absolute true and false as RFC 4526 has them. */
import { encodeText } from "../ber/text.ts";
import type { Filter } from "./filter.ts";

/** Nesting is followed without recursion, so a filter of any depth can be written. */
export function formatFilter(filter: Filter): string {
  let text = "";
  const rest: (Filter | ")")[] = [filter];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next === ")") {
      text += ")";
    } else if (next.type === "and" || next.type === "or") {
      text += next.type === "and" ? "(&" : "(|";
      rest.push(")", ...[...next.filters].reverse());
    } else if (next.type === "not") {
      text += "(!";
      rest.push(")", next.filter);
    } else {
      text += `(${formatItem(next)})`;
    }
  }
  return text;
}

type FilterItem = Exclude<Filter, { type: "and" | "or" | "not" }>;

function formatItem(item: FilterItem): string {
  switch (item.type) {
    case "present":
      return `${item.attribute}=*`;
    case "equalityMatch":
      return `${item.attribute}=${escapeFilterValue(item.value)}`;
    case "greaterOrEqual":
      return `${item.attribute}>=${escapeFilterValue(item.value)}`;
    case "lessOrEqual":
      return `${item.attribute}<=${escapeFilterValue(item.value)}`;
    case "approxMatch":
      return `${item.attribute}~=${escapeFilterValue(item.value)}`;
    case "substrings": {
      const pieces = [item.initial ?? empty, ...item.any, item.final ?? empty];
      return `${item.attribute}=${pieces.map(escapeFilterValue).join("*")}`;
    }
    case "extensibleMatch": {
      const dn = item.dnAttributes ? ":dn" : "";
      const rule = item.matchingRule === undefined ? "" : `:${item.matchingRule}`;
      return `${item.attribute ?? ""}${dn}${rule}:=${escapeFilterValue(item.value)}`;
    }
  }
}

const empty = new Uint8Array(0);

/**
 * A value with the escapes it needs inside a filter, for example `\2a` for an asterisk: what text from outside must pass
 * before it becomes part of a filter. Bytes that are not UTF-8 are escaped one by one (RFC 4515 §3, `valueencoding`), and
 * so are control characters.
 */
export function escapeFilterValue(value: string | Uint8Array): string {
  const bytes = typeof value === "string" ? encodeText(value) : value;
  let escaped = "";
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number;
    const length = byte < 0x80 ? 1 : utf8SequenceLength(bytes, at);
    if (length === 0 || (length === 1 && isEscaped[byte] === 1)) {
      escaped += `\\${byte.toString(16).padStart(2, "0")}`;
      at++;
    } else {
      escaped += length === 1 ? String.fromCharCode(byte) : utf8.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return escaped;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const isEscaped = Uint8Array.from({ length: 0x80 }, (_, byte) =>
  byte < 0x20 || byte === 0x7f || "()*\\".includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** The number of bytes of the UTF-8 sequence of one character above ASCII at `at`; 0 where there is none. */
function utf8SequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  try {
    return utf8.decode(bytes.subarray(at, at + length)).length > 0 ? length : 0;
  } catch {
    return 0;
  }
}
