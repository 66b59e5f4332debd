/** What the directory answered to a change, as a problem: the password policy's reasons, and what one can do about it. */
import { type PasswordPolicyResponse, ResultCode } from "@espalier/ldap";
import type { OperationError } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { asApiError, ldapProblem } from "../api/problem-of-error.ts";
import { policyResponseOf } from "../sessions/password-notes.ts";
import type { EntryChange } from "./change-set.ts";
import { touchesPassword } from "./password-hash.ts";

/** draft-behera-ldap-password-policy-10 §6.2, in words for who sets the password. */
const reasons: Readonly<Record<NonNullable<PasswordPolicyResponse["error"]>, string>> = {
  passwordExpired: "The password has expired.",
  accountLocked: "The account is locked: unlock it first.",
  changeAfterReset: "The password was reset: its owner must change it before anything else.",
  passwordModNotAllowed: "The password policy does not let people change this password.",
  mustSupplyOldPassword: "The password policy wants the old password together with the new one.",
  insufficientPasswordQuality: "The password is too simple for the password policy.",
  passwordTooShort: "The password is shorter than the password policy allows.",
  passwordTooYoung: "The password was changed too recently: the password policy wants it kept for some time.",
  passwordInHistory: "The password was used before: the password policy wants another one.",
  passwordTooLong: "The password is longer than the password policy allows.",
};

/** Codes that servers without the control refuse a password with. */
const policyCodes: ReadonlySet<number> = new Set([ResultCode.constraintViolation, ResultCode.unwillingToPerform]);

/** What Active Directory means by the Windows error code that its answer begins with, MS-ERREF §2.2. */
const windowsReasons: Readonly<Record<string, string>> = {
  "0000001F": "Active Directory takes passwords over TLS alone.",
  "00000056": "The old password is not right.",
  "0000052D":
    "The password does not suit the domain's policy: it is too short, too simple, too like the name, was used before, or the old one is too new.",
};

export function refusal(error: OperationError, change: EntryChange, node: string): ApiError {
  const ldap = ldapProblem(error, node);
  if (setsPassword(change)) {
    const response = policyResponseOf(error.result);
    if (response?.error !== undefined) {
      const details = {
        reason: response.error,
        ...(response.warning === undefined ? {} : { warning: response.warning }),
      };
      return new ApiError("password_policy", reasons[response.error], { ldap, details, cause: error });
    }
    if (change.type === "password" && policyCodes.has(error.resultCode)) {
      const windowsReason = windowsReasons[error.diagnosticMessage.slice(0, 8).toUpperCase()];
      const said = error.diagnosticMessage === "" ? "it does not say why" : error.diagnosticMessage;
      const title = windowsReason ?? `The directory does not take this password: ${said}.`;
      return new ApiError("password_policy", title, { ldap, cause: error });
    }
  }
  const naming: readonly number[] = [ResultCode.notAllowedOnRdn, ResultCode.namingViolation];
  if (change.type === "modify" && naming.includes(error.resultCode)) {
    const title = "The entry is named by this value: rename the entry instead.";
    return new ApiError("refused_by_directory", title, { ldap, cause: error });
  }
  return asApiError(error, node);
}

export function setsPassword(change: EntryChange): boolean {
  switch (change.type) {
    case "password":
      return true;
    case "add":
      return touchesPassword(change.attributes);
    case "modify":
      return touchesPassword(change.changes.map(({ modification }) => modification));
    default:
      return false;
  }
}
