/** Whether a person may change the entries that refer to what they change. */
import { ApiError } from "../api/problem.ts";
import type { Referrer } from "./references.ts";
import type { DirectoryView } from "./view.ts";

const namedAtMost = 10;

/** Before anything is done. @throws ApiError `not_allowed` with their names */
export function requireOnReferrers({ actor, cluster }: DirectoryView, referrers: readonly Referrer[]): void {
  const refused = referrers.filter(({ dn }) => !actor.session.may("write", cluster.name, dn)).map(({ dn }) => dn);
  if (refused.length === 0) return;
  throw new ApiError(
    "not_allowed",
    `You may not change ${refused.length} of the entries that refer to it, as ${refused[0]}: ask somebody who may, or ask with references=leave to leave them as they are.`,
    { details: { referrers: refused.slice(0, namedAtMost), count: refused.length } },
  );
}
