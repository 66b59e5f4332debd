/** The first component of a schema definition, for the first-component rules of RFC 4517 §4.2.18 and §4.2.25. */
import { encodeText } from "../../ber/text.ts";
import { valueText } from "../value-text.ts";

/** `2.5.4.3` of `( 2.5.4.3 NAME 'cn' … )`; `undefined` when there is no parenthesis with a word behind it. */
export function firstComponent(value: Uint8Array): Uint8Array | undefined {
  const text = valueText(value);
  const found = text === undefined ? null : /^\s*\(\s*'?([^\s'()$]+)/.exec(text);
  return found?.[1] === undefined ? undefined : encodeText(found[1]);
}
