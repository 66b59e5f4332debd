/** Writing LDIF, RFC 2849, as OpenLDAP's tools write it. */

import { decodeText, encodeText } from "../ber/text.ts";
import { ParseError } from "../error.ts";
import type { Change, Control, PartialAttribute } from "../message/message.ts";
import { encodeBase64 } from "./base64.ts";
import { isAttributeDescription, type LdifRecord } from "./record.ts";

export interface FormatLdifOptions {
  /** Longest line in characters, at least 2; 76 when not given. `Infinity` folds nothing. */
  readonly wrapColumns?: number;
}

const DEFAULT_WRAP_COLUMNS = 76;

/**
 * One record as ASCII text that ends with a newline; an empty line belongs between records.
 *
 * @throws {ParseError} `ERR_LDIF` for what LDIF has no form for: an attribute without values in an entry, a type that is not
 *   an attribute description, a control that is not an OID.
 */
export function formatLdifRecord(record: LdifRecord, options: FormatLdifOptions = {}): string {
  const wrapColumns = options.wrapColumns ?? DEFAULT_WRAP_COLUMNS;
  if (!(wrapColumns >= 2)) throw new RangeError("wrapColumns must be at least 2.");
  const lines = recordLines(record).map((line) => fold(line, wrapColumns));
  return `${lines.join("\n")}\n`;
}

/**
 * A whole file, record by record: each string it gives is to be written as it is. It does not begin with `version: 1`, which slapadd
 * (OpenLDAP 2.5) takes for an entry without a name; readers take a file without it for one of version 1, as they did before RFC 2849.
 */
export async function* writeLdif(
  records: AsyncIterable<LdifRecord> | Iterable<LdifRecord>,
  options: FormatLdifOptions = {},
): AsyncGenerator<string, void, undefined> {
  let separator = "";
  for await (const record of records) {
    yield `${separator}${formatLdifRecord(record, options)}`;
    separator = "\n";
  }
}

function recordLines(record: LdifRecord): string[] {
  const head = textLine("dn", record.dn);
  if (record.type === "content") return [head, ...record.attributes.flatMap(attributeLines)];
  const lines = [head, ...record.controls.map(controlLine)];
  switch (record.type) {
    case "add":
      if (record.attributes.length === 0) throw new ParseError("ERR_LDIF", "An entry to be added needs an attribute.");
      return [...lines, "changetype: add", ...record.attributes.flatMap(attributeLines)];
    case "delete":
      return [...lines, "changetype: delete"];
    case "modify":
      return [...lines, "changetype: modify", ...record.changes.flatMap(changeLines)];
    case "modifyDn":
      lines.push("changetype: modrdn", textLine("newrdn", record.newRdn));
      lines.push(`deleteoldrdn: ${record.deleteOldRdn ? 1 : 0}`);
      if (record.newSuperior !== undefined) lines.push(textLine("newsuperior", record.newSuperior));
      return lines;
  }
}

function attributeLines({ type, values }: PartialAttribute): string[] {
  const name = description(type);
  if (values.length === 0) {
    throw new ParseError(
      "ERR_LDIF",
      `${type} has no values, which LDIF cannot say of an entry; leave the attribute out.`,
    );
  }
  return values.map((value) => valueLine(name, value));
}

function changeLines({ operation, modification }: Change): string[] {
  const name = description(modification.type);
  return [`${operation}: ${name}`, ...modification.values.map((value) => valueLine(name, value)), "-"];
}

function controlLine({ controlType, criticality, controlValue }: Control): string {
  if (!/^[0-9]+(\.[0-9]+)+$/.test(controlType)) {
    throw new ParseError("ERR_LDIF", "A control can only be written with a dotted OID as its type.");
  }
  const name = `control: ${controlType}${criticality ? " true" : ""}`;
  return controlValue === undefined ? name : valueLine(name, controlValue);
}

function description(type: string): string {
  if (!isAttributeDescription(type)) {
    throw new ParseError("ERR_LDIF", `${JSON.stringify(type)} is not an attribute description.`);
  }
  return type;
}

function textLine(name: string, text: string): string {
  return valueLine(name, encodeText(text));
}

/** An empty value has a space behind its colon, as OpenLDAP writes it. */
function valueLine(name: string, value: Uint8Array): string {
  return needsBase64(name, value)
    ? `${name}:: ${encodeBase64(value)}`
    : `${name}: ${decodeText(value, 0, value.length)}`;
}

const passwordAttribute = /^(userPassword|2\.5\.4\.35)(;|$)/i;

/**
 * What is not a SAFE-STRING of RFC 2849, or ends with a space; and, as OpenLDAP has it, every control character and every
 * password, which nobody should read over a shoulder.
 */
function needsBase64(name: string, value: Uint8Array): boolean {
  if (value.length === 0) return false;
  const first = value[0]!;
  if (first === 0x20 || first === 0x3a || first === 0x3c || value[value.length - 1] === 0x20) return true;
  return value.some((byte) => byte < 0x20 || byte > 0x7e) || passwordAttribute.test(name);
}

function fold(line: string, wrapColumns: number): string {
  if (line.length <= wrapColumns) return line;
  const parts = [line.slice(0, wrapColumns)];
  for (let start = wrapColumns; start < line.length; start += wrapColumns - 1) {
    parts.push(line.slice(start, start + wrapColumns - 1));
  }
  return parts.join("\n ");
}
