/** Copies of an entry, alone or with all below it: new entries, without what must be nobody else's. */
import { type Dn, formatDn, isWithin, type PartialAttribute, parseDn } from "@espalier/ldap";
import { attribute, type SearchEntry } from "@espalier/ldap/client";
import { ApiError } from "../api/problem.ts";
import { type Attributes, isSecretAttribute, partialAttributes } from "../api/value.ts";
import { AttributeMatching } from "../changes/attribute-matching.ts";
import type { AddEntry } from "../changes/change-set.ts";
import { EntryImage } from "../changes/entry-image.ts";
import type { NumberAllocator } from "./number-allocator.ts";
import type { Plan } from "./plan.ts";
import { usedNumbers } from "./used-numbers.ts";
import { checkedValues } from "./value-checks.ts";
import { type DirectoryView, rebase, superiorOf } from "./view.ts";

export interface Copy {
  readonly dn: string;
  readonly newDn: string;
  readonly withChildren: boolean;
  /** Attributes that are copied although they are not by themselves: `userPassword`, `uidNumber`. */
  readonly keep: readonly string[];
  /** In place of what the original has; no values: without. Not of those below it. */
  readonly attributes: Attributes;
  readonly preview: boolean;
}

interface LeftOut {
  readonly attribute: string;
  readonly entries: number;
  readonly reason: string;
}

export interface CopyPlan extends Plan {
  readonly dn: string;
  readonly leftOut: readonly LeftOut[];
}

const maxEntries = 1_000;
const decoder = new TextDecoder();

/** @throws ApiError */
export async function planCopy(view: DirectoryView, copy: Copy, numbers: NumberAllocator): Promise<CopyPlan> {
  const [from, to] = [parseDn(copy.dn), parseDn(copy.newDn)];
  superiorOf(copy.newDn);
  const [fromKey, toKey] = await Promise.all([view.key(from), view.key(to)]);
  if (fromKey === toKey) throw new ApiError("invalid_request", "The copy needs another name.");
  if (copy.withChildren && isWithin(toKey, fromKey)) {
    throw new ApiError("invalid_request", "An entry cannot be copied with all below it to a place below itself.");
  }
  const { session } = view.actor;
  session.require("read", view.cluster.name, copy.dn);
  session.require("write", view.cluster.name, formatDn(to));
  const originals = copy.withChildren
    ? await view.collect(
        { base: copy.dn, attributes: ["*"] },
        { limit: maxEntries, what: "entries to be copied", advice: "Export and import them as LDIF." },
        (entry) => entry,
      )
    : [await view.entry(copy.dn, ["*"])];
  if (originals.length === 0) await view.entry(copy.dn, ["1.1"]);
  const copier = new Copier(view, copy, numbers, new AttributeMatching(await view.schema()));
  const topFirst = originals
    .map((entry) => ({ entry, name: parseDn(entry.objectName) }))
    .sort((a, b) => a.name.length - b.name.length);
  const changes: AddEntry[] = [];
  for (const { entry, name } of topFirst) changes.push(await copier.copy(entry, name, rebase(name, from, to)));
  const { vendor } = await view.facts();
  return {
    title: `Copy ${copy.dn} to ${copy.newDn}`,
    dn: formatDn(to),
    changes,
    leftOut: copier.leftOut,
    counts: { entries: changes.length },
    warnings: [
      ...copier.warnings,
      ...(vendor === "active-directory" ? ["Accounts are copied without a password, and so are disabled."] : []),
    ],
  };
}

class Copier {
  readonly #view: DirectoryView;
  readonly #copy: Copy;
  readonly #numbers: NumberAllocator;
  readonly #matching: AttributeMatching;
  readonly #kept: ReadonlySet<string>;
  readonly #leftOut = new Map<string, LeftOut>();
  readonly warnings: string[] = [];
  #previewed = 0;

