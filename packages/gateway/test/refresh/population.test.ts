/** How rows become entries that agree with each other, and what a pass does not do. */
import { describe, expect, it } from "vitest";
import type { Population } from "../../src/refresh/population.ts";
import type { Source } from "../../src/source/source.ts";
import { type ListedEntry, listEntries } from "../support/entry-list.ts";
import { newPopulation } from "../support/sample-directory.ts";
import { type GroupRow, type UserRow, UserTables } from "../support/user-tables.ts";

const base = "dc=example,dc=com";
const ann: UserRow = { username: "ann", uid_number: 1000, gid_number: 5 };
const bob: UserRow = { username: "bob", uid_number: 1001, gid_number: 5 };
const staff: GroupRow = { name: "staff", gid_number: 5 };

async function withPopulation(
  use: (tables: UserTables, population: Population, source: Source) => Promise<void>,
): Promise<void> {
  using tables = new UserTables();
  const source = tables.open();
  await use(tables, newPopulation(), source);
  await source.close();
}

function entry(population: Population, dn: string): ListedEntry | undefined {
  return listEntries(population.snapshot).find((each) => each.dn === dn);
}
const memberOf = (population: Population, username: string) =>
  entry(population, `uid=${username},${base}`)?.operational.memberOf ?? [];
const membersOf = (population: Population, name: string) => {
  const { memberUid = [], member = [] } = entry(population, `cn=${name},${base}`)?.user ?? {};
  return { memberUid, member };
};

describe("memberships", () => {
  it("agree in memberUid, member and memberOf, whichever of the columns and queries says so", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, ann);
      tables.putUser(2, bob);
      tables.putUser(3, { username: "x,y", uid_number: 1002, gid_number: 5 });
      tables.putGroup(1, staff);
      tables.putGroup(2, { name: "by-uid", gid_number: 6, member_uids: "ann,nobody" });
      tables.putGroup(3, {
        name: "by-dn",
        gid_number: 7,
        members: `UID=Ann, ${base};uid=nobody,${base};nonsense;uid=x\\,y,${base}`,
      });
      tables.join("ann", "staff");
      tables.join("ann", "no-such-group");
      tables.join("nobody", "staff");
      await population.pass(source);
      expect(memberOf(population, "ann")).toEqual(["by-dn", "by-uid", "staff"].map((name) => `cn=${name},${base}`));
      expect(memberOf(population, "bob")).toEqual([]);
      expect(membersOf(population, "staff")).toEqual({ memberUid: ["ann"], member: [`uid=ann,${base}`] });
      expect(membersOf(population, "by-uid")).toEqual({ memberUid: ["ann"], member: [`uid=ann,${base}`] });
      expect(membersOf(population, "by-dn")).toEqual({
        memberUid: ["ann", "x,y"],
        member: [`uid=ann,${base}`, `uid=x\\,y,${base}`],
      });
    });
  });

  it("reach through nested groups, named or given by DN, also where groups contain each other", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, ann);
      tables.putUser(2, bob);
      tables.putGroup(1, { ...staff, member_groups: "inner,no-such-group" });
      tables.putGroup(2, { name: "inner", gid_number: 6, members: `cn=Innermost,${base}` });
      tables.putGroup(3, { name: "innermost", gid_number: 7, member_groups: '["inner"]', member_uids: "bob" });
      tables.join("ann", "inner");
      await population.pass(source);
      for (const name of ["staff", "inner", "innermost"])
        expect(membersOf(population, name).memberUid).toEqual(["ann", "bob"]);
      expect(memberOf(population, "bob")).toEqual(["inner", "innermost", "staff"].map((name) => `cn=${name},${base}`));
      tables.leave("ann", "inner");
      await population.pass(source);
      expect(memberOf(population, "ann")).toEqual([]);
      expect(membersOf(population, "staff").memberUid).toEqual(["bob"]);
    });
  });
});

describe("a suspended user", () => {
  it("vanishes from everything, and comes back with everything", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, ann);
      tables.putUser(2, { ...bob, gid_number: 77 });
      tables.putGroup(1, staff);
      tables.join("ann", "staff");
      tables.join("bob", "staff");
      await population.pass(source);
      const before = listEntries(population.snapshot);
      tables.putUser(2, { ...bob, gid_number: 77, status: "suspended" });
      await population.pass(source);
      expect(JSON.stringify(listEntries(population.snapshot))).not.toContain("bob");
      tables.putUser(2, { ...bob, gid_number: 77 });
      await population.pass(source);
      expect(listEntries(population.snapshot)).toEqual(before);
    });
  });
});

describe("a row that cannot be served", () => {
  it("is skipped and named, and the others are served", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, ann);
      tables.putUser(2, { ...bob, uid_number: null });
      tables.putUser(3, { username: "ANN", uid_number: 1003, gid_number: 5 });
      tables.putGroup(1, staff);
      tables.putGroup(2, { name: "Staff", gid_number: 6 });
      const { skipped, users, groups } = await population.pass(source);
      expect({ users, groups }).toEqual({ users: 1, groups: 1 });
      expect(skipped).toEqual([
        { kind: "user", name: "bob", reason: 'The user "bob" is skipped: uid_number is missing.' },
        { kind: "user", name: "ANN", reason: 'The user "ANN" is skipped: username is taken by another row, "ann".' },
        {
          kind: "group",
          name: "Staff",
          reason: 'The group "Staff" is skipped: name is taken by another row, "staff".',
        },
      ]);
      expect((await population.pass(source)).skipped).toEqual(skipped);
    });
  });
});

