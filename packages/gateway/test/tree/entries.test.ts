/** What the entries say: of users, groups, the base and the organizational units. RFC 2307, RFC 2798, RFC 4519. */
import { parseDn, rfc2307bisSchema } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { User } from "../../src/source/source.ts";
import type { EntryContent } from "../../src/tree/entry-content.ts";
import { entryUuid } from "../../src/tree/entry-uuid.ts";
import { groupEntry } from "../../src/tree/group-entry.ts";
import { createTree, fixedEntries, generalizedTime } from "../../src/tree/tree.ts";
import { userEntry } from "../../src/tree/user-entry.ts";

const schema = rfc2307bisSchema;
const tree = createTree({ base: "dc=example,dc=com", placement: "flat", schema });
const times = { createTimestamp: "20260101000000Z", modifyTimestamp: "20260101000000Z" };
const ann: User = { username: "ann", uidNumber: 1000, gidNumber: 5, mail: [], active: true, sshPublicKeys: [] };
const entryOf = (user: Partial<User>, base = tree, inventMail = true) =>
  userEntry(base, { ...ann, ...user }, { inventMail }, { ...times, memberOf: [] });
const valuesOf = ({ attributes, operational }: EntryContent) =>
  Object.fromEntries([...attributes, ...operational]) as Record<string, readonly string[]>;

describe("a user's entry", () => {
  it("has what SSSD and Proxmox need from the three required columns alone", () => {
    expect(entryOf({})).toEqual({
      dn: "uid=ann,dc=example,dc=com",
      attributes: [
        ["objectClass", ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"]],
        ["uid", ["ann"]],
        ["cn", ["ann"]],
        ["sn", ["ann"]],
        ["uidNumber", ["1000"]],
        ["gidNumber", ["5"]],
        ["homeDirectory", ["/home/ann"]],
        ["loginShell", ["/bin/bash"]],
        ["gecos", ["ann"]],
        ["mail", ["ann@example.com"]],
      ],
      operational: [
        ["structuralObjectClass", ["inetOrgPerson"]],
        ["entryUUID", [expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)]],
        ["entryDN", ["uid=ann,dc=example,dc=com"]],
        ["subschemaSubentry", ["cn=Subschema"]],
        ["hasSubordinates", ["FALSE"]],
        ["createTimestamp", ["20260101000000Z"]],
        ["modifyTimestamp", ["20260101000000Z"]],
      ],
    });
  });

  it.each([
    [{ fullName: "Ann B. Smith", firstName: "Ann", lastName: "Smith" }, "Ann B. Smith", "Smith"],
    [{ firstName: "Ann", lastName: "Smith" }, "Ann Smith", "Smith"],
    [{ firstName: "Ann" }, "Ann", "Ann"],
    [{ lastName: "Smith" }, "Smith", "Smith"],
    [{ fullName: "Zoë: Ångström" }, "Zoë: Ångström", "Zoë: Ångström"],
  ])("is named by %o", (names, cn, sn) => {
    const values = valuesOf(entryOf(names));
    expect([values.cn, values.sn, values.gecos]).toEqual([[cn], [sn], [cn.replaceAll(":", " ")]]);
  });

  it("invents no mail where it is told not to, or the base is no domain", () => {
    expect(valuesOf(entryOf({}, tree, false)).mail).toBeUndefined();
    const organization = createTree({ base: "o=Example,c=DE", placement: "flat", schema });
    expect(valuesOf(entryOf({}, organization)).mail).toBeUndefined();
  });

  it("holds no value twice, spelt in whatever way", () => {
    const values = valuesOf(entryOf({ mail: ["a@x", "A@X", "b@x"], sshPublicKeys: ["k", "K", "k"] }));
    expect([values.mail, values.sshPublicKey]).toEqual([
      ["a@x", "b@x"],
      ["k", "K"],
    ]);
    expect(values.objectClass).toContain("ldapPublicKey");
  });

  it("holds nothing but what its classes allow", () => {
    const full: Partial<User> = {
      firstName: "A",
      lastName: "B",
      fullName: "C",
      mail: ["m@x"],
      sshPublicKeys: ["k"],
      password: "p",
    };
    for (const content of [
      entryOf(full),
      groupEntry(tree, { name: "g", gidNumber: 1 }, { memberUids: ["a"], memberDns: ["uid=a"] }, times),
      ...fixedEntries(tree, times),
    ]) {
      const classes = content.attributes[0]![1].flatMap((name) => schema.superclasses(name));
      const allowed = new Set(
        classes.flatMap(({ must, may }) => [...must, ...may]).map((name) => schema.attribute(name)?.name),
      );
      for (const [type] of content.attributes) expect(allowed).toContain(type);
      for (const [type] of content.operational) expect(schema.attribute(type)?.isOperational).toBe(true);
      for (const { must } of classes.filter(({ names }) => names[0] !== "groupOfNames")) {
        for (const name of must)
          expect(content.attributes.map(([type]) => type)).toContain(schema.attribute(name)?.name);
      }
    }
  });
});