  constructor(view: DirectoryView, copy: Copy, numbers: NumberAllocator, matching: AttributeMatching) {
    this.#view = view;
    this.#copy = copy;
    this.#numbers = numbers;
    this.#matching = matching;
    this.#kept = new Set(copy.keep.map((name) => matching.key(name)));
  }

  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()];
  }

  async copy(original: SearchEntry, from: Dn, to: Dn): Promise<AddEntry> {
    const isTop = from.length === parseDn(this.#copy.dn).length;
    const given = isTop ? checkedValues(partialAttributes(this.#copy.attributes)) : [];
    const givenKeys = new Set(given.map(({ type }) => this.#matching.key(type)));
    const copied: PartialAttribute[] = [];
    for (const { type, values } of original.attributes) {
      const key = this.#matching.key(type);
      if (givenKeys.has(key)) continue;
      const reason = this.#reasonToLeaveOut(type);
      if (reason !== undefined) this.#leave(type, reason);
      else if (key === "uidnumber" && !this.#kept.has(key)) {
        this.#leave(type, "The copy has a new one.");
        copied.push(attribute(type, String(await this.#nextNumber(type))));
      } else copied.push({ type, values });
    }
    const named = this.#renamed(EntryImage.of([...copied, ...given], this.#matching), from, to);
    if (isTop) this.#warnOfOldName(named, from, to);
    return { type: "add", dn: formatDn(to), attributes: named.attributes };
  }

  #reasonToLeaveOut(type: string): string | undefined {
    if (this.#kept.has(this.#matching.key(type))) return undefined;
    if (isSecretAttribute(type)) return "It is a secret.";
    return this.#matching.isGivenWithEntry(type) ? undefined : "The server keeps it.";
  }

  #leave(type: string, reason: string): void {
    const known = this.#leftOut.get(type);
    this.#leftOut.set(type, { attribute: type, reason, entries: (known?.entries ?? 0) + 1 });
  }

  async #nextNumber(type: string): Promise<number> {
    const used = usedNumbers(this.#view, type);
    if (!this.#copy.preview) return this.#numbers.take(used);
    this.#previewed += 1;
    return (await this.#numbers.peek(used, this.#previewed)).at(-1) ?? 0;
  }

  /** Without the values that named the original, and with those that name the copy. */
  #renamed(entry: EntryImage, from: Dn, to: Dn): EntryImage {
    const encoder = new TextEncoder();
    const values = (dn: Dn) =>
      (dn[0] ?? []).flatMap(({ type, value }) =>
        typeof value === "string" ? [{ type, value: encoder.encode(value) }] : [],
      );
    const isSame = formatDn([from[0] ?? []]) === formatDn([to[0] ?? []]);
    if (isSame) return entry;
    return entry.after([
      ...values(from).map(({ type, value }) => ({
        operation: "delete" as const,
        modification: { type, values: [value] },
      })),
      ...values(to).map(({ type, value }) => ({ operation: "add" as const, modification: { type, values: [value] } })),
    ]);
  }

  /** What was made out of the old name, and what two people cannot have. */
  #warnOfOldName(entry: EntryImage, from: Dn, to: Dn): void {
    const uid = entry.values("uid").map((value) => decoder.decode(value));
    const isNamedByUid = to[0]?.some(({ type }) => this.#matching.key(type) === "uid") ?? false;
    if (uid.length > 0 && !isNamedByUid && this.#copy.attributes.uid === undefined) {
      this.warnings.push(
        `The copy has the same login name (${uid.join(", ")}): nobody can sign in by it any more. Give it another.`,
      );
    }
    const [old] = from[0] ?? [];
    if (typeof old?.value !== "string" || old.value.length < 2) return;
    const word = new RegExp(`(?<![\\p{L}\\p{N}])${escaped(old.value)}(?![\\p{L}\\p{N}])`, "iu");
    const still = entry.attributes
      .filter(({ values }) => values.some((value) => value.length < 1_000 && word.test(decoder.decode(value))))
      .map(({ type }) => type);
    if (still.length > 0) this.warnings.push(`${still.join(", ")} still have ${old.value} in them.`);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
