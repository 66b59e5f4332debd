/** Password policy: why a bind or a password change was refused, or will soon be. draft-behera-ldap-password-policy-10 §6. */
import { CONTEXT, CONTEXT_CONSTRUCTED, SEQUENCE, tagText } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import { ParseError } from "../error.ts";
import type { Control } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkNoControlValue, readControlValue } from "./control-value.ts";

const WARNING = CONTEXT_CONSTRUCTED | 0;
const TIME_BEFORE_EXPIRATION = CONTEXT | 0;
const GRACE_AUTHNS_REMAINING = CONTEXT | 1;
const ERROR = CONTEXT | 1;

/** The index is the value on the wire; the last is OpenLDAP's. */
const passwordPolicyErrors = [
  "passwordExpired",
  "accountLocked",
  "changeAfterReset",
  "passwordModNotAllowed",
  "mustSupplyOldPassword",
  "insufficientPasswordQuality",
  "passwordTooShort",
  "passwordTooYoung",
  "passwordInHistory",
  "passwordTooLong",
] as const;

export type PasswordPolicyError = (typeof passwordPolicyErrors)[number];

export type PasswordPolicyWarning =
  | { readonly type: "timeBeforeExpiration"; readonly seconds: number }
  | { readonly type: "graceAuthNsRemaining"; readonly count: number };

/** Both `undefined` when there is nothing to say, which is what an accepted bind mostly gets: `30 00`. */
export interface PasswordPolicyResponse {
  readonly warning: PasswordPolicyWarning | undefined;
  readonly error: PasswordPolicyError | undefined;
}

/** The request, with a bind or a password change; it has no value. SSSD and pam_ldap send it with every bind. */
export function passwordPolicyControl(criticality = false): Control {
  return { controlType: Oid.passwordPolicy, criticality, controlValue: undefined };
}

/** @throws ParseError `ERR_CONTROL` when the request has a value. */
export function decodePasswordPolicy(control: Control): void {
  checkNoControlValue(control, Oid.passwordPolicy);
}

/**
 * PasswordPolicyResponseValue ::= SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0] INTEGER, graceAuthNsRemaining [1]
 * INTEGER } OPTIONAL, error [1] ENUMERATED OPTIONAL }. A server sends it only to a client that sent the request control.
 */
export function passwordPolicyResponseControl({ warning, error }: PasswordPolicyResponse): Control {
  const controlValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    if (warning !== undefined) {
      const choice = writer.begin(WARNING);
      if (warning.type === "timeBeforeExpiration") writer.writeInteger(warning.seconds, TIME_BEFORE_EXPIRATION);
      else writer.writeInteger(warning.count, GRACE_AUTHNS_REMAINING);
      writer.end(choice);
    }
    if (error !== undefined) writer.writeEnumerated(passwordPolicyErrors.indexOf(error), ERROR);
    writer.end(start);
  });
  return { controlType: Oid.passwordPolicy, criticality: false, controlValue };
}

/** @throws ParseError `ERR_CONTROL`, also for an error number that is not known. */
export function decodePasswordPolicyResponse(control: Control): PasswordPolicyResponse {
  return readControlValue(control, Oid.passwordPolicy, (reader) => {
    const outer = reader.enter(SEQUENCE);
    let warning: PasswordPolicyWarning | undefined;
    if (reader.peek() === WARNING) {
      const outerWarning = reader.enter(WARNING);
      const tag = reader.peek();
      if (tag === TIME_BEFORE_EXPIRATION) warning = { type: "timeBeforeExpiration", seconds: reader.readInteger(tag) };
      else if (tag === GRACE_AUTHNS_REMAINING)
        warning = { type: "graceAuthNsRemaining", count: reader.readInteger(tag) };
      else throw new ParseError("ERR_BER_TAG", tag < 0 ? "the warning is empty" : `${tagText(tag)} is not a warning`);
      reader.leave(outerWarning);
    }
    let error: PasswordPolicyError | undefined;
    if (reader.peek() === ERROR) {
      const number = reader.readEnumerated(ERROR);
      error = passwordPolicyErrors[number];
      if (error === undefined) throw new ParseError("ERR_BER_VALUE", `${number} is not a password policy error`);
    }
    reader.leave(outer);
    return { warning, error };
  });
}
