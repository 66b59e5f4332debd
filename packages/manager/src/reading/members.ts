/** The members of a group, a page at a time, with who they are. */
import { type Filter, filter, formatDn, LdapError, ParseError, parseDn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { readEntry } from "./entry.ts";
import { textOf, textsOf } from "./entry-json.ts";
import { type GroupMember, type GroupMembers, readMembers } from "./group-values.ts";
import { cursorAt, type KeptList, type KeptLists, type ListOwner } from "./kept-lists.ts";
import { isLoss } from "./pinned.ts";
import { completeness } from "./shortfall.ts";
import type { Target } from "./target.ts";

export interface MembersOf {
  readonly dn: string;
  readonly sessionId: string;
  readonly contains: string | undefined;
  readonly attribute: string | undefined;
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly node: string | undefined;
  readonly signal: AbortSignal;
  /** Whether the person may see that entry. */
  readonly mayRead: (dn: string) => boolean;
}

interface Person {
  readonly dn: string;
  readonly cn?: string;
  readonly uid?: string;
}

export class MemberLists {
  readonly #lists: KeptLists<GroupMembers>;

  constructor(lists: KeptLists<GroupMembers>) {
    this.#lists = lists;
  }

  /** @throws ApiError */
  async page(target: Target, request: MembersOf) {
    const { dn, cursor, limit, contains, attribute, node, signal, mayRead } = request;
    const owner = { sessionId: request.sessionId, cluster: target.cluster.name, subject: JSON.stringify([dn, node]) };
    const { list, offset } =
      cursor === undefined
        ? { list: await this.#open(target, request, owner), offset: 0 }
        : this.#lists.at(cursor, owner);
    const { members, counts, shortfall } = list.content;
    const wanted = contains?.toLowerCase();
    const matching = members.filter(
      (member) =>
        (attribute === undefined || member.attribute === attribute) &&
        (wanted === undefined || member.value.toLowerCase().includes(wanted)),
    );
    const page = matching.slice(offset, offset + limit);
    const { cluster, identity } = target;
    const base = await cluster.baseDn(identity);
    const people = await cluster.read(identity, (connection) => lookUp(connection, page, { base, mayRead, signal }), {
      node,
      signal,
    });
    const next = offset + limit;
    return {
      members: page.map((member, index) => {
        const person = people.value[index];
        return { ...member, ...person, state: person === undefined ? ("missing" as const) : ("found" as const) };
      }),
      total: matching.length,
      counts,
      ...(next < matching.length ? { cursor: cursorAt(list, next) } : {}),
      node: list.content.node,
      ...completeness(shortfall),
    };
  }

  /**
   * Reads the group, unless what is kept of it is what the server has: its entryCSN is the same. (A modifyTimestamp is of a
   * second, in which there may have been two changes.)
   */
  async #open(
    { cluster, identity }: Target,
    { dn, node, signal }: MembersOf,
    owner: ListOwner,
  ): Promise<KeptList<GroupMembers>> {
    const { versionAttribute } = await cluster.facts(identity);
    const kept = versionAttribute === "entryCSN" ? this.#lists.find(owner) : undefined;
    if (kept?.content.version !== undefined) {
      const read = (connection: NodeConnection) => readEntry(connection, dn, [versionAttribute], signal);
      const { value: now } = await cluster.read(identity, read, { node, signal });
      if (textOf(now, versionAttribute) === kept.content.version) return kept;
    }
    const read = (connection: NodeConnection) => readMembers(connection, dn, versionAttribute, signal);
    const { value } = await cluster.read(identity, read, { node, signal });
    const characters = value.members.reduce((sum, member) => sum + member.value.length, 0);
    return this.#lists.keep(owner, value, characters);
  }
}

interface LookUp {
  readonly base: string;
  readonly mayRead: (dn: string) => boolean;
  readonly signal: AbortSignal;
}

const personAttributes = ["cn", "uid"];

/** Who each of them is: all at once on one connection, DNs by reading them, names by searching for some together. */
async function lookUp(
  connection: NodeConnection,
  members: readonly GroupMember[],
  options: LookUp,
): Promise<(Person | undefined)[]> {
  const names = members.flatMap(({ attribute, value }) => (attribute === "memberUid" ? [value] : []));
  const byName = lookUpNames(connection, names, options);
  return Promise.all(
    members.map(async ({ attribute, value }) =>
      attribute === "memberUid" ? (await byName).get(value) : lookUpDn(connection, value, options),
    ),
  );
}

async function lookUpDn(
  connection: NodeConnection,
  value: string,
  { mayRead, signal }: LookUp,
): Promise<Person | undefined> {
  try {
    // uniqueMember is Name And Optional UID, RFC 4517 §3.3.21: `DN#'0101'B`.
    const baseObject = formatDn(parseDn(value.replace(/#'[01]*'B$/, "")));
    if (!mayRead(baseObject)) return undefined;
    const search = { baseObject, scope: "baseObject", attributes: personAttributes } as const;
    const { entries } = await connection.searchAll(search, { signal });
    return entries[0] === undefined ? undefined : personOf(entries[0]);
  } catch (error) {
    if (error instanceof ParseError || (error instanceof LdapError && !isLoss(error))) return undefined;
    throw error;
  }
}

const namesASearch = 100;

/** Names that several entries have lead to none of them. */
async function lookUpNames(
  connection: NodeConnection,
  names: readonly string[],
  { base, mayRead, signal }: LookUp,
): Promise<ReadonlyMap<string, Person>> {
  const found = new Map<string, Person | "several">();
  for (let at = 0; at < names.length; at += namesASearch) {
    const some = names.slice(at, at + namesASearch);
    const either: Filter = { type: "or", filters: some.map((name) => filter`(uid=${name})`) };
    const search = {
      baseObject: base,
      filter: { type: "and", filters: [filter`(objectClass=posixAccount)`, either] },
      attributes: personAttributes,
    } as const;
    try {
      for await (const entry of connection.search(search, { signal }).entries()) {
        if (!mayRead(entry.objectName)) continue;
        for (const uid of textsOf(entry, "uid")) found.set(uid, found.has(uid) ? "several" : personOf(entry));
      }
    } catch (error) {
      // A limit of the server, an index that is missing: the members are listed all the same.
      if (!(error instanceof LdapError) || isLoss(error)) throw error;
    }
  }
  return new Map([...found].filter((pair): pair is [string, Person] => pair[1] !== "several"));
}

function personOf(entry: SearchEntry): Person {
  const cn = textOf(entry, "cn");
  const uid = textOf(entry, "uid");
  return { dn: entry.objectName, ...(cn === undefined ? {} : { cn }), ...(uid === undefined ? {} : { uid }) };
}
