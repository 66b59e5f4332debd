/** What a directory says of somebody's password when they bind. draft-behera-ldap-password-policy-10 §6. */
import { decodePasswordPolicyResponse, findControl, Oid, type PasswordPolicyResponse } from "@espalier/ldap";
import type { OperationResult } from "@espalier/ldap/client";
import { z } from "zod";

export const passwordNotesSchema = z
  .object({
    mustChange: z.boolean().describe("Nothing else is allowed until it is changed."),
    expiresInSeconds: z.number().int().optional(),
    graceLeft: z.number().int().optional().describe("It has expired, and signs in this many times more."),
  })
  .describe("What the directory says of the password.");

export type PasswordNotes = z.output<typeof passwordNotesSchema>;

/** `undefined` where the directory said nothing. */
export function passwordNotesOf(result: OperationResult): PasswordNotes | undefined {
  const response = policyResponseOf(result);
  if (response === undefined) return undefined;
  const { error, warning } = response;
  if (error === undefined && warning === undefined) return undefined;
  return {
    mustChange: error === "changeAfterReset",
    ...(warning?.type === "timeBeforeExpiration" ? { expiresInSeconds: warning.seconds } : {}),
    ...(warning?.type === "graceAuthNsRemaining" ? { graceLeft: warning.count } : {}),
  };
}

/** Whether a bind was refused for nothing but the age of the password: it was the right one, and has no grace left. */
export function isExpired(result: OperationResult): boolean {
  return policyResponseOf(result)?.error === "passwordExpired";
}

/** What a server says of the password policy beside a result. */
export function policyResponseOf(result: OperationResult): PasswordPolicyResponse | undefined {
  const control = findControl(result.controls, Oid.passwordPolicy);
  if (control === undefined) return undefined;
  try {
    return decodePasswordPolicyResponse(control);
  } catch {
    // It is advice, and the result counts without it.
    return undefined;
  }
}
