/** A small directory with everything that searches can trip over: odd names, several values, groups of all sizes, gaps. */
import { rfc2307bisSchema } from "@espalier/ldap";
import { Population } from "../../src/refresh/population.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { createTree, type Placement } from "../../src/tree/tree.ts";
import { UserTables } from "./user-tables.ts";

const names = [
  "ann",
  "Abe",
  "bob",
  "carla",
  "zoë",
  "José",
  "O'Neil",
  "x,y",
  "a+b",
  "#7",
  "li",
  "李",
  "user 1",
  "user  2",
  "s*r",
  "(paren)",
  "back\\slash",
  "ann2",
  "ann3",
  "anna",
];
const fullNames = [
  "Ann Smith",
  "ann  smith",
  "ANN",
  "Zoë Ångström",
  "李 小龙",
  "Straße",
  "a",
  "*",
  "Smith, Ann (Sales)",
  "user",
];

export function fillSample(tables: UserTables): void {
  tables.together(() => {
    for (const [i, username] of names.entries()) {
      tables.putUser(i + 1, {
        username,
        uid_number: 1000 + i * 7,
        gid_number: 100 + (i % 6),
        full_name: i % 4 === 3 ? null : fullNames[i % fullNames.length]!,
        first_name: i % 3 === 0 ? "Ann" : null,
        last_name: i % 2 === 0 ? "Smith" : null,
        mail: i % 5 === 0 ? JSON.stringify([`${i}@example.com`, `Second.${i}@Example.ORG`]) : null,
        login_shell: i % 7 === 0 ? "/bin/zsh" : null,
      });
    }
    tables.putGroup(1, { name: "admins", gid_number: 100 });
    tables.putGroup(2, { name: "Staff", gid_number: 101, member_groups: "admins" });
    tables.putGroup(3, { name: "nobody", gid_number: 999 });
    tables.putGroup(4, { name: "x,y", gid_number: 12 });
    for (const name of names.slice(0, 5)) tables.join(name, "admins");
    for (const name of names.slice(3)) tables.join(name, "Staff");
    tables.join("x,y", "x,y");
  });
}

export function newPopulation(
  placement: Placement = "flat",
  base = "dc=example,dc=com",
  now: () => number = Date.now,
): Population {
  return new Population(new Snapshot(rfc2307bisSchema), {
    tree: createTree({ base, placement, schema: rfc2307bisSchema }),
    defaults: { inventMail: true },
    credentialsToKeep: undefined,
    observePassword: () => {},
    now,
  });
}

export async function sampleSnapshot(placement: Placement = "flat"): Promise<Snapshot> {
  using tables = new UserTables();
  fillSample(tables);
  const population = newPopulation(placement);
  const source = tables.open();
  await population.pass(source);
  await source.close();
  return population.snapshot;
}
