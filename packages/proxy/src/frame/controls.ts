/** The controls of a message: read without decoding it, and added to it. RFC 4511 §4.1.11. */
import { BerReader, BerTag, type Control, encodeBer } from "@espalier/ldap";
import { allocateMessage, headerBytes, putHeader } from "./envelope.ts";
import type { Frame } from "./frame.ts";

/** `controls [0]` of LDAPMessage. */
const CONTROLS = BerTag.CONTEXT_CONSTRUCTED | 0;

export interface ControlHeader {
  /** The OID. */
  readonly controlType: string;
  readonly criticality: boolean;
  /** A view into `frame.bytes`; `undefined` when absent, which is not the same as empty. */
  readonly value: Uint8Array | undefined;
}

const noControls: readonly ControlHeader[] = Object.freeze([]);

/** @throws ParseError for controls that cannot be read. */
export function readControls(frame: Frame): readonly ControlHeader[] {
  const { bytes, opEnd, end } = frame;
  if (opEnd === end || bytes[opEnd] !== CONTROLS) return noControls;
  const reader = new BerReader(bytes, opEnd, end);
  reader.enter(CONTROLS);
  const controls: ControlHeader[] = [];
  while (reader.more) {
    const outer = reader.enter(BerTag.SEQUENCE);
    const controlType = reader.readName();
    const criticality = reader.peek() === BerTag.BOOLEAN ? reader.readBoolean() : false;
    const value = reader.peek() === BerTag.OCTET_STRING ? reader.readOctets() : undefined;
    reader.leave(outer);
    controls.push({ controlType, criticality, value });
  }
  return controls;
}

/** One Control as `withControl` takes it: encoded once, added to many messages. */
export function encodeControl({ controlType, criticality, controlValue }: Control): Uint8Array {
  return encodeBer((writer) => {
    const control = writer.begin(BerTag.SEQUENCE);
    writer.writeText(controlType);
    if (criticality) writer.writeBoolean(true);
    if (controlValue !== undefined) writer.writeOctets(controlValue);
    writer.end(control);
  });
}

/**
 * A copy of the message under `messageId`, with `encodedControl` behind the controls it has.
 *
 * @throws ParseError where what follows the protocolOp is not a whole list of controls.
 */
export function withControl(frame: Frame, messageId: number, encodedControl: Uint8Array): Uint8Array {
  const { bytes, opStart, opEnd, end } = frame;
  // As the client's controls end where theirs do, and not where the message does: bytes behind them are ignored (§4).
  let controlsStart = end;
  let controlsEnd = end;
  if (opEnd < end && bytes[opEnd] === CONTROLS) {
    const reader = new BerReader(bytes, opEnd, end);
    controlsEnd = reader.readHeader(CONTROLS);
    controlsStart = reader.offset;
  }
  const opBytes = opEnd - opStart;
  const kept = controlsEnd - controlsStart;
  const controlsBytes = kept + encodedControl.length;
  const restBytes = opBytes + headerBytes(controlsBytes) + controlsBytes;
  const message = allocateMessage(messageId, restBytes);
  let at = message.length - restBytes;
  message.set(bytes.subarray(opStart, opEnd), at);
  at = putHeader(message, at + opBytes, CONTROLS, controlsBytes);
  if (kept > 0) message.set(bytes.subarray(controlsStart, controlsEnd), at);
  message.set(encodedControl, at + kept);
  return message;
}
