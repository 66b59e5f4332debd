/** Finds the entries that a list means which somebody pasted: names (DNs), login names, mail addresses. */
import { type Filter, parseDn } from "@espalier/ldap";
import type { SearchEntry } from "@espalier/ldap/client";
import type { Person } from "./membership.ts";
import { type DirectoryView, equals } from "./view.ts";

/** By which somebody is known; the first that is there is their login name. */
const loginAttributes = ["uid", "sAMAccountName"];
const soughtAttributes = [...loginAttributes, "mail", "userPrincipalName"];
const itemsAtOnce = 100;
const maxFound = 100_000;

export interface Unresolved {
  readonly item: string;
  readonly reason: string;
}

export interface FoundPeople {
  readonly people: ReadonlyMap<string, Person>;
  readonly unresolved: readonly Unresolved[];
}

/** Each item once; the order is that of the list. */
export async function findPeople(view: DirectoryView, items: readonly string[]): Promise<FoundPeople> {
  const names = items.filter(isName);
  const others = items.filter((item) => !isName(item));
  const people = new Map<string, Person>();
  const unresolved: Unresolved[] = [];
  const entries = await view.entriesIfThere(names, loginAttributes);
  names.forEach((item, index) => {
    const entry = entries[index];
    if (entry === undefined) unresolved.push({ item, reason: "There is no such entry." });
    else people.set(item, personOf(entry));
  });
  const found = await findByText(view, others);
  for (const item of others) {
    const candidates = found.get(item.toLowerCase()) ?? new Map<string, Person>();
    const [person] = candidates.values();
    if (person === undefined) unresolved.push({ item, reason: "Nobody has this login name or mail address." });
    else if (candidates.size > 1) unresolved.push({ item, reason: `${candidates.size} entries have it.` });
    else people.set(item, person);
  }
  return { people, unresolved };
}

export function isName(item: string): boolean {
  try {
    return parseDn(item).length > 0;
  } catch {
    return false;
  }
}

/** By the item in lower case, and then by DN. */
async function findByText(
  view: DirectoryView,
  items: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Person>>> {
  const schema = await view.schema();
  const attributes = soughtAttributes.filter((name) => schema.attribute(name) !== undefined);
  const base = await view.baseDn();
  const found = new Map<string, Map<string, Person>>();
  for (let start = 0; start < items.length; start += itemsAtOnce) {
    const some = items.slice(start, start + itemsAtOnce);
    const filter: Filter = {
      type: "or",
      filters: some.flatMap((item) => attributes.map((attribute) => equals(attribute, item))),
    };
    const bounds = { limit: maxFound, what: "entries that the list means", advice: "Send a part of it." };
    const entries = await view.collect({ base, filter, attributes }, bounds, (entry) => entry);
    for (const entry of entries) {
      for (const text of new Set(attributes.flatMap((name) => entry.texts(name)).map((each) => each.toLowerCase()))) {
        const candidates = found.get(text) ?? new Map<string, Person>();
        found.set(text, candidates);
        candidates.set(entry.objectName, personOf(entry));
      }
    }
  }
  return found;
}

export function personOf(entry: SearchEntry): Person {
  return { dn: entry.objectName, uid: loginAttributes.flatMap((name) => entry.texts(name))[0] };
}
