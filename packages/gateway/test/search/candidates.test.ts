/** What narrows a search down never changes what it finds: candidates by index, and decisions by shape. */
import { compileFilter, type Filter, parseFilter, rfc2307bisSchema } from "@espalier/ldap";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { searchRequests } from "../../../../tests/lab/search-requests.ts";
import { candidatesFor } from "../../src/search/candidates.ts";
import { EntryTarget } from "../../src/search/entry-target.ts";
import { MatcherCache, matcherFor } from "../../src/search/matcher.ts";
import { specialize } from "../../src/search/shape-filter.ts";
import type { Entry } from "../../src/snapshot/entry.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { sampleSnapshot } from "../support/sample-directory.ts";

const schema = rfc2307bisSchema;

function evaluate(filter: Filter, entry: Entry): boolean | undefined {
  const target = new EntryTarget();
  target.entry = entry;
  return compileFilter(filter, schema)(target);
}

let snapshot: Snapshot;
let filters: fc.Arbitrary<Filter>;
beforeAll(async () => {
  snapshot = await sampleSnapshot();
  const entries = snapshot.entries().map((entry) => ({
    dn: entry.dn,
    attributes: entry.shape.types.map((type, i) => [type, entry.textsAt(i)] as const),
  }));
  filters = searchRequests(entries).map(({ filter }) => filter);
});

describe("candidates", () => {
  it("hold every match, and nothing else where the filter counts as fulfilled", () => {
    let narrowed = 0;
    fc.assert(
      fc.property(filters, (filter) => {
        const candidates = candidatesFor(filter, snapshot);
        if (!candidates) return;
        narrowed++;
        const entries = candidates.entries();
        const matches = snapshot.entries().filter((entry) => evaluate(filter, entry) === true);
        expect(entries).toEqual(expect.arrayContaining(matches));
        expect(new Set(entries).size).toBe(entries.length);
        expect(candidates.count).toBeGreaterThanOrEqual(entries.length);
        if (candidates.fulfilled === filter) expect(entries.length).toBe(matches.length);
        const matcher = matcherFor({ filter, fulfilled: candidates.fulfilled }, schema);
        expect(entries.filter(matcher).length).toBe(matches.length);
      }),
      { numRuns: 3000 },
    );
    expect(narrowed).toBeGreaterThan(300);
  });

  it.each([
    ["(&(uid=ann)(cn=*))", 1],
    ["(|(uid=ann)(uid=abe)(uid=nobody))", 2],
    ["(uidNumber<=1007)", 2],
    ["(uid=ann*)", 4],
    ["(memberOf=cn=admins,dc=example,dc=com)", 5],
    ["(&(objectClass=posixAccount)(uid=nobody))", 0],
  ])("for %s are %i", (text, count) => {
    expect(candidatesFor(parseFilter(text), snapshot)?.entries()).toHaveLength(count);
  });

  it("are not looked for where one index entry after the other costs more than going through the directory", () => {
    for (const text of ["(objectClass=*)", "(!(uid=ann))", "(|(uid=ann)(sn=x))", "(&)", "(uid=*n)", "(cn;lang-de=x)"]) {
      expect(candidatesFor(parseFilter(text), snapshot)).toBeUndefined();
    }
  });
});

describe("a filter specialized for a shape", () => {
  it("has the same of the three values for every entry of that shape", () => {
    fc.assert(
      fc.property(filters, (filter) => {
        for (const entry of snapshot.entries()) {
          const special = specialize(filter, { shape: entry.shape, schema, fulfilled: undefined });
          const value = typeof special === "object" ? evaluate(special, entry) : special;
          expect(value).toBe(evaluate(filter, entry));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a matcher that is remembered", () => {
  it("matches what a new one would, whatever was asked before", () => {
    const cache = new MatcherCache(schema);
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 20 }), (asked) => {
        for (const filter of [...asked, ...structuredClone(asked)]) {
          const question = { filter, fulfilled: candidatesFor(filter, snapshot)?.fulfilled };
          const entries = candidatesFor(filter, snapshot)?.entries() ?? snapshot.entries();
          const expected = entries.filter(matcherFor(question, schema));
          expect(entries.filter(cache.get(question))).toEqual(expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("serves the next user's lookup, and no filter that differs in more than the user", () => {
    const cache = new MatcherCache(schema);
    const matcherOf = (text: string) => {
      const filter = parseFilter(text);
      return cache.get({ filter, fulfilled: candidatesFor(filter, snapshot)?.fulfilled });
    };
    const first = matcherOf("(&(uid=ann)(objectClass=posixAccount)(!(uidNumber=0)))");
    expect(matcherOf("(&(uid=abe)(objectClass=posixAccount)(!(uidNumber=0)))")).toBe(first);
    for (const other of [
      "(&(uid=abe)(objectClass=posixGroup)(!(uidNumber=0)))",
      "(&(uid=abe)(objectClass=posixAccount)(!(uidNumber=1)))",
      "(&(uid=abe)(objectClass=posixAccount)(!(gidNumber=0)))",
      "(&(uid=abe)(objectClass=posixAccount)(uidNumber=0))",
      "(|(uid=abe)(objectClass=posixAccount)(!(uidNumber=0)))",
      "(&(uid=abe)(objectClass=posixAccount))",
      "(&(objectClass=posixAccount)(uid=abe)(!(uidNumber=0)))",
    ]) {
      expect(matcherOf(other), other).not.toBe(first);
    }
    expect(matcherOf("(&(uid=bob)(objectClass=posixAccount)(!(uidNumber=0)))")).toBe(first);
  });

  it("is not that of a filter of very many items, which strangers could fill the memory with", () => {
    const cache = new MatcherCache(schema);
    const isRemembered = (items: number) => {
      const ask = () => cache.get({ filter: parseFilter(`(&${"(cn=*)".repeat(items - 1)})`), fulfilled: undefined });
      const first = ask();
      return ask() === first;
    };
    expect([isRemembered(32), isRemembered(33), isRemembered(10_000)]).toEqual([true, false, false]);
  });
});
