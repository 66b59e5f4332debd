/** A value that is read from its first byte to its last, or refused. */
import { ParseError, type ParseErrorCode } from "../error.ts";
import { BerReader } from "./reader.ts";

/**
 * Reads all of `bytes`. `what` names them in the error: "value of control 1.2.3".
 *
 * @throws ParseError `code`, for what `read` cannot read (which is the cause) and for bytes that it leaves over.
 */
export function readWholeValue<Value>(
  bytes: Uint8Array,
  code: ParseErrorCode,
  what: string,
  read: (reader: BerReader) => Value,
): Value {
  const reader = new BerReader(bytes);
  let value: Value;
  try {
    value = read(reader);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ParseError(code, `The ${what} cannot be read: ${error.message}`, {
      ...(error.offset === undefined ? {} : { offset: error.offset }),
      cause: error,
    });
  }
  if (reader.more) throw new ParseError(code, `The ${what} goes on after its end`, { offset: reader.offset });
  return value;
}
