/** The assertion control, RFC 4528: an operation goes on only if the entry it is about matches. */
import {
  type Control,
  compileFilter,
  decodeAssertion,
  type Filter,
  LdapError,
  Oid,
  ParseError,
  ResultCode,
  type Schema,
} from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import { EntryTarget } from "./entry-target.ts";

/** @throws LdapError `assertionFailed`, or `protocolError` for a control that cannot be read */
export function checkAssertion(controls: readonly Control[], entry: Entry, schema: Schema): void {
  const control = controls.find(({ controlType }) => controlType === Oid.assertion);
  if (!control) return;
  const target = new EntryTarget();
  target.entry = entry;
  if (compileFilter(assertedFilter(control), schema)(target) !== true) throw new LdapError(ResultCode.assertionFailed);
}

function assertedFilter(control: Control): Filter {
  try {
    return decodeAssertion(control);
  } catch (error) {
    if (error instanceof ParseError) throw new LdapError(ResultCode.protocolError, error.message);
    throw error;
  }
}
