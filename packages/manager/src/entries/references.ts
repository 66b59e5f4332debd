/**
 * Entries that refer to others by name, and what becomes of the references when those are renamed, moved or deleted. Where the
 * server does this itself (OpenLDAP's refint overlay and the plug-in of 389-DS, which cannot be told from outside) there is
 * nothing left to do when the turn of a reference comes.
 */
import { type Change, type Dn, type Filter, formatDn, isWithin, parseDn, type Schema } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { AttributeMatching, byteKey } from "../changes/attribute-matching.ts";
import { classRules, dnValueKey } from "./object-classes.ts";
import type { Consequence } from "./plan.ts";
import { type Collected, type DirectoryView, equals, rebase, type Subtree } from "./view.ts";

const nameAttributes = ["member", "uniqueMember", "owner", "seeAlso", "manager", "secretary", "roleOccupant"] as const;
const readAttributes = ["objectClass", ...nameAttributes, "memberUid"];

/** More entries than this are refused. */
const maxReferrers = 10_000;
/** Names in one filter, each of which is looked for in every attribute. */
const namesAtOnce = 100;

/** Nobody: what a group has as its only member whose class does not let it have none. It is in no directory. */
export const placeholder = "cn=nobody";

/** What becomes of a reference. */
export interface Fate {
  /** `null`: it goes; `undefined`: it means another entry. */
  ofName(value: Uint8Array): Uint8Array | null | undefined;
  ofUid(value: Uint8Array): Uint8Array | null | undefined;
  /** The name that an entry has by then, which may be one of those that are renamed; `undefined` for one that is gone. */
  nameAfter(dn: string): string | undefined;
}

export interface Targets {
  readonly dns: readonly string[];
  readonly uids: readonly string[];
  readonly fate: Fate;
  /** Puts the placeholder where a value that the class asks for would be the last to go. */
  readonly fillsLastMember?: boolean;
}

export interface Referrer {
  readonly dn: string;
  readonly consequence: Consequence;
  /** The attributes that would be left without a value although the entry's classes ask for one. */
  readonly emptied: readonly string[];
}

/** @throws ApiError `too_large`, and where the server does not show all that refer to them */
export async function findReferrers(view: DirectoryView, targets: Targets): Promise<Referrer[]> {
  const schema = await view.schema();
  const known = nameAttributes.filter((name) => schema.attribute(name) !== undefined);
  const base = await view.baseDn();
  const found = new Map<string, Referrer>();
  for (let start = 0; start < Math.max(targets.dns.length, targets.uids.length); start += namesAtOnce) {
    const dns = targets.dns.slice(start, start + namesAtOnce);
    const uids = targets.uids.slice(start, start + namesAtOnce);
    const filter: Filter = {
      type: "or",
      filters: [
        ...dns.flatMap((dn) => known.map((attribute) => equals(attribute, dn))),
        ...uids.map((uid) => equals("memberUid", uid)),
      ],
    };
    const bounds = {
      limit: maxReferrers - found.size,
      what: "entries that refer to it",
      advice: "That is more than is changed at once; ask with references=leave to leave them as they are.",
    };
    const referrers = await collectReferrers(view, { base, filter, attributes: readAttributes }, bounds, (entry) =>
      found.has(entry.objectName) ? undefined : referrerOf(view, schema, targets, entry),
    );
    for (const referrer of referrers) found.set(referrer.dn, referrer);
  }
  return [...found.values()];
}

async function collectReferrers(
  view: DirectoryView,
  search: Subtree,
  bounds: Collected,
  take: (entry: SearchEntry) => Referrer | undefined,
): Promise<Referrer[]> {
  try {
    return await view.collect(search, bounds, take);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "refused_by_directory") throw error;
    const title =
      "The directory does not show you all that refers to it: ask somebody with a higher limit, or ask with references=leave to leave it as it is.";
    throw new ApiError("refused_by_directory", title, { ...error.extra, cause: error });
  }
}

