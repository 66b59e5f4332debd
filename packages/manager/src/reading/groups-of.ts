/** The groups that an entry is in, in every kind that there is. */
import { type Filter, filter } from "@espalier/ldap";
import { OperationError } from "@espalier/ldap/client";
import type { z } from "zod";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { readEntry } from "./entry.ts";
import { textOf, textsOf } from "./entry-json.ts";
import type { groupsOfEntrySchema } from "./group-routes.ts";
import { cursorAt, type KeptLists } from "./kept-lists.ts";
import { completeness, type Shortfall, shortfallOf } from "./shortfall.ts";
import type { Target } from "./target.ts";

type Group = z.input<typeof groupsOfEntrySchema>;
type Link = Group["by"][number];

export interface Groups {
  readonly groups: readonly Group[];
  readonly node: string;
  readonly shortfall: Shortfall | undefined;
}

export interface GroupsOf {
  readonly dn: string;
  readonly sessionId: string;
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly node: string | undefined;
  readonly signal: AbortSignal;
  /** Whether the person may see that entry. */
  readonly mayRead: (dn: string) => boolean;
}

const maxGroups = 10_000;

export class GroupLists {
  readonly #lists: KeptLists<Groups>;

  constructor(lists: KeptLists<Groups>) {
    this.#lists = lists;
  }

  /** @throws ApiError */
  async page(target: Target, request: GroupsOf) {
    const { dn, cursor, limit, node } = request;
    const owner = { sessionId: request.sessionId, cluster: target.cluster.name, subject: JSON.stringify([dn, node]) };
    const { list, offset } =
      cursor === undefined
        ? { list: await this.#open(target, request, owner), offset: 0 }
        : this.#lists.at(cursor, owner);
    const { groups, node: answering, shortfall } = list.content;
    const next = offset + limit;
    return {
      groups: groups.slice(offset, next),
      total: groups.length,
      ...(next < groups.length ? { cursor: cursorAt(list, next) } : {}),
      node: answering,
      ...completeness(shortfall),
    };
  }

  async #open({ cluster, identity }: Target, request: GroupsOf, owner: Parameters<KeptLists<Groups>["keep"]>[0]) {
    const base = await cluster.baseDn(identity);
    const { node, signal } = request;
    const { value } = await cluster.read(identity, (connection) => readGroups(connection, base, request), {
      node,
      signal,
    });
    const characters = value.groups.reduce((sum, { dn, description = "" }) => sum + dn.length + description.length, 0);
    return this.#lists.keep(owner, value, characters);
  }
}

/** By each kind apart, so that one can say which it is; a group's own members are not read for that. */
export async function readGroups(
  connection: NodeConnection,
  base: string,
  { dn, signal, mayRead }: Pick<GroupsOf, "dn" | "signal" | "mayRead">,
): Promise<Groups> {
  const entry = await readEntry(connection, dn, ["uid", "gidNumber", "objectClass"], signal);
  const uids = textsOf(entry, "uid");
  const isAccount = textsOf(entry, "objectClass").some((name) => name.toLowerCase() === "posixaccount");
  const gidNumber = isAccount ? textOf(entry, "gidNumber") : undefined;
  const links: [Link, Filter][] = [
    ["member", filter`(member=${entry.objectName})`],
    ["uniqueMember", filter`(uniqueMember=${entry.objectName})`],
  ];
  for (const uid of uids) links.push(["memberUid", filter`(&(objectClass=posixGroup)(memberUid=${uid}))`]);
  if (gidNumber !== undefined) links.push(["gidNumber", filter`(&(objectClass=posixGroup)(gidNumber=${gidNumber}))`]);

  const groups = new Map<string, Group>();
  const problems = new Map<string, Shortfall>();
  for (const [link, wanted] of links) {
    const search = { baseObject: base, filter: wanted, attributes: ["cn", "description"] };
    try {
      for await (const found of connection.search(search, { signal }).entries()) {
        const { objectName } = found;
        if (!mayRead(objectName)) {
          problems.set("hidden", { problem: "There are groups that your roles do not let you see.", isLimit: false });
          continue;
        }
        const known = groups.get(objectName);
        if (known !== undefined && !known.by.includes(link)) known.by.push(link);
        if (known !== undefined) continue;
        if (groups.size === maxGroups) {
          problems.set("many", { problem: `The entry is in more than ${maxGroups} groups.`, isLimit: true });
          break;
        }
        const cn = textOf(found, "cn");
        const description = textOf(found, "description");
        groups.set(objectName, {
          dn: objectName,
          ...(cn === undefined ? {} : { cn }),
          ...(description === undefined ? {} : { description }),
          by: [link],
        });
      }
    } catch (error) {
      const shortfall = error instanceof OperationError ? shortfallOf(error.result) : undefined;
      if (shortfall === undefined) throw error;
      problems.set("limit", shortfall);
    }
  }
  const all = [...groups.values()].sort((one, other) => (one.cn ?? one.dn).localeCompare(other.cn ?? other.dn));
  const { complete, problem = "" } = completeness(...problems.values());
  return { groups: all, node: connection.node, shortfall: complete ? undefined : { problem, isLimit: true } };
}
