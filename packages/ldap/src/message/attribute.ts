/** Attributes, text lists and octet lists on the wire. RFC 4511 §4.1.5, §4.1.7. */
import type { BerReader } from "../ber/reader.ts";
import { SEQUENCE, SET } from "../ber/tag.ts";
import type { BerWriter } from "../ber/writer.ts";
import type { PartialAttribute } from "./message.ts";

/** PartialAttribute ::= SEQUENCE { type AttributeDescription, vals SET OF value AttributeValue } */
export function readPartialAttribute(reader: BerReader): PartialAttribute {
  const outer = reader.enter(SEQUENCE);
  const type = reader.readName();
  const values: Uint8Array[] = [];
  const outerValues = reader.enter(SET);
  while (reader.more) values.push(reader.readOctets());
  reader.leave(outerValues);
  reader.leave(outer);
  return { type, values };
}

export function writePartialAttribute(writer: BerWriter, attribute: PartialAttribute): void {
  const whole = writer.begin(SEQUENCE);
  writer.writeText(attribute.type);
  const values = writer.begin(SET);
  for (const value of attribute.values) writer.writeOctets(value);
  writer.end(values);
  writer.end(whole);
}

/** PartialAttributeList and AttributeList ::= SEQUENCE OF PartialAttribute */
export function readAttributeList(reader: BerReader): PartialAttribute[] {
  const attributes: PartialAttribute[] = [];
  const outer = reader.enter(SEQUENCE);
  while (reader.more) attributes.push(readPartialAttribute(reader));
  reader.leave(outer);
  return attributes;
}

export function writeAttributeList(writer: BerWriter, attributes: readonly PartialAttribute[]): void {
  const list = writer.begin(SEQUENCE);
  for (const attribute of attributes) writePartialAttribute(writer, attribute);
  writer.end(list);
}
