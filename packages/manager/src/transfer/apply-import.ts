/** Does what a file asks for, through one change set: it is checked, noted and can be undone like any other. */
import { type Change, LdapError, type PartialAttribute, ResultCode, type Schema } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { isSecretAttribute } from "../api/value.ts";
import type { AddEntry, ChangeRun, EntryChange, EntryResult } from "../changes/change-set.ts";
import { diffAttributes } from "../changes/diff.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Actor } from "../sessions/session.ts";
import type { ImportItem } from "./import-item.ts";
import { type Outcome, problemOutcome, resultOutcome } from "./outcome.ts";

/** `add`: entries are new. `update`: one that is there gets the values that the file has for the attributes that it names. */
export type ImportMode = "add" | "update";

export interface ImportTarget {
  readonly cluster: Cluster;
  readonly actor: Actor;
  readonly schema: Schema;
  readonly versionAttribute: string;
  readonly mode: ImportMode;
}

/** Whatever becomes of the others. */
export async function applyItem(item: ImportItem, target: ImportTarget, run: ChangeRun): Promise<Outcome> {
  try {
    const results: EntryResult[] = [];
    for (const change of await changesFor(item, target)) {
      results.push(await run.apply(change));
      if (results.at(-1)?.status !== "applied") break;
    }
    return outcomeOf(results);
  } catch (error) {
    return problemOutcome(asApiError(error).toProblem());
  }
}

/** In the order of asking, and not behind one that was not applied. */
export async function applyItemInTurn(item: ImportItem, target: ImportTarget, run: ChangeRun): Promise<Outcome> {
  try {
    const results = await run.applyInTurn(changesFor(item, target));
    return results === undefined ? { status: "not_tried" } : outcomeOf(results);
  } catch (error) {
    return problemOutcome(asApiError(error).toProblem());
  }
}

/** @param results up to the first that was not applied, or of all */
function outcomeOf(results: readonly EntryResult[]): Outcome {
  const bad = results.find(({ status }) => status !== "applied");
  if (bad === undefined) return { status: results.length === 0 ? "unchanged" : "applied" };
  const outcome = resultOutcome(bad);
  if (bad.type !== "password" || !("message" in outcome)) return outcome;
  const before = bad === results[0] ? "Its password was not set" : "The entry was written, but not its password";
  return { ...outcome, message: `${before}: ${outcome.message}` };
}

/** None where the entry is as it should be already. */
async function changesFor(item: ImportItem, target: ImportTarget): Promise<readonly EntryChange[]> {
  const { change, password } = item;
  const entry = await changeFor(item, target);
  return [
    ...(entry === undefined ? [] : [entry]),
    ...(password === undefined ? [] : [{ type: "password", dn: change.dn, newPassword: password } as const]),
  ];
}

/** `undefined` where the entry is as it should be already. */
async function changeFor({ change }: ImportItem, target: ImportTarget): Promise<EntryChange | undefined> {
  if (change.type !== "add" || target.mode === "add") return change;
  const there = await readForUpdate(change, target);
  if (there === undefined) return change;
  const changes = updateChanges(there.attributes, change.attributes, target.schema);
  return changes.length === 0 ? undefined : { type: "modify", dn: change.dn, changes, version: there.version };
}

export interface EntryThere {
  readonly attributes: readonly PartialAttribute[];
  readonly version: string | undefined;
}

/** What the entry has of the attributes that the file names; `undefined` where there is no entry. @throws ApiError */
export async function readForUpdate(
  { dn, attributes }: AddEntry,
  { cluster, actor, versionAttribute }: ImportTarget,
): Promise<EntryThere | undefined> {
  const { session, signal } = actor;
  const selection = [...attributes.map(({ type }) => type), versionAttribute];
  try {
    const { value } = await cluster.read(
      session.identity(cluster.name),
      (connection) => connection.searchAll({ baseObject: dn, scope: "baseObject", attributes: selection }, { signal }),
      { signal },
    );
    const [entry] = value.entries;
    if (entry === undefined) return undefined;
    return { attributes: entry.attributes, version: entry.text(versionAttribute) };
  } catch (error) {
    if (isNoSuchEntry(error)) return undefined;
    throw error;
  }
}

/** The cluster gives LDAP errors as ApiErrors. */
export function isNoSuchEntry(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === "no_such_entry";
  return error instanceof LdapError && error.resultCode === ResultCode.noSuchObject;
}

/** Attributes that the file does not name stay. What is secret may be there unseen: it is replaced, unless it is seen to be the same. */
export function updateChanges(
  there: readonly PartialAttribute[],
  wanted: readonly PartialAttribute[],
  schema: Schema,
): Change[] {
  const keyOf = (type: string) => schema.resolve(type)?.key ?? type.toLowerCase();
  const keys = new Set(wanted.map(({ type }) => keyOf(type)));
  const read = there.filter(({ type }) => keys.has(keyOf(type)));
  const isOpen = ({ type }: PartialAttribute) => !isSecretAttribute(type);
  const secrets = wanted
    .filter((attribute) => !isOpen(attribute))
    .filter((attribute) => {
      const present = read.filter(({ type }) => keyOf(type) === keyOf(attribute.type));
      return diffAttributes(present, [attribute], schema).length > 0;
    });
  return [
    ...diffAttributes(read.filter(isOpen), wanted.filter(isOpen), schema),
    ...secrets.map((modification): Change => ({ operation: "replace", modification })),
  ];
}
