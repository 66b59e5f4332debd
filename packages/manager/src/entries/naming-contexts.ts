/** The entries at the top, without which a directory is none. */
import { ApiError } from "../api/problem.ts";
import type { DirectoryView } from "./view.ts";

/**
 * slapd 2.5 has been seen to end on the deletion of a suffix; and with the base of a cluster goes all that the manager shows.
 *
 * @param what `deleted`, `renamed`
 * @throws ApiError `not_allowed`
 */
export async function refuseNamingContext(view: DirectoryView, dn: string, what: string): Promise<void> {
  const [base, { namingContexts }] = await Promise.all([view.baseDn(), view.facts()]);
  const key = await view.key(dn);
  for (const context of [...namingContexts, base]) {
    if (key !== (await view.key(context))) continue;
    throw new ApiError("not_allowed", `${dn} is what everything else is below: it cannot be ${what} here.`);
  }
}