function referrerOf(view: DirectoryView, schema: Schema, targets: Targets, entry: SearchEntry): Referrer | undefined {
  const dn = targets.fate.nameAfter(entry.objectName);
  const { changes, emptied } = referenceChanges(entry, targets, schema);
  if (dn === undefined || changes.length === 0) return undefined;
  return {
    dn,
    emptied,
    consequence: {
      planned: { type: "modify", dn, changes },
      async current() {
        const now = await view.entryIfThere(dn, readAttributes);
        const left = now === undefined ? [] : referenceChanges(now, targets, schema).changes;
        return left.length === 0 ? undefined : { type: "modify", dn, changes: left };
      },
    },
  };
}

const encoder = new TextEncoder();

function referenceChanges(
  entry: Pick<SearchEntry, "attributes" | "texts">,
  { fate, fillsLastMember = false }: Pick<Targets, "fate" | "fillsLastMember">,
  schema: Schema,
): { readonly changes: Change[]; readonly emptied: readonly string[] } {
  const matching = new AttributeMatching(schema);
  const { must } = classRules(schema, entry.texts("objectClass"));
  const changes: Change[] = [];
  const emptied: string[] = [];
  for (const { type, values } of entry.attributes) {
    const key = matching.key(type);
    const fateOf = key === "memberuid" ? fate.ofUid : isNameAttribute(key) ? fate.ofName : undefined;
    if (fateOf === undefined) continue;
    const fates = values.map((value) => ({ value, after: fateOf(value) }));
    const removed = fates.filter(({ after }) => after !== undefined);
    if (removed.length === 0) continue;
    const there = new Set(values.map((value) => matching.valueKey(type, value)));
    for (const { value } of removed) there.delete(matching.valueKey(type, value));
    const added = removed.flatMap(({ after }) => {
      if (after === null || after === undefined || there.has(matching.valueKey(type, after))) return [];
      there.add(matching.valueKey(type, after));
      return [after];
    });
    if (there.size === 0 && must.has(key)) {
      emptied.push(type);
      if (fillsLastMember) added.push(encoder.encode(placeholder));
    }
    changes.push({ operation: "delete", modification: { type, values: distinct(removed.map(({ value }) => value)) } });
    if (added.length > 0) changes.push({ operation: "add", modification: { type, values: added } });
  }
  return { changes, emptied };
}

function isNameAttribute(key: string): boolean {
  return nameAttributes.some((name) => name.toLowerCase() === key);
}

function distinct(values: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(values.map((value) => [byteKey(value), value])).values()];
}

const decoder = new TextDecoder();

/** Of the entry `from`, which becomes `to`, and of all below it. */
export function fateOfRenamed(
  schema: Schema,
  from: Dn,
  to: Dn,
  uid: { readonly from: string; readonly to: string } | undefined,
): Fate {
  const fromKey = dnValueKey(formatDn(from), schema) ?? "";
  const renamed = (text: string): string | undefined => {
    const key = dnValueKey(text, schema);
    if (key === undefined || !isWithin(key, fromKey)) return undefined;
    return formatDn(rebase(parseDn(text), from, to));
  };
  return {
    ofName(value) {
      const text = renamed(decoder.decode(value));
      return text === undefined ? undefined : encoder.encode(text);
    },
    ofUid: (value) => (uid !== undefined && decoder.decode(value) === uid.from ? encoder.encode(uid.to) : undefined),
    nameAfter: (dn) => renamed(dn) ?? dn,
  };
}

/** Of the entry and all below it, which are deleted, with the login names that nobody has any more. */
export function fateOfDeleted(schema: Schema, dn: string, uids: ReadonlySet<string>): Fate {
  const goneKey = dnValueKey(dn, schema) ?? "";
  const isGone = (text: string) => {
    const key = dnValueKey(text, schema);
    return key !== undefined && isWithin(key, goneKey);
  };
  return {
    ofName: (value) => (isGone(decoder.decode(value)) ? null : undefined),
    ofUid: (value) => (uids.has(decoder.decode(value)) ? null : undefined),
    nameAfter: (name) => (isGone(name) ? undefined : name),
  };
}
