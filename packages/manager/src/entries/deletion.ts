/**
 * Deleting an entry or a subtree, leaf first, and the references to them. Each entry goes by itself, also where the server has a
 * control that deletes a tree at once: so the audit trail has every one of them as it was, and what was deleted can be undone.
 */
import { type Filter, isWithin, parseDn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { refuseNamingContext } from "./naming-contexts.ts";
import type { Plan } from "./plan.ts";
import { fateOfDeleted, findReferrers, type Referrer } from "./references.ts";
import { requireOnReferrers } from "./referrer-rights.ts";
import { type DirectoryView, equals } from "./view.ts";

export interface Deletion {
  readonly dn: string;
  readonly subtree: boolean;
  /** How many entries the person was told would go; a subtree is not deleted without. */
  readonly expected?: number | undefined;
  readonly references: "remove" | "leave";
  /** What becomes of a group whose class asks for a member, when the last one goes. */
  readonly lastMember: "refuse" | "placeholder";
  readonly preview: boolean;
}

export interface DeletionPlan extends Plan {
  /** What goes: its numbers are given to nobody. */
  readonly entries: readonly SearchEntry[];
}

const maxEntries = 10_000;
const namedAtMost = 10;
const uidsAtOnce = 100;

/** @throws ApiError */
export async function planDeletion(view: DirectoryView, deletion: Deletion): Promise<DeletionPlan> {
  const { dn } = deletion;
  const { session } = view.actor;
  const { name: cluster } = view.cluster;
  parseDn(dn);
  await refuseNamingContext(view, dn, "deleted");
  session.require("write", cluster, dn);
  const entries = await view.collect(
    { base: dn, attributes: ["uid", "uidNumber", "gidNumber"] },
    { limit: maxEntries, what: "entries to be deleted", advice: "Delete parts of the subtree first." },
    (entry) => entry,
  );
  if (entries.length === 0) await view.entry(dn, ["1.1"]);
  if (entries.length > 1) checkSubtree(view, deletion, entries.length);
  else if (!deletion.preview && deletion.expected !== undefined) checkExpected(deletion, entries.length);
  const leafFirst = entries
    .map((entry) => ({ dn: entry.objectName, depth: parseDn(entry.objectName).length }))
    .sort((a, b) => b.depth - a.depth);
  const referrers = await referrersOf(view, deletion, entries);
  requireOnReferrers(view, referrers);
  return {
    title: entries.length > 1 ? `Delete ${dn} and ${entries.length - 1} entries below it` : `Delete ${dn}`,
    entries,
    changes: leafFirst.map((entry) => ({ type: "delete", dn: entry.dn })),
    consequences: referrers.map(({ consequence }) => consequence),
    counts: { entries: entries.length, references: referrers.length },
    warnings: [
      ...(await ownEntry(view, dn)),
      ...(deletion.lastMember === "placeholder" ? placeholderWarnings(referrers) : []),
    ],
  };
}

function checkSubtree({ actor, cluster }: DirectoryView, deletion: Deletion, count: number): void {
  if (!deletion.subtree) {
    throw new ApiError("not_empty", `There are ${count - 1} entries below ${deletion.dn}: ask for the subtree.`, {
      details: { entries: count },
    });
  }
  actor.session.require("admin", cluster.name, deletion.dn);
  if (!deletion.preview) checkExpected(deletion, count);
}

function checkExpected({ expected }: Deletion, count: number): void {
  if (expected === undefined) {
    throw new ApiError("invalid_request", `Say with expected=${count} that you know how many entries are deleted.`, {
      errors: [{ path: "expected", message: "It is missing." }],
      details: { entries: count },
    });
  }
  if (expected !== count) {
    throw new ApiError("conflict", `${count} entries would be deleted, and not ${expected}: look again.`, {
      details: { entries: count, expected },
    });
  }
}

async function referrersOf(
  view: DirectoryView,
  { dn, references, lastMember }: Deletion,
  entries: readonly SearchEntry[],
): Promise<Referrer[]> {
  // Active Directory keeps names as links, which go with their entries.
  if (references === "leave" || (await view.facts()).vendor === "active-directory") return [];
  const schema = await view.schema();
  const uids = await freedUids(view, dn, entries);
  const referrers = await findReferrers(view, {
    dns: entries.map(({ objectName }) => objectName),
    uids: [...uids],
    fate: fateOfDeleted(schema, dn, uids),
    fillsLastMember: lastMember === "placeholder",
  });
  const emptied = referrers.filter((referrer) => referrer.emptied.length > 0).map((referrer) => referrer.dn);
  if (lastMember === "refuse" && emptied.length > 0) {
    throw new ApiError(
      "refused_by_directory",
      `It is the last member of ${emptied.slice(0, namedAtMost).join("; ")}, whose object class asks for one: delete that first, give it another member, or ask with lastMember=placeholder.`,
      { details: { groups: emptied } },
    );
  }
  return referrers;
}

/** Login names that no entry has when these are gone: memberUid says them, and may mean an entry elsewhere. */
async function freedUids(view: DirectoryView, dn: string, entries: readonly SearchEntry[]): Promise<Set<string>> {
  const uids = new Set(entries.flatMap((entry) => entry.texts("uid")));
  const all = [...uids];
  const goneKey = await view.key(dn);
  const base = await view.baseDn();
  for (let start = 0; start < all.length; start += uidsAtOnce) {
    const filter: Filter = {
      type: "or",
      filters: all.slice(start, start + uidsAtOnce).map((uid) => equals("uid", uid)),
    };
    const every = { limit: maxEntries, what: "entries with these login names", advice: "" };
    const kept = await view.collect({ base, filter, attributes: ["uid"] }, every, (entry) => entry);
    for (const entry of kept) {
      if (isWithin(await view.key(entry.objectName), goneKey)) continue;
      for (const uid of entry.texts("uid")) uids.delete(uid);
    }
  }
  return uids;
}

async function ownEntry(view: DirectoryView, dn: string): Promise<string[]> {
  const { dn: own } = view.actor.session.identity(view.cluster.name);
  const isOwn = own !== "" && isWithin(await view.key(own), await view.key(dn));
  return isOwn ? ["It is, or holds, the entry that you are signed in as."] : [];
}

function placeholderWarnings(referrers: readonly Referrer[]): string[] {
  return referrers
    .filter(({ emptied }) => emptied.length > 0)
    .map(({ dn }) => `${dn} keeps no member but cn=nobody, since its object class asks for one.`);
}