describe("a pass that fails midway", () => {
  it.each(["users", "groups", "memberships"])("at the %s changes nothing", async (table) => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, ann);
      tables.putGroup(1, staff);
      tables.join("ann", "staff");
      await population.pass(source);
      const before = listEntries(population.snapshot);
      tables.putUser(2, bob);
      tables.removeUser(1);
      tables.putGroup(1, { name: "other", gid_number: 6 });
      tables.exec(`ALTER TABLE ${table} RENAME TO elsewhere`);
      await expect(population.pass(source)).rejects.toThrow();
      expect(listEntries(population.snapshot)).toEqual(before);
      tables.exec(`ALTER TABLE elsewhere RENAME TO ${table}`);
      await population.pass(source);
      expect(listEntries(population.snapshot).map(({ dn }) => dn)).toEqual(
        [`cn=other,${base}`, base, `uid=bob,${base}`, `cn=bob,${base}`].sort(),
      );
    });
  });
});

describe("a private group", () => {
  it("stands in for a number that no group has, and gives way to a group that has it, or has its name", async () => {
    await withPopulation(async (tables, population, source) => {
      const groups = () => listEntries(population.snapshot).filter(({ dn }) => dn.startsWith("cn="));
      const list = async () => {
        await population.pass(source);
        return groups().map(({ user }) => `${user.cn} ${user.gidNumber} ${user.memberUid ?? ""}`);
      };
      tables.putUser(1, { ...bob, gid_number: 77 });
      tables.putUser(2, { ...ann, gid_number: 77 });
      expect(await list()).toEqual(["ann 77 ann"]);
      tables.putUser(2, { ...ann, gid_number: 78 });
      expect(await list()).toEqual(["ann 78 ann", "bob 77 bob"]);
      tables.putGroup(1, { name: "bob", gid_number: 5 });
      expect(await list()).toEqual(["ann 78 ann", "bob 5 "]);
      tables.putGroup(1, { name: "Real", gid_number: 77 });
      expect(await list()).toEqual(["ann 78 ann", "Real 77 "]);
      tables.removeGroup(1);
      expect(await list()).toEqual(["ann 78 ann", "bob 77 bob"]);
      tables.putUser(2, { ...ann, gid_number: 77 });
      expect(await list()).toEqual(["ann 77 ann"]);
    });
  });
});

describe("an entry's timestamps", () => {
  it("are the row's, else when the gateway saw the entry come and change", async () => {
    using tables = new UserTables();
    const source = tables.open();
    let now = Date.UTC(2026, 0, 1);
    const population = newPopulation("flat", base, () => now);
    const times = (dn: string) => {
      const found = population.snapshot.get(`${dn},${base}`)!;
      return [found.texts("createtimestamp")[0], found.texts("modifytimestamp")[0]];
    };
    tables.putUser(1, ann);
    tables.putUser(2, { ...bob, created_at: "2020-02-03 04:05:06", updated_at: "2021-02-03T04:05:06Z" });
    await population.pass(source);
    now += 86_400_000;
    tables.putUser(1, { ...ann, mail: "ann@x" });
    tables.putUser(2, { ...bob, created_at: "2020-02-03 04:05:06", updated_at: "2022-02-03T04:05:06Z" });
    await population.pass(source);
    expect(times("uid=ann")).toEqual(["20260101000000Z", "20260102000000Z"]);
    expect(times("uid=bob")).toEqual(["20200203040506Z", "20220203040506Z"]);
    await source.close();
  });
});

describe("a user that is found outside a pass", () => {
  it("is served at once with its groups, and does not displace another user's entry", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, bob);
      tables.putGroup(1, staff);
      await population.pass(source);
      const found = { username: "ann", uidNumber: 1000, gidNumber: 9, mail: [], active: true, sshPublicKeys: [] };
      population.addUser(found, ["staff", "no-such-group"]);
      population.addUser({ ...found, username: "BOB" }, ["staff"]);
      tables.putUser(2, { ...ann, gid_number: 9 });
      tables.join("ann", "staff");
      const before = listEntries(population.snapshot);
      expect(membersOf(population, "staff").memberUid).toEqual(["ann"]);
      expect(entry(population, `cn=ann,${base}`)?.user.gidNumber).toEqual(["9"]);
      await population.pass(source);
      expect(listEntries(population.snapshot)).toEqual(before);
    });
  });

  it("is gone after a pass that does not find it", async () => {
    await withPopulation(async (tables, population, source) => {
      tables.putUser(1, bob);
      await population.pass(source);
      const before = listEntries(population.snapshot);
      population.addUser(
        { username: "ann", uidNumber: 1, gidNumber: 9, mail: [], active: true, sshPublicKeys: [] },
        [],
      );
      await population.pass(source);
      expect(listEntries(population.snapshot)).toEqual(before);
    });
  });
});
