/** What the controls of this folder share: finding one, and a value that is read whole or refused. RFC 4511 §4.1.11. */
import type { BerReader } from "../ber/reader.ts";
import { readWholeValue } from "../ber/whole-value.ts";
import { ParseError } from "../error.ts";
import type { Control } from "../message/message.ts";

/** The first control of this OID, or `undefined`. */
export function findControl(controls: readonly Control[], controlType: string): Control | undefined {
  return controls.find((control) => control.controlType === controlType);
}

/**
 * Reads a control's value, all of it.
 *
 * @throws ParseError `ERR_CONTROL` for another control, one without a value, and a value that `read` cannot read.
 */
export function readControlValue<Value>(
  control: Control,
  controlType: string,
  read: (reader: BerReader) => Value,
): Value {
  checkControlType(control, controlType);
  if (control.controlValue === undefined) {
    throw new ParseError("ERR_CONTROL", `Control ${controlType} has no value and needs one`);
  }
  return readWholeValue(control.controlValue, "ERR_CONTROL", `value of control ${controlType}`, read);
}

/** @throws ParseError `ERR_CONTROL` for another control. */
export function checkControlType(control: Control, controlType: string): void {
  if (control.controlType !== controlType) {
    throw new ParseError("ERR_CONTROL", `Expected control ${controlType} and found ${control.controlType}`);
  }
}

/** @throws ParseError `ERR_CONTROL` for another control, or one that has a value although its RFC says it has none. */
export function checkNoControlValue(control: Control, controlType: string): void {
  checkControlType(control, controlType);
  if (control.controlValue !== undefined) {
    throw new ParseError("ERR_CONTROL", `Control ${controlType} has a value and must not have one`);
  }
}
