/** Any search finds what going through all entries with the filter finds, and sends what was selected. RFC 4511 §4.5. */
import { matchesFilter, type PartialAttribute, rfc2307bisSchema, type SearchRequest } from "@espalier/ldap";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { searchRequests } from "../../../../tests/lab/search-requests.ts";
import type { Entry } from "../../src/snapshot/entry.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { sampleSnapshot } from "../support/sample-directory.ts";
import { type ServedSnapshot, serveSnapshot } from "../support/served-snapshot.ts";

const schema = rfc2307bisSchema;

interface PlainEntry {
  readonly objectName: string;
  readonly parent: Entry | undefined;
  readonly entry: Entry;
  readonly attributes: readonly (PartialAttribute & { readonly isUser: boolean })[];
}

function plainEntries(snapshot: Snapshot): PlainEntry[] {
  return snapshot.entries().map((entry) => ({
    objectName: entry.dn,
    parent: entry.parent,
    entry,
    attributes: entry.shape.types.map((type, i) => ({
      type,
      values: entry.valuesAt(i).map((value) => new Uint8Array(value)),
      isUser: i < entry.shape.userTypes,
    })),
  }));
}

/** Selection as RFC 4511 §4.5.1.8 has it, attribute by attribute. */
function selected({ attributes }: PlainEntry, request: SearchRequest): PartialAttribute[] {
  const names = request.attributes;
  const isSelected = ({ type, isUser }: { type: string; isUser: boolean }) =>
    ((names.length === 0 || names.includes("*")) && isUser) ||
    (names.includes("+") && !isUser) ||
    names.some((name) => schema.subtypes(name).includes(schema.attribute(type)!));
  return attributes.filter(isSelected).map(({ type, values }) => ({ type, values: request.typesOnly ? [] : values }));
}

function isInScope({ entry }: PlainEntry, base: PlainEntry, scope: SearchRequest["scope"]): boolean {
  if (scope === "baseObject") return entry === base.entry;
  if (scope === "singleLevel") return entry.parent === base.entry;
  for (let at: Entry | undefined = entry; at; at = at.parent) if (at === base.entry) return true;
  return false;
}

describe.each(["flat", "ou"] as const)("a search in a directory placed %s", (placement) => {
  let snapshot: Snapshot;
  let served: ServedSnapshot;
  let all: PlainEntry[];
  beforeAll(async () => {
    snapshot = await sampleSnapshot(placement);
    served = await serveSnapshot(snapshot);
    all = plainEntries(snapshot);
  });
  afterAll(() => served[Symbol.asyncDispose]());

  it("finds and sends what a straightforward server would", async () => {
    const base = all.find(({ parent }) => parent === undefined)!;
    const ldif = [base, ...all.filter((each) => each !== base)].map(({ objectName, attributes }) => ({
      dn: objectName,
      attributes: attributes.map(
        ({ type, values }) => [type, values.map((value) => Buffer.from(value).toString())] as const,
      ),
    }));
    const found = { some: 0, none: 0 };
    await fc.assert(
      fc.asyncProperty(searchRequests(ldif), async (request) => {
        const base = baseOf(snapshot, all, request.baseObject);
        if (!base) return;
        const answer = await served.search(request);
        const matches = all.filter(
          (each) => isInScope(each, base, request.scope) && matchesFilter(request.filter, each, schema),
        );
        const isCut = request.sizeLimit > 0 && matches.length > request.sizeLimit;
        found[matches.length > 0 ? "some" : "none"]++;
        expect(answer.resultCode).toBe(isCut ? 4 : 0);
        const sent = answer.entries.map(({ objectName, attributes }) => ({
          objectName,
          attributes: plain(attributes),
        }));
        const wanted = matches.map((each) => ({
          objectName: each.objectName,
          attributes: plain(selected(each, request)),
        }));
        if (isCut) {
          expect(sent).toHaveLength(request.sizeLimit);
          expect(wanted).toEqual(expect.arrayContaining(sent));
        } else expect(byName(sent)).toEqual(byName(wanted));
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(found.some, found.none)).toBeGreaterThan(300);
  });
});

function baseOf(snapshot: Snapshot, all: readonly PlainEntry[], dn: string): PlainEntry | undefined {
  const entry = snapshot.entries().find((each) => each.dn.toLowerCase() === dn.toLowerCase());
  return entry && all.find((each) => each.entry === entry);
}

function plain(attributes: readonly PartialAttribute[]) {
  return attributes.map(({ type, values }) => [type, ...values.map((value) => Buffer.from(value).toString("latin1"))]);
}

function byName<T extends { objectName: string }>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => (a.objectName < b.objectName ? -1 : 1));
}
