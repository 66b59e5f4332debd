/** The people of a test directory: users, groups and who is in which, as plain rows that SQL and LDIF are made from. */
import { createHash } from "node:crypto";
import { Random } from "./random.ts";

export interface PopulationUser {
  readonly username: string;
  readonly uidNumber: number;
  readonly gidNumber: number;
  readonly firstName: string | undefined;
  readonly lastName: string | undefined;
  readonly fullName: string | undefined;
  readonly mail: string | undefined;
  readonly homeDirectory: string | undefined;
  /** What the user types. The tables hold {@link ssha} of it. */
  readonly password: string;
  readonly status: "active" | "pending" | "suspended";
}

export interface PopulationGroup {
  readonly name: string;
  readonly gidNumber: number;
  /** User names. */
  readonly members: readonly string[];
}

export interface Population {
  readonly users: readonly PopulationUser[];
  readonly groups: readonly PopulationGroup[];
}

/** A user with a name, a number and the password `pw-<username>`; the rest is as `more` says, or left out of the row. */
export function person(username: string, uidNumber: number, more: Partial<PopulationUser> = {}): PopulationUser {
  return {
    username,
    uidNumber,
    gidNumber: uidNumber,
    firstName: undefined,
    lastName: undefined,
    fullName: undefined,
    mail: undefined,
    homeDirectory: undefined,
    password: `pw-${username}`,
    status: "active",
    ...more,
  };
}

/** The `{SSHA}` form of a password, RFC 2307 with a salt; the salt is derived from `owner`, so that it never changes. */
export function ssha(password: string, owner: string): string {
  const salt = createHash("sha1").update(owner).digest().subarray(0, 8);
  const digest = createHash("sha1").update(password).update(salt).digest();
  return `{SSHA}${Buffer.concat([digest, salt]).toString("base64")}`;
}

const firstNames = [
  "Ann",
  "Abe",
  "Jürgen",
  "Åsa",
  "Zoë",
  "Łukasz",
  "María José",
  "李",
  "Seán",
  "Ibrahim",
  "anna",
  "ANN",
];
const lastNames = [
  "Smith",
  "O'Brien",
  "Müller",
  "Nuñez",
  "van der Berg",
  "Ngô",
  "伟明",
  "Ann",
  "smith",
  "Çelik",
  "D'Árc",
];

/** Names whose characters mean something in DNs (RFC 4514), filters (RFC 4515), LDIF (RFC 2849) or string preparation. */
const oddNames = [
  "comma, name",
  "plus+name",
  'quoted "name"',
  "semi;colon",
  "angle <brackets>",
  "back\\slash",
  "#hash first",
  "equals=name",
  "star*name",
  "(parentheses)",
  "two  spaces",
  "ümlaut",
  "Crème Brûlée",
  "李伟",
  "emoji 🌳",
  "percent%20",
  "apostrophe'name",
  "ﬁ ligature",
  "Ångström",
  "<angle first",
];

/** Odd as a full name; no user name, as a line of passwd(5) or a folder in /home would break. */
const oddFullNames = [...oddNames, ":colon first", "slash/name"];

export interface PopulationOptions {
  readonly seed: number;
  readonly users: number;
  readonly groups: number;
}

/**
 * Users and groups with what tends to go wrong: odd characters in names, values that differ only in letter case,
 * missing columns, groups without members. Names are unique whatever the letter case.
 */
export function randomPopulation({ seed, users, groups }: PopulationOptions): Population {
  const random = new Random(seed);
  const people = Array.from({ length: users }, (_, index) => randomUser(random, index));
  const names = people.map((user) => user.username);
  return {
    users: people,
    groups: Array.from({ length: groups }, (_, index) => {
      const odd = oddNames[index];
      const size = random.chance(0.15) ? 0 : random.below(Math.min(users, 12)) + 1;
      return {
        name: odd === undefined ? `${random.pick(["staff", "Dev", "ops", "lab"])}${index}` : `${odd} group`,
        gidNumber: 5000 + index,
        members: random.sample(names, size),
      };
    }),
  };
}

function randomUser(random: Random, index: number): PopulationUser {
  const odd = oddNames[index];
  const firstName = random.pick(firstNames);
  const lastName = random.pick(lastNames);
  const username = odd ?? `${random.pick(["ann", "Ann", "abe", "user", "u.", "x-y_"])}${index}`;
  return {
    username,
    uidNumber: 2000 + index * random.pick([1, 3]) * 1000 + index,
    gidNumber: 5000 + random.below(40),
    firstName: random.chance(0.1) ? undefined : firstName,
    lastName: random.chance(0.1) ? undefined : lastName,
    fullName: random.chance(0.1) ? undefined : fullName(random, firstName, lastName),
    // An odd name makes neither an address nor a path that the IA5 strings of mail and homeDirectory could hold.
    mail: odd === undefined && random.chance(0.2) ? undefined : `Mail.${index}@Example.COM`,
    homeDirectory: odd === undefined && random.chance(0.5) ? undefined : `/srv/Home/${index}`,
    password: `pw-${username}`,
    status: "active",
  };
}

function fullName(random: Random, firstName: string, lastName: string): string {
  if (random.chance(0.2)) return random.pick(oddFullNames);
  const space = random.chance(0.1) ? "  " : " ";
  const name = `${firstName}${space}${lastName}`;
  return random.chance(0.1) ? name.toUpperCase() : name;
}

/**
 * A directory of one mould for measurements: user0, user1, … with the passwords pw-0, pw-1, …; group0, group1, …; each
 * user in exactly `groupsPerUser` groups.
 */
export function uniformPopulation(options: { users: number; groups: number; groupsPerUser: number }): Population {
  const members = Array.from({ length: options.groups }, (): string[] => []);
  const users = Array.from({ length: options.users }, (_, index): PopulationUser => {
    for (let membership = 0; membership < options.groupsPerUser; membership += 1) {
      members[(index + membership * 7) % options.groups]?.push(`user${index}`);
    }
    return {
      username: `user${index}`,
      uidNumber: 100_000 + index,
      gidNumber: 5000 + (index % options.groups),
      firstName: "User",
      lastName: `Number${index}`,
      fullName: `User Number${index}`,
      mail: `user${index}@example.com`,
      homeDirectory: `/home/user${index}`,
      password: `pw-${index}`,
      status: "active",
    };
  });
  const groups = members.map((names, index) => ({ name: `group${index}`, gidNumber: 5000 + index, members: names }));
  return { users, groups };
}
