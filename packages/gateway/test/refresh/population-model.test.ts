/** Whatever happens to the tables: a pass over them leaves what a gateway started now would serve. */
import { rfc2307bisSchema } from "@espalier/ldap";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Population } from "../../src/refresh/population.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { parseUser } from "../../src/source/row.ts";
import type { Source, SqlQueries } from "../../src/source/source.ts";
import { createTree, type Placement } from "../../src/tree/tree.ts";
import { listEntries, listIndexes } from "../support/entry-list.ts";
import { type GroupRow, tableQueries, type UserRow, UserTables } from "../support/user-tables.ts";

function newPopulation(placement: Placement): Population {
  return new Population(new Snapshot(rfc2307bisSchema), {
    tree: createTree({ base: "dc=example,dc=com", placement, schema: rfc2307bisSchema }),
    defaults: { inventMail: true },
    credentialsToKeep: ({ username, password }) =>
      password === undefined ? undefined : { username, stored: password, needsApproval: false },
    observePassword: () => {},
    now: Date.now,
  });
}

// Few names, numbers and places, so that they meet: equal but for letter case, a user named as a group, one number twice.
const usernames = ["ann", "Ann", "bob", "dev", "José", "x,y"];
const groupNames = ["dev", "Dev", "staff", "bob", "ann", "x,y"];
const numbers = [5, 6, 7, 0];
const places = [1, 2, 3, 4, 5, 6];

const username = fc.constantFrom(...usernames);
const groupName = fc.constantFrom(...groupNames);
const dn = fc.oneof(
  username.map((name) => `UID=${name.replace(",", "\\,")}, dc=example,dc=com`),
  groupName.map((name) => `cn=${name.replace(",", "\\,")},dc=example,dc=com`),
  fc.constant("nonsense"),
);
const listOf = (item: fc.Arbitrary<string>) =>
  fc.option(
    fc.array(item, { maxLength: 3 }).map((items) => JSON.stringify(items)),
    { freq: 2 },
  );

const userRow: fc.Arbitrary<UserRow> = fc.record({
  username: fc.oneof(
    { weight: 12, arbitrary: username },
    { weight: 1, arbitrary: fc.constantFrom(null, "", " ann", "a/b") },
  ),
  uid_number: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(100, 101, 102) },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  gid_number: fc.constantFrom(...numbers),
  full_name: fc.constantFrom(null, "Ann", "Bob: the\nbuilder", "李"),
  mail: fc.constantFrom(null, "ann@example.com", '["a@x.org","b@x.org"]'),
  password: fc.constantFrom(null, "{SSHA}a", "{SSHA}b"),
  status: fc.constantFrom("active", "active", "ACTIVE", "suspended", null),
});
const groupRow: fc.Arbitrary<GroupRow> = fc.record({
  name: fc.oneof({ weight: 12, arbitrary: groupName }, { weight: 1, arbitrary: fc.constantFrom(null, "a:b") }),
  gid_number: fc.constantFrom(...numbers, 8),
  member_uids: listOf(username),
  members: listOf(dn),
  member_groups: listOf(groupName),
});

/** A change of the tables, by the method that makes it: printed as that when a run fails. */
type Change =
  | ["putUser", number, UserRow]
  | ["putGroup", number, GroupRow]
  | ["removeUser" | "removeGroup", number]
  | ["join" | "leave", string, string];

const place = fc.constantFrom(...places);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("putUser"), place, userRow) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("putGroup"), place, groupRow) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom("removeUser", "removeGroup"), place) },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("join", "join", "leave"), username, groupName) },
);
function apply(tables: UserTables, changes: readonly Change[]): void {
  tables.together(() => {
    for (const [method, ...values] of changes) (tables[method] as (...values: unknown[]) => void)(...values);
  });
}
/** Changes, and the users who are looked up before the next pass, as a search that misses them does. */
const step = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 6 }),
  lookups: fc.array(username, { maxLength: 2 }),
});
const steps = fc.array(step, { minLength: 1, maxLength: 8 });

async function lookUp(population: Population, source: Source, name: string): Promise<void> {
  const row = await source.user(name);
  const parsed = row && parseUser(row);
  if (!parsed || "skip" in parsed || !parsed.user.active) return;
  population.addUser(
    parsed.user,
    (await source.groupsOf(name)).map((group) => String(group.name)),
  );
}

async function expectFresh(population: Population, source: Source, placement: Placement): Promise<void> {
  const fresh = newPopulation(placement);
  const result = await population.pass(source);
  const freshResult = await fresh.pass(source);
  const entries = listEntries(population.snapshot);
  const freshEntries = listEntries(fresh.snapshot);
  expect(entries).toEqual(freshEntries);
  expect(listIndexes(population.snapshot, entries)).toEqual(listIndexes(fresh.snapshot, entries));
  expect({ ...result, changed: 0 }).toEqual({ ...freshResult, changed: 0 });
  for (const name of usernames) expect(population.credentials(name)).toEqual(fresh.credentials(name));
  expect(await population.pass(source)).toMatchObject({ changed: 0 });
}

/** One file for all runs: making one takes longer than a run does. */
async function withTables(
  use: (tables: UserTables, ...sources: Source[]) => Promise<void>,
  ...queries: SqlQueries[]
): Promise<void> {
  using tables = new UserTables();
  const sources = queries.map((each) => tables.open(each));
  await use(tables, ...sources);
  await Promise.all(sources.map((source) => source.close()));
}

it.each(["flat", "ou"] as const)(
  "after any changes, %s: a pass leaves what a start would find, and nothing to change",
  async (placement) => {
    await withTables(async (tables, source) => {
      const property = fc.asyncProperty(steps, async (each) => {
        tables.clear();
        const population = newPopulation(placement);
        for (const { changes, lookups } of each) {
          apply(tables, changes);
          for (const name of lookups) await lookUp(population, source!, name);
          await expectFresh(population, source!, placement);
        }
      });
      await fc.assert(property, { numRuns: placement === "flat" ? 150 : 50 });
    }, tableQueries);
  },
);

it("memberships are the same without the fifth query", async () => {
  const { memberships: _, ...fourQueries } = tableQueries;
  await withTables(
    async (tables, bulk, each) => {
      const property = fc.asyncProperty(fc.array(change, { maxLength: 25 }), async (changes) => {
        tables.clear();
        apply(tables, changes);
        const [a, b] = [newPopulation("flat"), newPopulation("flat")];
        await a.pass(bulk!);
        await b.pass(each!);
        expect(listEntries(b.snapshot)).toEqual(listEntries(a.snapshot));
      });
      await fc.assert(property, { numRuns: 30 });
    },
    tableQueries,
    fourQueries,
  );
});
