/**
 * The values of an attribute in one cell, so that every value comes back as it was: values are parted by `;`, and a `;` or
 * `\` within a value has a `\` before it. Bytes that are not text are `{base64}` and their base64; so is the empty value,
 * with nothing behind it. Text that begins like that has a `\` before it.
 */
import { valueJson } from "../api/value.ts";

const marker = "{base64}";

export function formatCell(description: string, values: readonly Uint8Array[]): string {
  return values.map((value) => formatValue(description, value)).join(";");
}

function formatValue(description: string, value: Uint8Array): string {
  if (value.length === 0) return marker;
  const shown = valueJson(description, value, { revealsSecrets: true });
  if (typeof shown !== "string") return marker + Buffer.from(value).toString("base64");
  const escaped = shown.replaceAll(/[\\;]/g, "\\$&");
  return escaped.startsWith(marker) ? `\\${escaped}` : escaped;
}

/** Nothing between two `;` is no value. A `\` before anything else stands for itself. @throws RangeError for what is not base64 */
export function parseCell(cell: string): Uint8Array[] {
  const values: Uint8Array[] = [];
  let text = "";
  let isMarked = cell.startsWith(marker);
  for (let at = 0; at <= cell.length; at += 1) {
    const character = cell[at];
    if (character === undefined || character === ";") {
      if (text !== "") values.push(isMarked ? base64Bytes(text.slice(marker.length)) : new TextEncoder().encode(text));
      text = "";
      isMarked = cell.startsWith(marker, at + 1);
    } else if (character === "\\" && ["\\", ";", "{"].includes(cell[at + 1] ?? "")) {
      at += 1;
      text += cell[at];
    } else {
      text += character;
    }
  }
  return values;
}

function base64Bytes(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new RangeError(`what follows ${marker} is not base64`);
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}
