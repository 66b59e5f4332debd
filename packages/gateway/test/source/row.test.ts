import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGroup, parseMembership, parseUser, UniqueNames } from "../../src/source/row.ts";
import type { Row } from "../../src/source/source.ts";

const row = { username: "ann", uid_number: 2001, gid_number: 3001 };
const user = { username: "ann", uidNumber: 2001, gidNumber: 3001, mail: [], sshPublicKeys: [], active: true };
const group = { name: "staff", gidNumber: 3001, memberUids: [], memberDns: [], memberGroups: [] };

const readUser = (columns: Row) => parseUser({ ...row, ...columns });
const readGroup = (columns: Row) => parseGroup({ name: "staff", gid_number: 3001, ...columns });
const reason = (parsed: object) => ("skip" in parsed ? parsed.skip : undefined);

describe("a user's row", () => {
  it("needs a name, a uid and a gid", () => {
    expect(parseUser(row)).toEqual({ user });
    for (const column of ["username", "uid_number", "gid_number"]) {
      for (const nothing of [null, undefined, "", "  "]) {
        expect(reason(readUser({ [column]: nothing })), column).toMatch(new RegExp(`: ${column} (is missing|begins)`));
      }
    }
  });

  it("has all its columns in snake case, camel case or lower case", () => {
    const values = {
      ...{ uid_number: 5, gid_number: 6, first_name: "Ann", last_name: "Smith", full_name: "Ann Smith" },
      ...{ home_directory: "/h", login_shell: "/bin/sh", auth_backends: "sql", ssh_public_keys: ["k"] },
      ...{ created_at: new Date(1), updated_at: new Date(2) },
    };
    const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const spell = (how: (name: string) => string) =>
      parseUser({
        username: "ann",
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [how(name), value])),
      });
    const expected = {
      user: {
        ...{ username: "ann", uidNumber: 5, gidNumber: 6, firstName: "Ann", lastName: "Smith", fullName: "Ann Smith" },
        ...{ homeDirectory: "/h", loginShell: "/bin/sh", authBackends: "sql", sshPublicKeys: ["k"], mail: [] },
        ...{ createdAt: new Date(1), updatedAt: new Date(2), active: true },
      },
    };
    expect(spell((name) => name)).toEqual(expected);
    expect(spell(camel)).toEqual(expected);
    expect(spell((name) => camel(name).toLowerCase())).toEqual(expected);
  });

  it.each([2001, 2001n, "2001", " 2001 ", "2001.00", Buffer.from("2001")])("takes %o for a uid", (uid) => {
    expect(readUser({ uid_number: uid })).toEqual({ user });
  });

  it.each<[unknown, string]>([
    [0, "uid_number is 0, which is root's"],
    ["0", "uid_number is 0, which is root's"],
    ["-0", "uid_number is 0, which is root's"],
    [-1, "uid_number is not between 1 and 4294967294"],
    [4294967295, "uid_number is not between 1 and 4294967294"],
    [2n ** 64n, "uid_number is not between 1 and 4294967294"],
    ["9".repeat(400), "uid_number is not between 1 and 4294967294"],
    [1.5, "uid_number is not an integer"],
    ["0x10", "uid_number is not an integer"],
    ["1e3", "uid_number is not an integer"],
    ["2001abc", "uid_number is not an integer"],
    ["٢٠٠١", "uid_number is not an integer"],
    [Number.NaN, "uid_number is not an integer"],
    [true, "uid_number is not text"],
    [{}, "uid_number is not text"],
    [new Date(), "uid_number is not text"],
  ])("is skipped for the uid %o", (uid, why) => {
    expect(readUser({ uid_number: uid })).toEqual({ skip: `The user "ann" is skipped: ${why}.` });
  });

  it.each<[Row, string]>([
    [{ username: "a:b" }, "username has a colon"],
    [{ username: "a\nb" }, "username has a control character"],
    [{ username: "a\0" }, "username has a control character"],
    [{ username: "a\u0085" }, "username has a control character"],
    [{ username: "a\u2028" }, "username has a control character"],
    [{ username: " ann" }, "username begins or ends with a space"],
    [{ username: "ann " }, "username begins or ends with a space"],
    [{ username: ".." }, "username has a slash or is a dot name"],
    [{ username: "../root" }, "username has a slash or is a dot name"],
    [{ username: "a".repeat(257) }, "username has more than 256 characters"],
    [{ username: Buffer.from([0xff]) }, "username is not UTF-8"],
    [{ home_directory: "/home/a:/bin/sh" }, "home_directory has a colon"],
    [{ home_directory: "/home/a\nroot::0:0" }, "home_directory has a control character"],
    [{ login_shell: "/bin/sh\nroot::0:0" }, "login_shell has a control character"],
    [{ gid_number: 0 }, "gid_number is 0, which is root's"],
    [{ ssh_public_keys: "[1" }, "ssh_public_keys begins as a JSON array does and is none"],
  ])("is skipped for %o", (columns, why) => {
    expect(reason(readUser(columns))).toContain(why);
  });

  it("never gives its password away in a reason", () => {
    const secret = "hunter2-hunter2";
    const anything = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant(secret), fc.object());
    fc.assert(
      fc.property(fc.record({ username: fc.string(), uid_number: anything, home_directory: anything }), (columns) => {
        const parsed = parseUser({ gid_number: secret, password: secret, ...columns });
        expect(reason(parsed)).not.toContain(secret);
        expect(reason(parsed)).not.toMatch(/[\n\r\0]/);
      }),
    );
  });

  it.each<[Row, boolean]>([
    [{}, true],
    [{ status: "active" }, true],
    [{ status: " ACTIVE " }, true],
    [{ status: Buffer.from("Active") }, true],
    [{ status: "suspended" }, false],
    [{ status: "inactive" }, false],
    [{ status: "" }, false],
    [{ status: null }, false],
    [{ status: 1 }, false],
  ])("with %o is active: %s", (columns, active) => {
    expect(readUser(columns)).toEqual({ user: { ...user, active } });
  });

  it("is skipped rather than active when its status cannot be read", () => {
    expect(reason(readUser({ status: true }))).toContain("status is not text");
  });

  it("may have several mail addresses and keys", () => {
    const lists = (mail: unknown, keys: unknown) => {
      const parsed = readUser({ mail, ssh_public_key: keys });
      return "user" in parsed ? [parsed.user.mail, parsed.user.sshPublicKeys] : parsed;
    };
    expect(lists("a@b", "ssh-rsa A,B c")).toEqual([["a@b"], ["ssh-rsa A,B c"]]);
    expect(lists(["a@b", null, "", " c@d "], "k1\nk2\r\n\n")).toEqual([
      ["a@b", "c@d"],
      ["k1", "k2"],
    ]);
    expect(lists('["a@b","c@d"]', '["k1"]')).toEqual([["a@b", "c@d"], ["k1"]]);
    expect(lists(null, [null])).toEqual([[], []]);
    expect(readUser({ ssh_public_keys: ["k"], ssh_public_key: "x" })).toMatchObject({ user: { sshPublicKeys: ["k"] } });
  });

  it("puts names on one line, and leaves out empty ones", () => {
    expect(readUser({ full_name: " Ann\r\n\tSmith\0 ", first_name: "", last_name: "\n" })).toEqual({
      user: { ...user, fullName: "Ann Smith" },
    });
  });

  it.each<[unknown, string | undefined]>([
    ["2026-01-02 03:04:05.678 +00:00", "2026-01-02T03:04:05.678Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05+0200", "2026-01-02T01:04:05.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
    ["yesterday", undefined],
    ["2026-99-99", undefined],
    [new Date(Number.NaN), undefined],
    [1767323045, undefined],
  ])("reads the time %o", (time, expected) => {
    expect(readUser({ created_at: time })).toEqual({
      user: expected === undefined ? user : { ...user, createdAt: new Date(expected) },
    });
  });
});

