/** ManageDsaIT: treat referral objects (and other knowledge) as ordinary entries. RFC 3296 §3. */
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkNoControlValue } from "./control-value.ts";

/** Has no value. A server without referral objects has nothing to do differently, and may say that it supports it. */
export function manageDsaITControl(criticality = true): Control {
  return { controlType: Oid.manageDsaIT, criticality, controlValue: undefined };
}

/** @throws ParseError `ERR_CONTROL` when it has a value. */
export function decodeManageDsaIT(control: Control): void {
  checkNoControlValue(control, Oid.manageDsaIT);
}
