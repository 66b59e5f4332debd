/** Renaming and moving an entry with all below it (ModifyDN, RFC 4511 §4.9), and the references to them. */
import {
  childDn,
  type Dn,
  formatDn,
  formatRdn,
  isWithin,
  parseDn,
  parseRdn,
  type Rdn,
  ResultCode,
} from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import type { ModifyEntryDn } from "../changes/change-set.ts";
import { refuseNamingContext } from "./naming-contexts.ts";
import type { Plan } from "./plan.ts";
import { fateOfRenamed, findReferrers } from "./references.ts";
import { requireOnReferrers } from "./referrer-rights.ts";
import { type DirectoryView, superiorOf } from "./view.ts";

export interface Rename {
  readonly dn: string;
  /** As it is, unless given. */
  readonly newRdn?: string | undefined;
  readonly deleteOldRdn: boolean;
  /** Where it is, unless given. */
  readonly newParent?: string | undefined;
  readonly references: "update" | "leave";
}

export interface RenamePlan extends Plan {
  readonly dn: string;
  readonly hasChildren: boolean;
}

/** Whose references are looked for; an entry with more below it is renamed with `references: leave`. */
const maxBelow = 10_000;

/** @throws ApiError */
export async function planRename(view: DirectoryView, rename: Rename): Promise<RenamePlan> {
  const from = parseDn(rename.dn);
  const superior = superiorOf(rename.dn);
  const [oldRdn = []] = from;
  const newRdn = rename.newRdn === undefined ? oldRdn : parseRdn(rename.newRdn);
  const newSuperior = rename.newParent === undefined ? undefined : parseDn(rename.newParent);
  const to = childDn(newRdn, newSuperior ?? superior);
  const dn = formatDn(to);
  const { fromKey, toKey } = await checkNames(view, rename, from, to);
  const entry = await view.entry(rename.dn, ["uid"]);
  const { session } = view.actor;
  session.require("write", view.cluster.name, rename.dn);
  session.require("write", view.cluster.name, dn);

  const updates = rename.references === "update";
  const bounds = {
    limit: updates ? maxBelow : 1,
    what: "entries below it",
    advice: "Their references are too many to be looked for; ask with references=leave to leave them as they are.",
  };
  const names = updates ? await view.collect(below(rename.dn), bounds, ({ objectName }) => objectName) : [];
  const hasChildren = updates ? names.length > 1 : await hasSubordinates(view, rename.dn);
  const uid = uidChange(entry.texts("uid"), oldRdn, newRdn, rename.deleteOldRdn);
  // Active Directory keeps names as links, which follow their entries.
  const { vendor } = await view.facts();
  const isFollowed = vendor === "active-directory" || fromKey === toKey;
  const referrers =
    updates && !isFollowed
      ? await findReferrers(view, {
          dns: names,
          uids: uid === undefined ? [] : [uid.from],
          fate: fateOfRenamed(await view.schema(), from, to, uid),
        })
      : [];
  requireOnReferrers(view, referrers);
  const change: ModifyEntryDn = {
    type: "modifyDn",
    dn: rename.dn,
    newRdn: formatRdn(newRdn),
    deleteOldRdn: rename.deleteOldRdn,
    ...(newSuperior === undefined ? {} : { newSuperior: formatDn(newSuperior) }),
  };
  return {
    title: newSuperior === undefined ? `Rename ${rename.dn} to ${formatRdn(newRdn)}` : `Move ${rename.dn} to ${dn}`,
    dn,
    hasChildren,
    changes: [change],
    consequences: referrers.map(({ consequence }) => consequence),
    warnings: [
      ...(names.length > 1 ? [`${names.length - 1} entries below it get new names too.`] : []),
      ...(uid === undefined
        ? []
        : [`Its login name changes from ${uid.from} to ${uid.to}; its home directory does not.`]),
    ],
    counts: { ...(updates ? { entries: names.length } : {}), references: referrers.length },
  };
}

async function checkNames(
  view: DirectoryView,
  { dn, newParent }: Rename,
  from: Dn,
  to: Dn,
): Promise<{ readonly fromKey: string; readonly toKey: string }> {
  await refuseNamingContext(view, dn, "renamed");
  const [fromKey, toKey] = await Promise.all([view.key(from), view.key(to)]);
  if (formatDn(from) === formatDn(to)) throw new ApiError("invalid_request", "That is its name already.");
  if (newParent !== undefined && isWithin(await view.key(newParent), fromKey)) {
    throw new ApiError("invalid_request", "An entry cannot be moved below itself.");
  }
  return { fromKey, toKey };
}

function below(base: string) {
  return { base, attributes: ["1.1"] };
}

async function hasSubordinates(view: DirectoryView, base: string): Promise<boolean> {
  const one = { limit: 0, what: "", advice: "" };
  try {
    return (await view.collect({ base, scope: "singleLevel", attributes: ["1.1"] }, one, () => true)).length > 0;
  } catch (error) {
    if (error instanceof ApiError && error.code === "too_large") return true;
    throw error;
  }
}

/** Where the login name is in the entry's name and its old value goes: groups have it as memberUid. */
function uidChange(
  uids: readonly string[],
  oldRdn: Rdn,
  newRdn: Rdn,
  deleteOldRdn: boolean,
): { readonly from: string; readonly to: string } | undefined {
  const uidOf = (rdn: Rdn) => rdn.find(({ type }) => ["uid", "userid"].includes(type.toLowerCase()))?.value;
  const [was, is] = [uidOf(oldRdn), uidOf(newRdn)];
  if (!deleteOldRdn || typeof was !== "string" || typeof is !== "string" || was === is) return undefined;
  // As the entry spells it, which is how groups do: memberUid is compared exactly.
  return { from: uids.find((uid) => uid.toLowerCase() === was.toLowerCase()) ?? was, to: is };
}

const refusals: ReadonlySet<number> = new Set([
  ResultCode.notAllowedOnNonLeaf,
  ResultCode.affectsMultipleDsas,
  ResultCode.unwillingToPerform,
]);

/** Says what it means that a server does not rename or move an entry that has others below it. */
export function asRenameError(error: unknown, { hasChildren }: RenamePlan): unknown {
  if (!(error instanceof ApiError) || !refusals.has(error.extra.ldap?.code ?? -1)) return error;
  const what = hasChildren
    ? "The server does not rename or move an entry that has others below it, or not there. Nothing was changed. It can be copied with those below it, and deleted when the copy is right: the copies are new entries, without passwords."
    : "The server does not move the entry there: it may belong to another database. Nothing was changed.";
  return new ApiError(error.code, what, { ...error.extra, cause: error });
}
