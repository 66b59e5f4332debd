/** Putting people into groups and taking them out: many into one group, or one into many. */
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError, type Problem } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { PartialAnswer } from "../api/route.ts";
import type { ModifyEntry } from "../changes/change-set.ts";
import { emptiedMessage, Membership, membershipAttributes } from "./membership.ts";
import { findPeople, isName, personOf, type Unresolved } from "./people.ts";
import {
  extended,
  type Outcome,
  type PerformOptions,
  type Plan,
  perform,
  problemError,
  type ResultJson,
} from "./plan.ts";
import type { DirectoryView } from "./view.ts";

/** Of one modification: servers have limits on the size of a message, and write the whole group anew for each. */
const maxValues = 2_000;
const maxBytes = 256 * 1024;

export interface MemberEdit {
  readonly dn: string;
  /** DNs, login names, mail addresses. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly lastMember: "refuse" | "placeholder";
  /** Does the rest where some of the list mean nobody. */
  readonly skipUnresolved: boolean;
  readonly preview: boolean;
}

export interface MemberPlan extends Plan {
  readonly added: number;
  readonly removed: number;
  /** Those of the list who are members already, and who are to be removed and are none. */
  readonly already: readonly string[];
  readonly notMembers: readonly string[];
  readonly unresolved: readonly Unresolved[];
}

/** @throws ApiError */
export async function planMembers(view: DirectoryView, edit: MemberEdit): Promise<MemberPlan> {
  const [schema, group] = await Promise.all([view.schema(), view.entry(edit.dn, membershipAttributes)]);
  view.actor.session.require("write", view.cluster.name, group.objectName);
  const membership = new Membership(group, schema);
  const [add, remove] = [listed(edit.add), listed(edit.remove)];
  checkOverlap(add, remove);
  const toAdd = await findPeople(view, add);
  const unresolved = [...toAdd.unresolved];
  const already: string[] = [];
  const notMembers: string[] = [];
  for (const [item, person] of toAdd.people) {
    if (membership.needsUid && person.uid === undefined) {
      unresolved.push({ item, reason: "The group holds login names, and this entry has none." });
    } else if (!membership.add(person)) already.push(item);
  }
  // What the group has is removed as it is: also of people who are no more.
  const others = remove.filter((item) => !membership.removeValue(item));
  const toRemove = await findPeople(view, others);
  for (const [item, person] of toRemove.people) {
    if (!membership.remove(person)) notMembers.push(item);
  }
  for (const { item, reason } of toRemove.unresolved) {
    if (isName(item)) notMembers.push(item);
    else unresolved.push({ item, reason });
  }
  if (!edit.preview && !edit.skipUnresolved) refuseUnresolved(edit, unresolved);
  if (membership.isEmptied && edit.lastMember === "refuse") {
    throw new ApiError("refused_by_directory", emptiedMessage(group.objectName), {
      details: { groups: [group.objectName] },
    });
  }
  const { addedCount: added, removedCount: removed } = membership;
  const changes = membership
    .modifications(maxValues, maxBytes)
    .map((each): ModifyEntry => ({ type: "modify", dn: group.objectName, changes: each }));
  return {
    title: `Change the members of ${group.objectName}`,
    changes,
    counts: { added, removed, modifications: changes.length },
    warnings: membership.isEmptied ? [`${group.objectName} keeps no member but cn=nobody.`] : [],
    ...{ added, removed, already, notMembers, unresolved },
  };
}

/** Each item once, without spaces around it and without empty lines. */
function listed(items: readonly string[]): string[] {
  return [...new Set(items.map((item) => item.trim()).filter((item) => item !== ""))];
}

function checkOverlap(add: readonly string[], remove: readonly string[]): void {
  const removed = new Set(remove.map((item) => item.toLowerCase()));
  const both = add.find((item) => removed.has(item.toLowerCase()));
  if (both !== undefined) throw new ApiError("invalid_request", `${both} is to be added and to be removed.`);
}

