/** What the operations of this folder share: a value that is read whole or refused. RFC 4511 §4.12. */
import type { BerReader } from "../ber/reader.ts";
import { readWholeValue } from "../ber/whole-value.ts";
import { ParseError } from "../error.ts";

/**
 * Reads requestValue or responseValue, all of it. `what` names it in the error: "Cancel request".
 *
 * @throws ParseError `ERR_MESSAGE` for no value and for one that `read` cannot read.
 */
export function readExtendedValue<Value>(
  value: Uint8Array | undefined,
  what: string,
  read: (reader: BerReader) => Value,
): Value {
  if (value === undefined) throw new ParseError("ERR_MESSAGE", `The ${what} has no value and needs one`);
  return readWholeValue(value, "ERR_MESSAGE", `value of the ${what}`, read);
}

/** @throws ParseError `ERR_MESSAGE` when the operation has another name. */
export function checkName(found: string | undefined, expected: string, what: string): void {
  if (found !== expected) {
    throw new ParseError("ERR_MESSAGE", `Expected a ${what} (${expected}) and found ${found ?? "no name"}`);
  }
}
