/**
 * Which of some groups a person is in. The directory is asked whether a group has the person as `member`, `uniqueMember` or
 * `memberUid`, so that no list of members is ever read; and what `memberOf` of the person's entry says. Groups within groups
 * count only where the directory itself counts them in `memberOf`.
 */
import { type Filter, filter, LdapError, ResultCode } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { isSameName } from "./names.ts";

/**
 * @param readers by whose eyes: the first that the directory lets in
 * @throws ApiError where none of them can ask
 */
export async function membershipsOf(
  cluster: Cluster,
  dn: string,
  groups: readonly string[],
  readers: readonly Identity[],
): Promise<readonly string[]> {
  if (groups.length === 0) return [];
  let failure: unknown = new ApiError("unavailable", `Nobody can be asked for the groups of ${dn}.`);
  for (const reader of readers) {
    try {
      return (await cluster.read(reader, (connection) => readMemberships(connection, dn, groups))).value;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function readMemberships(connection: NodeConnection, dn: string, groups: readonly string[]): Promise<string[]> {
  const [person] = await entryAt(connection, dn, filter`(objectClass=*)`, ["uid", "memberOf"]);
  const names = person?.texts("memberOf") ?? [];
  const wanted = membershipFilter(dn, person?.texts("uid") ?? []);
  const found = await Promise.all(
    groups.map(async (group) => {
      if (names.some((name) => isSameName(name, group))) return true;
      return (await entryAt(connection, group, wanted, ["1.1"])).length > 0;
    }),
  );
  return groups.filter((_, index) => found[index]);
}

function membershipFilter(dn: string, uids: readonly string[]): Filter {
  const dnFilter = filter`(|(member=${dn})(uniqueMember=${dn}))`;
  return { type: "or", filters: [dnFilter, ...uids.map((uid) => filter`(memberUid=${uid})`)] };
}

/** What the directory does not show is not there. */
const nothing: ReadonlySet<number> = new Set([
  ResultCode.noSuchObject,
  ResultCode.insufficientAccessRights,
  ResultCode.referral,
  ResultCode.invalidDnSyntax,
  ResultCode.unwillingToPerform,
]);

async function entryAt(connection: NodeConnection, dn: string, wanted: Filter, attributes: readonly string[]) {
  try {
    const search = { baseObject: dn, scope: "baseObject", filter: wanted, attributes } as const;
    return (await connection.searchAll(search)).entries;
  } catch (error) {
    if (error instanceof LdapError && nothing.has(error.resultCode)) return [];
    throw error;
  }
}
