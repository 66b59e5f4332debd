/** Controls on the wire. RFC 4511 §4.1.11. */
import type { BerReader } from "../ber/reader.ts";
import { BOOLEAN, CONTEXT_CONSTRUCTED, OCTET_STRING, SEQUENCE } from "../ber/tag.ts";
import type { BerWriter } from "../ber/writer.ts";
import type { Control } from "./message.ts";

/** `controls [0]` of LDAPMessage. */
export const CONTROLS = CONTEXT_CONSTRUCTED | 0;

export const noControls: readonly Control[] = Object.freeze([]);

/** Controls ::= [0] SEQUENCE OF control Control */
export function readControls(reader: BerReader): readonly Control[] {
  const outer = reader.enter(CONTROLS);
  const controls: Control[] = [];
  while (reader.more) {
    const outerControl = reader.enter(SEQUENCE);
    const controlType = reader.readName();
    const criticality = reader.peek() === BOOLEAN ? reader.readBoolean() : false;
    const controlValue = reader.peek() === OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outerControl);
    controls.push({ controlType, criticality, controlValue });
  }
  reader.leave(outer);
  return controls;
}

/** Writes nothing for no controls. `criticality` is left out when false: it is the DEFAULT (§5.1). */
export function writeControls(writer: BerWriter, controls: readonly Control[]): void {
  if (controls.length === 0) return;
  const all = writer.begin(CONTROLS);
  for (const control of controls) {
    const one = writer.begin(SEQUENCE);
    writer.writeText(control.controlType);
    if (control.criticality) writer.writeBoolean(true);
    if (control.controlValue !== undefined) writer.writeOctets(control.controlValue);
    writer.end(one);
  }
  writer.end(all);
}
