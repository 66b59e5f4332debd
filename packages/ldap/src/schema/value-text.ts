/** Attribute values as text. RFC 4511 §4.1.5: a value is bytes; most syntaxes make them UTF-8. */
import { decodeText } from "../ber/text.ts";

/** `undefined` for bytes that are not UTF-8. */
export function valueText(value: Uint8Array): string | undefined {
  try {
    return decodeText(value, 0, value.length);
  } catch {
    return undefined;
  }
}

/** The bytes one character each, for keys that must tell any two values apart. */
export function valueBinaryText(value: Uint8Array): string {
  let text = "";
  // Argument lists have a limit; 4096 is well below that of every engine.
  for (let at = 0; at < value.length; at += 4096) text += String.fromCharCode(...value.subarray(at, at + 4096));
  return text;
}
