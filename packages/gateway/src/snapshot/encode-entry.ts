/** Entry content as the bytes that are sent: a SearchResultEntry (RFC 4511 §4.5.2), with its operational attributes behind. */
import type { ContentAttribute, EntryContent } from "../tree/entry-content.ts";

export interface EncodedEntry {
  /** A view into memory that the next call overwrites. */
  readonly bytes: Uint8Array;
  /** Where the SearchResultEntry with the user attributes ends; operational attributes follow, as PartialAttributes. */
  readonly userEnd: number;
}

const searchResultEntryTag = 0x64;
const sequenceTag = 0x30;
const setTag = 0x31;
const octetStringTag = 0x04;

let scratch = Buffer.allocUnsafe(64 * 1024);
let at = 0;

export function encodeEntry(content: EntryContent): EncodedEntry {
  at = 0;
  const entry = begin(searchResultEntryTag);
  octetString(content.dn);
  const list = begin(sequenceTag);
  for (const attribute of content.attributes) partialAttribute(attribute);
  end(list);
  end(entry);
  const userEnd = at;
  for (const attribute of content.operational) partialAttribute(attribute);
  return { bytes: scratch.subarray(0, at), userEnd };
}

function partialAttribute([type, values]: ContentAttribute): void {
  const attribute = begin(sequenceTag);
  octetString(type);
  const set = begin(setTag);
  for (const value of values) octetString(value);
  end(set);
  end(attribute);
}

function octetString(text: string): void {
  reserve(text.length * 3 + 6);
  const start = begin(octetStringTag);
  at += scratch.write(text, at);
  end(start);
}

/** Starts a TLV with room for a one-octet length; {@link end} moves the contents when the length needs more. */
function begin(tag: number): number {
  reserve(8);
  scratch[at] = tag;
  at += 2;
  return at;
}

function end(start: number): void {
  const length = at - start;
  if (length < 0x80) {
    scratch[start - 1] = length;
    return;
  }
  const octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  reserve(octets);
  scratch.copyWithin(start + octets, start, at);
  scratch[start - 1] = 0x80 | octets;
  for (let i = 0; i < octets; i++) scratch[start + i] = length >>> (8 * (octets - 1 - i));
  at += octets;
}

function reserve(octets: number): void {
  if (at + octets <= scratch.length) return;
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + octets));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
