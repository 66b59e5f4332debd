/** The entries that an LDIF file adds, by name and in their order, as a server would take them. */
import type { PartialAttribute, Schema } from "@espalier/ldap";
import { normalizeDn, normalizedParent, ParseError } from "@espalier/ldap/dn";
import type { LdifFile, LdifFileRecord } from "../../inputs/ldif.ts";
import type { Location } from "../../inputs/source-file.ts";
import { hasPlaceholder } from "../../render/placeholder.ts";

export class LdifEntry {
  readonly dn: string;
  /** As {@link normalizeDn} has it. */
  readonly key: string;
  readonly location: Location;
  /** Set: the line of an entry of the same name before it. */
  readonly firstLine: number | undefined;
  readonly isAdded: boolean;
  readonly attributes: readonly PartialAttribute[];
  readonly #locate: LdifFileRecord["locate"];

  constructor(
    record: LdifFileRecord,
    key: string,
    attributes: readonly PartialAttribute[],
    firstLine: number | undefined,
  ) {
    this.dn = record.record.dn;
    this.key = key;
    this.location = record.location;
    this.firstLine = firstLine;
    this.isAdded = record.record.type === "add";
    this.attributes = attributes;
    this.#locate = record.locate;
  }

  /** The DNs that an attribute has; without a key what is none. Placeholders are left out. */
  namesIn(
    type: string,
    schema: Schema,
  ): readonly { readonly text: string; readonly key?: string; readonly location: Location }[] {
    const attribute = this.attributes.find((each) => each.type.toLowerCase() === type.toLowerCase());
    return (attribute?.values ?? []).flatMap((value, index) => {
      const text = Buffer.from(value).toString();
      if (text === "" || isFilledInLater(text)) return [];
      const key = keyOf(text, schema);
      const location = this.#locate(type, index);
      return [typeof key === "string" ? { text, key, location } : { text, location }];
    });
  }
}

export class LdifTree {
  readonly file: LdifFile;
  readonly entries: readonly LdifEntry[];
  readonly malformed: readonly { readonly dn: string; readonly location: Location; readonly reason: string }[];
  /** Names that are filled in later: which entry is whose superior is not known then. */
  readonly hasPlaceholders: boolean;
  readonly #first = new Map<string, LdifEntry>();

  constructor(file: LdifFile, schema: Schema) {
    const entries: LdifEntry[] = [];
    const malformed: LdifTree["malformed"][number][] = [];
    const present = new Map<string, number>();
    let hasPlaceholders = false;
    for (const placed of file.records) {
      const { record, line, location } = placed;
      if (isFilledInLater(record.dn)) {
        hasPlaceholders = true;
        continue;
      }
      const key = keyOf(record.dn, schema);
      if (typeof key !== "string") {
        malformed.push({ dn: record.dn, location, reason: key.message });
      } else if (record.type === "content" || record.type === "add") {
        const entry = new LdifEntry(placed, key, record.attributes, present.get(key));
        entries.push(entry);
        present.set(key, present.get(key) ?? line);
        if (!this.#first.has(key)) this.#first.set(key, entry);
      } else if (record.type === "delete") {
        present.delete(key);
      } else if (record.type === "modifyDn") {
        // What is below it moves along: nothing is said of names any more.
        hasPlaceholders = true;
        present.delete(key);
      }
    }
    this.file = file;
    this.entries = entries;
    this.malformed = malformed;
    this.hasPlaceholders = hasPlaceholders;
  }

  get keys(): Iterable<string> {
    return this.#first.keys();
  }

  has(key: string): boolean {
    return this.#first.has(key);
  }

  lineOf(key: string): number | undefined {
    return this.#first.get(key)?.location.line;
  }

  wasThereBefore(key: string, entry: LdifEntry): boolean {
    const other = this.#first.get(key);
    return other !== undefined && other.location.start < entry.location.start;
  }

  hasAncestorOf(key: string): boolean {
    for (let above = normalizedParent(key); above !== undefined && above !== ""; above = normalizedParent(above)) {
      if (this.#first.has(above)) return true;
    }
    return false;
  }
}

function keyOf(dn: string, schema: Schema): string | ParseError {
  try {
    return normalizeDn(dn, schema);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
}

function isFilledInLater(text: string): boolean {
  return hasPlaceholder(text) || /\$\{?[A-Za-z_]\w*|\{\{|%\w+%/.test(text);
}
