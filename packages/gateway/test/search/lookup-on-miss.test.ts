/** What strangers can make the database do by asking for users that are not there: bounded. */
import { normalizeDn, parseFilter, rfc2307bisSchema } from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { LookupOnMiss } from "../../src/search/lookup-on-miss.ts";

const keyOf = (dn: string) => normalizeDn(dn, rfc2307bisSchema);
const keyOfUser = (username: string) => keyOf(`uid=${username},dc=example,dc=com`);

function scene({ served = [] as string[], existing = [] as string[] } = {}) {
  const clock = { ms: 0 };
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const misses = new LookupOnMiss({
    schema: rfc2307bisSchema,
    keyOfUser,
    isServed: (key) => served.some((username) => keyOfUser(username) === key),
    load: async (username) => {
      asked.push(username);
      await new Promise<void>((resolve) => answers.push(resolve));
      if (username === "broken") throw new Error("away");
      return existing.includes(username);
    },
    now: () => clock.ms,
  });
  const settle = () => {
    for (const answer of answers.splice(0)) answer();
  };
  return { misses, clock, asked, settle };
}

describe("the user that a search may have missed", () => {
  it.each([
    ["(uid=ann)", "ann"],
    ["(USERID=Ann)", "Ann"],
    ["(0.9.2342.19200300.100.1.1=ann)", "ann"],
    ["(&(objectClass=posixAccount)(&(uid=ann)(uidNumber=*)))", "ann"],
    ["(uid=served)", undefined],
    ["(uid=SERVED)", undefined],
    ["(|(uid=ann)(uid=bob))", undefined],
    ["(!(uid=ann))", undefined],
    ["(uid=an*)", undefined],
    ["(uid~=ann)", undefined],
    ["(cn=ann)", undefined],
    ["(uid;lang-de=ann)", undefined],
    [`(uid=${"a".repeat(257)})`, undefined],
  ])("by filter %s is %s", (filter, username) => {
    expect(scene({ served: ["served"] }).misses.usernameIn(parseFilter(filter))).toBe(username);
  });

  it.each([
    ["uid=ann,dc=example,dc=com", "ann"],
    ["UID = Ann , DC=Example,dc=com", "Ann"],
    ["cn=ann,dc=example,dc=com", undefined],
    ["uid=ann,ou=people,dc=example,dc=com", undefined],
    ["uid=ann,dc=example,dc=org", undefined],
    ["uid=ann+cn=x,dc=example,dc=com", undefined],
    ["", undefined],
  ])("by base object %s is %s", (dn, username) => {
    expect(scene().misses.usernameOf(dn, keyOf(dn))).toBe(username);
  });
});

describe("looking a user up", () => {
  it("asks once for those who wait at the same time", async () => {
    const { misses, asked, settle } = scene();
    const lookups = [misses.lookUp("ann"), misses.lookUp("ann"), misses.lookUp("ann")];
    settle();
    await Promise.all(lookups);
    expect(asked).toEqual(["ann"]);
  });

  it("is not done again for two seconds when nobody was there", async () => {
    const { misses, clock, settle } = scene();
    const filter = parseFilter("(uid=ann)");
    const lookup = misses.lookUp("ann");
    settle();
    await lookup;
    clock.ms = 1_999;
    expect(misses.usernameIn(filter)).toBeUndefined();
    expect(misses.usernameOf("uid=ann,dc=example,dc=com", keyOfUser("ann"))).toBeUndefined();
    clock.ms = 2_000;
    expect(misses.usernameIn(filter)).toBe("ann");
  });

  it("is not remembered when the database could not be asked, or the user was there", async () => {
    const { misses, settle } = scene({ existing: ["ann"] });
    const lookups = [misses.lookUp("ann"), misses.lookUp("broken")];
    settle();
    await Promise.all(lookups);
    for (const name of ["ann", "broken"]) expect(misses.usernameIn(parseFilter(`(uid=${name})`))).toBe(name);
  });

  it("is done for 64 names at a time, and the others are answered without", async () => {
    const { misses, asked, settle } = scene();
    const lookups = Array.from({ length: 100 }, (_, i) => misses.lookUp(`user${i}`));
    expect(asked).toHaveLength(64);
    await Promise.all(lookups.slice(64));
    settle();
    await Promise.all(lookups);
    const next = misses.lookUp("another");
    expect(asked).toHaveLength(65);
    settle();
    await next;
  });
});