describe("a name", () => {
  it("of any characters makes a DN that parses to it, under the right superior", () => {
    for (const placement of ["flat", "ou"] as const) {
      const placed = createTree({ base: "dc=example,dc=com", placement, schema });
      fc.assert(
        fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (name) => {
          const [user, ...aboveUser] = parseDn(placed.userDn(name));
          const [group, ...aboveGroup] = parseDn(placed.groupDn(name));
          expect([user, group]).toEqual([[{ type: "uid", value: name }], [{ type: "cn", value: name }]]);
          expect([aboveUser, aboveGroup]).toEqual([parseDn(placed.usersDn), parseDn(placed.groupsDn)]);
        }),
      );
    }
  });
});

describe("the base entry", () => {
  it.each([
    ["dc=example,dc=com", "organization", { dc: ["example"], o: ["example"] }, "example.com"],
    ["DC=Example, DC=com", "organization", { dc: ["Example"] }, "Example.com"],
    ["o=Example\\, Inc.", "organization", { o: ["Example, Inc."] }, ""],
    ["ou=people,dc=example,dc=com", "organizationalUnit", { ou: ["people"] }, ""],
    ["c=DE", "country", { c: ["DE"] }, ""],
    ["l=Berlin,c=DE", "extensibleObject", { l: ["Berlin"] }, ""],
  ])("of %s has a class and attributes that fit", (base, structural, attributes, domain) => {
    const other = createTree({ base, placement: "flat", schema });
    const [entry] = fixedEntries(other, times);
    expect(valuesOf(entry!)).toMatchObject({
      structuralObjectClass: [structural],
      hasSubordinates: ["TRUE"],
      ...attributes,
    });
    expect(other.domain).toBe(domain);
    expect(other.key(entry!.dn)).toBe(other.baseKey);
  });

  it("stands above two organizational units where the tree has them", () => {
    const placed = createTree({ base: "dc=example,dc=com", placement: "ou", schema });
    expect(fixedEntries(placed, times).map(({ dn }) => dn)).toEqual([
      "dc=example,dc=com",
      "ou=users,dc=example,dc=com",
      "ou=groups,dc=example,dc=com",
    ]);
  });
});

it("an entryUUID is the same for every spelling of a DN and at every gateway, and no other entry's", () => {
  const uuid = entryUuid(tree.key("uid=ann,dc=example,dc=com"));
  expect(uuid).toBe("ce41b581-484a-56c1-89fb-05a743602b18");
  expect(entryUuid(tree.key("UID = Ann , DC=EXAMPLE,dc=com"))).toBe(uuid);
  expect(entryUuid(tree.key("uid=bob,dc=example,dc=com"))).not.toBe(uuid);
});

it("a time is GeneralizedTime in UTC", () => {
  expect(generalizedTime(new Date("2026-01-31T23:59:59.999+01:00"))).toBe("20260131225959Z");
});
