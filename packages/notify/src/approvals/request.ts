/** What asking programs send: the request for an approval, and that of the protocol that the system before spoke. */
import { z } from "zod";
import type { ApprovalRequest } from "./approval.ts";

/** One line that a person will read: without controls, and without what turns the direction of writing. */
const line = (maxLength: number) =>
  z
    .string()
    .max(maxLength, `must have ${maxLength} characters at most`)
    .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]*$/u, "must be one line of text");

const username = line(256).refine((text) => text.trim() !== "", "must not be empty");

const context = {
  realm: line(512).default(""),
  service: line(64).default("ldap"),
  address: line(64).default(""),
};

const approvalRequest: z.ZodType<ApprovalRequest> = z.strictObject({ username, ...context });

/** Programs of that protocol send a title, a body and actions, too. They say the same every time. */
const oldRequest = z.object({
  username,
  apikey: z.string().max(1_000).optional(),
  context: z.object(context).prefault({}),
});

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export function parseApprovalRequest(body: unknown): Parsed<ApprovalRequest> {
  return parsed(approvalRequest, body);
}

export interface OldRequest {
  readonly request: ApprovalRequest;
  readonly apiKey: string | undefined;
}

export function parseOldRequest(body: unknown): Parsed<OldRequest> {
  const result = parsed(oldRequest, body);
  if ("problem" in result) return result;
  const { username, apikey, context } = result.value;
  return { value: { request: { username, ...context }, apiKey: apikey } };
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): Parsed<T> {
  const { success, data, error } = schema.safeParse(body);
  if (success) return { value: data };
  const [issue] = error.issues;
  const path = issue?.path.join(".") ?? "";
  return { problem: `${path === "" ? "the body" : path}: ${issue?.message ?? "is not valid"}` };
}