function refuseUnresolved({ add, remove }: MemberEdit, unresolved: readonly Unresolved[]): void {
  const [first] = unresolved;
  if (first === undefined) return;
  throw new ApiError(
    "invalid_request",
    `${unresolved.length} of the ${add.length + remove.length} mean no entry, as ${first.item}: mend the list, or ask with skipUnresolved for the rest. Nothing was changed.`,
    { details: { unresolved } },
  );
}

export interface GroupEdit {
  readonly dn: string;
  /** DNs of groups. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly lastMember: "refuse" | "placeholder";
}

/** What became of the person's membership in one group. */
export interface GroupResult {
  readonly group: string;
  readonly action: "add" | "remove";
  readonly status: "to_be_done" | "already" | "not_member" | ResultJson["status"];
  readonly problem?: Problem | undefined;
}

/** @throws ApiError where nothing could be done for any group */
export async function changeGroupsOf(view: DirectoryView, edit: GroupEdit, options: PerformOptions) {
  const { session } = view.actor;
  session.require("read", view.cluster.name, edit.dn);
  const [schema, entry] = await Promise.all([view.schema(), view.entry(edit.dn, ["uid", "sAMAccountName"])]);
  const person = personOf(entry);
  const [add, remove] = [listed(edit.add), listed(edit.remove)];
  checkOverlap(add, remove);
  const wanted = [
    ...add.map((group) => ({ group, action: "add" as const })),
    ...remove.map((group) => ({ group, action: "remove" as const })),
  ];
  const groups = await view.entriesIfThere(
    wanted.map(({ group }) => group),
    membershipAttributes,
  );
  const changes: ModifyEntry[] = [];
  const planned = wanted.map(({ group, action }, index): GroupResult & { readonly change?: ModifyEntry } => {
    try {
      const membership = membershipOf(groups[index], group);
      session.require("write", view.cluster.name, membership.dn);
      if (membership.needsUid && person.uid === undefined) {
        throw new ApiError("invalid_request", `${membership.dn} holds login names, and ${person.dn} has none.`);
      }
      const isChanged = action === "add" ? membership.add(person) : membership.remove(person);
      if (!isChanged) return { group, action, status: action === "add" ? "already" : "not_member" };
      if (membership.isEmptied && edit.lastMember === "refuse") {
        throw new ApiError("refused_by_directory", emptiedMessage(membership.dn));
      }
      const [one = []] = membership.modifications(maxValues, maxBytes);
      const change: ModifyEntry = { type: "modify", dn: membership.dn, changes: one };
      changes.push(change);
      return { group, action, status: "to_be_done", change };
    } catch (error) {
      return { group, action, status: "failed", problem: asApiError(error).toProblem() };
    }
  });
  const failures = planned.filter(({ status }) => status === "failed");
  if (changes.length === 0 && failures.length > 0) throw problemError(failures[0]?.problem, { groups: failures });
  const title = `Change the groups of ${person.dn}`;
  const done = await perform({ title, changes, continues: true, counts: { groups: changes.length } }, options);
  const outcome = done instanceof PartialAnswer ? done.body : done;
  const result = withResults(outcome, planned, changes);
  if (done instanceof PartialAnswer || (failures.length > 0 && !options.preview)) {
    return new PartialAnswer({ ...result, outcome: "partial" as const });
  }
  return result;

  function membershipOf(found: SearchEntry | undefined, dn: string): Membership {
    if (found === undefined) throw new ApiError("no_such_entry", `There is no group ${dn}, or you may not see it.`);
    return new Membership(found, schema);
  }
}

function withResults(
  outcome: Outcome,
  planned: readonly (GroupResult & { readonly change?: ModifyEntry })[],
  changes: readonly ModifyEntry[],
) {
  const groups = planned.map(({ change, ...result }): GroupResult => {
    const become = change === undefined ? undefined : outcome.results?.[changes.indexOf(change)];
    return become === undefined ? result : { ...result, status: become.status, problem: become.problem };
  });
  return { ...outcome, groups };
}

export function memberAnswer(
  outcome: Outcome | PartialAnswer<Outcome>,
  { added, removed, already, notMembers, unresolved }: MemberPlan,
) {
  return extended(outcome, { added, removed, already, notMembers, unresolved });
}
