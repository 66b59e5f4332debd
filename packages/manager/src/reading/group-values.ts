/** All values of a group's member attributes, however a server gives them: at once, or in ranges as Active Directory does. */
import type { SearchEntry } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { readEntry } from "./entry.ts";
import { textOf } from "./entry-json.ts";
import { memberAttributes } from "./group-routes.ts";
import type { Shortfall } from "./shortfall.ts";

type MemberAttribute = (typeof memberAttributes)[number];

export interface GroupMember {
  readonly attribute: MemberAttribute;
  readonly value: string;
}

export interface GroupMembers {
  readonly members: readonly GroupMember[];
  readonly counts: Readonly<Record<MemberAttribute, number>>;
  /** The group's version when it was read. */
  readonly version: string | undefined;
  readonly node: string;
  readonly shortfall: Shortfall | undefined;
}

/** 1,500 values a range is what Active Directory gives: more ranges than these are millions of members. */
const maxRanges = 2_000;

/** @throws ApiError `no_such_entry`; what a search throws */
export async function readMembers(
  connection: NodeConnection,
  dn: string,
  versionAttribute: string,
  signal: AbortSignal,
): Promise<GroupMembers> {
  const entry = await readEntry(connection, dn, [...memberAttributes, versionAttribute], signal);
  const members: GroupMember[] = [];
  const counts = { member: 0, uniqueMember: 0, memberUid: 0 };
  let shortfall: Shortfall | undefined;
  for (const attribute of memberAttributes) {
    const before = members.length;
    let part = valuesOf(entry, attribute);
    for (let ranges = 0; ; ranges += 1) {
      for (const value of part.values) members.push({ attribute, value: Buffer.from(value).toString("utf8") });
      if (part.next === undefined) break;
      if (ranges === maxRanges) {
        shortfall = { problem: `The group has more values of ${attribute} than are read.`, isLimit: false };
        break;
      }
      const description = `${attribute};range=${part.next}-*`;
      part = valuesOf(await readEntry(connection, dn, [description], signal), attribute);
    }
    counts[attribute] = members.length - before;
  }
  const version = textOf(entry, versionAttribute);
  return { members, counts, version, node: connection.node, shortfall };
}

/** `next` is where the next range begins: `member;range=0-1499` is followed, `member;range=1500-*` is the last. */
function valuesOf(entry: SearchEntry, attribute: string): { values: readonly Uint8Array[]; next: number | undefined } {
  const wanted = attribute.toLowerCase();
  for (const { type, values } of entry.attributes) {
    const [, base, , last] = /^([^;]+);range=(\d{1,9})-(\d{1,9}|\*)$/i.exec(type) ?? [];
    if (base?.toLowerCase() !== wanted) continue;
    // A range without values would be followed for ever.
    return { values, next: last === "*" || values.length === 0 ? undefined : Number(last) + 1 };
  }
  return { values: entry.values(attribute), next: undefined };
}
