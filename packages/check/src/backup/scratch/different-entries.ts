/** Which entries of two directories are not the same, by name. Both are read twice, so that memory does not grow with them. */
import { createHash } from "node:crypto";
import { canonicalEntry, entriesOf, normalName } from "../parts/ldap-part.ts";
import type { Bytes } from "../parts/part.ts";
import { SetDigest } from "../set-digest.ts";

const bucketCount = 4_096;
/** As many are named; whoever has more does not look at them one by one. */
const namedCount = 5;

/** Sentences without a full stop, with names of entries and attributes, and no values. */
export async function differentEntries(expected: () => Bytes, found: () => Bytes): Promise<string[]> {
  const [wanted, there] = [await bucketDigests(expected()), await bucketDigests(found())];
  const different = wanted.flatMap((digest, bucket) => (digest === there[bucket] ? [] : [bucket]));
  const buckets = new Set(different.slice(0, namedCount));
  const [before, after] = [await entriesIn(buckets, expected()), await entriesIn(buckets, found())];
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => difference(before.get(name), after.get(name))).slice(0, namedCount);
}

interface NamedEntry {
  readonly dn: string;
  /** Attribute type and value. */
  readonly lines: readonly string[];
}

function bucketOf(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE() % bucketCount;
}

async function bucketDigests(content: Bytes): Promise<string[]> {
  const digests = Array.from({ length: bucketCount }, () => new SetDigest());
  for await (const entry of entriesOf(content)) digests[bucketOf(normalName(entry.dn))]?.add(canonicalEntry(entry));
  return digests.map(({ tally }) => tally.digest);
}

async function entriesIn(buckets: ReadonlySet<number>, content: Bytes): Promise<Map<string, NamedEntry>> {
  const entries = new Map<string, NamedEntry>();
  for await (const entry of entriesOf(content)) {
    const name = normalName(entry.dn);
    if (!buckets.has(bucketOf(name))) continue;
    entries.set(name, { dn: entry.dn, lines: canonicalEntry(entry).split("\n").slice(1) });
  }
  return entries;
}

function difference(before: NamedEntry | undefined, after: NamedEntry | undefined): string[] {
  if (before === undefined) return after === undefined ? [] : [`${after.dn} was not there before`];
  if (after === undefined) return [`${before.dn} is missing`];
  const [wanted, there] = [new Set(before.lines), new Set(after.lines)];
  const lines = [
    ...before.lines.filter((line) => !there.has(line)),
    ...after.lines.filter((line) => !wanted.has(line)),
  ];
  const types = lines.map((line) => line.slice(0, line.indexOf(" ")));
  return types.length === 0 ? [] : [`${before.dn} has other values of ${[...new Set(types)].sort().join(", ")}`];
}