describe("a group's row", () => {
  it("needs a name and a gid", () => {
    expect(readGroup({})).toEqual({ group });
    expect(parseGroup({ name: "staff", gidNumber: 3001n })).toEqual({ group });
    expect(readGroup({ gid_number: 0 })).toEqual({
      skip: 'The group "staff" is skipped: gid_number is 0, which is root\'s.',
    });
    expect(readGroup({ name: "a:b" })).toEqual({
      skip: 'The group "a:b" is skipped: name has a colon, which passwd(5) cannot hold.',
    });
  });

  it.each<[unknown]>([[["ann", "abe"]], ['["ann","abe"]'], ["ann,abe"], [" ann, abe ,"], [Buffer.from("ann,abe")]])(
    "takes %o for its members",
    (members) => {
      expect(readGroup({ member_uids: members })).toEqual({ group: { ...group, memberUids: ["ann", "abe"] } });
      expect(readGroup({ memberUids: members })).toEqual({ group: { ...group, memberUids: ["ann", "abe"] } });
      expect(readGroup({ member_groups: members })).toEqual({ group: { ...group, memberGroups: ["ann", "abe"] } });
    },
  );

  it("may have members by DN", () => {
    const members = ["uid=ann,dc=example,dc=com", "uid=abe,dc=example,dc=com"];
    for (const form of [members, JSON.stringify(members), members.join("; "), members.join("\n")]) {
      expect(readGroup({ members: form })).toEqual({ group: { ...group, memberDns: members } });
    }
  });

  it("is skipped when its members cannot be read", () => {
    expect(reason(readGroup({ member_uids: "[ann, abe]" }))).toContain("member_uids begins as a JSON array does");
    expect(reason(readGroup({ member_uids: [["ann"]] }))).toContain("member_uids is not text");
  });
});

describe("a membership's row", () => {
  it("names the group, or has its gid", () => {
    const names = (gidNumber: number) => (gidNumber === 3001 ? "staff" : undefined);
    const membership = { username: "ann", groupName: "staff" };
    expect(parseMembership({ username: "ann", name: "staff" }, names)).toEqual({ membership });
    expect(parseMembership({ username: "ann", gid_number: "3001" }, names)).toEqual({ membership });
    expect(reason(parseMembership({ username: "ann", gid_number: 5 }, names))).toContain("gid_number is no group's");
    expect(reason(parseMembership({ username: "ann" }, names))).toContain("gid_number is missing");
    expect(reason(parseMembership({ name: "staff" }, names))).toContain("username is missing");
  });
});

describe("names", () => {
  it("are taken by the first row that has them, in any letter case", () => {
    const names = new UniqueNames("user", "username");
    expect(["Ann", "abe", "ANN", "ann"].map((name) => names.claim(name)?.skip)).toEqual([
      ...[undefined, undefined],
      'The user "ANN" is skipped: username is taken by the earlier row "Ann".',
      'The user "ann" is skipped: username is taken by the earlier row "Ann".',
    ]);
  });
});
