/** What the API answers when it does not do what it was asked: problem details, RFC 9457, with the LDAP result where there is one. */
import { z } from "zod";

/** Stable; programs match these. */
export const problemCodes = [
  /** 400: what was sent is not what the route takes. `errors` says where. */
  "invalid_request",
  /** 401 */
  "not_signed_in",
  "wrong_credentials",
  "second_factor_needed",
  /** 403 */
  "not_allowed",
  "read_only",
  "wrong_origin",
  /** Signed in, but not to this cluster. */
  "not_connected",
  /** 404 */
  "no_such_cluster",
  "no_such_entry",
  "not_found",
  /** 409: the entry is not as it was read. `conflict` shows both. */
  "conflict",
  "already_exists",
  "not_empty",
  /** 410: a cursor, a job or a change that is no longer kept. */
  "gone",
  /** 413 */
  "too_large",
  "unsupported_media_type",
  /** 422: the directory refused it; `ldap` says why. */
  "refused_by_directory",
  "password_policy",
  /** 429 */
  "too_many_requests",
  /** 500 */
  "internal",
  /** 502: the connection was lost while the directory had the write: it may have been done. */
  "in_doubt",
  /** 503: no node answers, or the store is away. Nothing was done. */
  "unavailable",
  /** 504 */
  "timed_out",
] as const;

export type ProblemCode = (typeof problemCodes)[number];

const statusOf: Readonly<Record<ProblemCode, number>> = {
  invalid_request: 400,
  not_signed_in: 401,
  wrong_credentials: 401,
  second_factor_needed: 401,
  not_allowed: 403,
  read_only: 403,
  wrong_origin: 403,
  not_connected: 403,
  no_such_cluster: 404,
  no_such_entry: 404,
  not_found: 404,
  conflict: 409,
  already_exists: 409,
  not_empty: 409,
  gone: 410,
  too_large: 413,
  unsupported_media_type: 415,
  refused_by_directory: 422,
  password_policy: 422,
  too_many_requests: 429,
  internal: 500,
  in_doubt: 502,
  unavailable: 503,
  timed_out: 504,
};

const ldapResultSchema = z
  .object({
    code: z.number().int().describe("RFC 4511 §4.1.9"),
    name: z.string().describe("As the RFC spells it: `noSuchObject`."),
    diagnosticMessage: z.string(),
    matchedDn: z.string().optional(),
    node: z.string().optional().describe("Which node said so."),
  })
  .describe("What the directory answered.");

export const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    status: z.number().int(),
    code: z.enum(problemCodes),
    title: z.string().describe("A sentence for a person: what is wrong, and what to do."),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("Each place in the request that is wrong."),
    ldap: ldapResultSchema.optional(),
    retryAfter: z.number().optional().describe("Seconds to wait."),
    details: z.record(z.string(), z.unknown()).optional().describe("More, by code: the conflict, the second factors."),
  })
  .describe("RFC 9457 problem details, sent as `application/problem+json`.");

export type Problem = z.output<typeof problemSchema>;
export type LdapProblem = z.output<typeof ldapResultSchema>;

/** Thrown by whatever answers a request; the server sends it as problem details. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ProblemCode;
  readonly extra: Partial<Pick<Problem, "errors" | "ldap" | "retryAfter" | "details">>;

  /** @param title a sentence for a person, without secrets */
  constructor(
    code: ProblemCode,
    title: string,
    {
      cause,
      ...extra
    }: Partial<Pick<Problem, "errors" | "ldap" | "retryAfter" | "details">> & { cause?: unknown } = {},
  ) {
    super(title, cause === undefined ? undefined : { cause });
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return statusOf[this.code];
  }

  toProblem(): Problem {
    return { type: "about:blank", status: this.status, code: this.code, title: this.message, ...this.extra };
  }
}
