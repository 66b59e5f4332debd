/** Why a search gave less than there is. */
import { type LdapResult, ResultCode } from "@espalier/ldap";

export interface Shortfall {
  /** A sentence. */
  readonly problem: string;
  /** The server stopped at a limit of its own. */
  readonly isLimit: boolean;
}

const limits: Readonly<Record<number, string>> = {
  [ResultCode.sizeLimitExceeded]:
    "The server gives no more entries than its size limit for you allows: narrow the search, or have the limit raised.",
  [ResultCode.adminLimitExceeded]:
    "The search is larger than the server's administrative limits allow: narrow it, or have the limit raised.",
  [ResultCode.timeLimitExceeded]:
    "The server stopped at its time limit: narrow the search, or search by an indexed attribute.",
};

/** `undefined` for a result that is a failure, and not an incomplete answer. */
export function shortfallOf({ resultCode, referral }: LdapResult): Shortfall | undefined {
  const limit = limits[resultCode];
  if (limit !== undefined) return { problem: limit, isLimit: true };
  if (resultCode !== ResultCode.referral) return undefined;
  return { problem: `The server says to ask another one, which was not done: ${referral.join(", ")}`, isLimit: false };
}

/** Continuation references, RFC 4511 §4.5.3: they are not followed, since who is asked is configured. */
export function unfollowed(references: readonly string[]): Shortfall | undefined {
  if (references.length === 0) return undefined;
  const what = references.length === 1 ? "A part of the subtree is" : `${references.length} parts of the subtree are`;
  return { problem: `${what} on other servers, which were not asked.`, isLimit: false };
}

export interface Completeness {
  readonly complete: boolean;
  readonly problem?: string;
}

/** `complete` and `problem` of an answer. */
export function completeness(...shortfalls: readonly (Shortfall | undefined)[]): Completeness {
  const problems = shortfalls.flatMap((shortfall) => (shortfall === undefined ? [] : [shortfall.problem]));
  return problems.length === 0 ? { complete: true } : { complete: false, problem: problems.join(" ") };
}
