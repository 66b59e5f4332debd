/** Subentries: a search for subentries only, or for everything but. RFC 3672 §3. */
import { encodeBer } from "../ber/writer.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { readControlValue } from "./control-value.ts";

/** `visible`: true searches the subentries and nothing else, false searches all other entries. The value is a BOOLEAN. */
export function subentriesControl(visible: boolean, criticality = true): Control {
  return {
    controlType: Oid.subentries,
    criticality,
    controlValue: encodeBer((writer) => writer.writeBoolean(visible)),
  };
}

/** Whether subentries are visible. @throws ParseError `ERR_CONTROL`. */
export function decodeSubentries(control: Control): boolean {
  return readControlValue(control, Oid.subentries, (reader) => reader.readBoolean());
}
