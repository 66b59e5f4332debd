/** Change sets as JSON and LDIF over a real OpenLDAP, previewed and applied; and what is wrong with them. */
import { attribute, builtInSchema, type Change, parseLdif } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditEvent } from "../../src/changes/audit-event.ts";
import { maskedLdif } from "../../src/changes/masked-ldif.ts";
import { baseDn, changesLab, Directory, directoryLdif } from "./lab.ts";

const path = "/clusters/main/changes";

requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" })("a change set", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  it("of JSON does everything that there is to do to entries, in order", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = `uid=json,ou=people,${baseDn}`;
    const attributes = {
      objectClass: ["inetOrgPerson"],
      uid: ["json"],
      cn: ["J"],
      sn: ["J"],
      jpegPhoto: [{ base64: "/9j/AA==" }],
    };
    const { status, body } = await lab.request("POST", path, {
      title: "Everything",
      changes: [
        { type: "add", dn, attributes },
        { type: "modify", dn, changes: [{ operation: "add", attribute: "mail", values: ["j@x"] }] },
        { type: "password", dn, newPassword: "a-password" },
        { type: "modifyDn", dn, newRdn: "uid=json2" },
        { type: "delete", dn: `uid=json2,ou=people,${baseDn}` },
      ],
    });
    expect([status, body.counts.applied, body.node]).toEqual([200, 5, "ldap1"]);
    expect((await lab.audit()).map(({ type }) => type)).toEqual([
      ...["entry.added", "entry.modified", "password.changed", "entry.renamed", "entry.deleted"],
    ]);
    expect((await lab.audit()).at(3)?.data).toMatchObject({ new_dn: `uid=json2,ou=people,${baseDn}` });
    expect((await lab.audit()).at(4)?.data?.before).toMatchObject({ mail: ["j@x"], userPassword: "[secret]" });
  });

  it("of LDIF adds content records, and does what change records say", async () => {
    const lab = await changesLab({ server: slapd });
    const ldif = [
      `dn: ou=ldif,${baseDn}\nobjectClass: organizationalUnit\nou: ldif\n`,
      `dn: ou=ldif,${baseDn}\nchangetype: modify\nadd: description\ndescription: one\n-\n`,
      `dn: ou=ldif,${baseDn}\nchangetype: modrdn\nnewrdn: ou=ldif2\ndeleteoldrdn: 1\n`,
    ].join("\n");
    const preview = await lab.request("POST", path, { ldif, preview: true });
    expect(preview.body.warnings).toEqual([`ou=ldif,${baseDn} is not there, or you may not see it.`]);
    expect(parseLdif(preview.body.ldif).map(({ record }) => record.type)).toEqual(["add", "modify", "modifyDn"]);
    const { status, body } = await lab.request("POST", path, { ldif });
    expect([status, body.counts.applied]).toEqual([200, 3]);
    expect(await directory.values(`ou=ldif2,${baseDn}`, "description")).toEqual(["one"]);
  });

  it("of LDIF that cannot be read is refused as a whole, with the line of each mistake", async () => {
    const lab = await changesLab({ server: slapd });
    const ldif = [
      `dn: ou=good,${baseDn}\nobjectClass: organizationalUnit\nou: good\n`,
      `dn: ou=bad,${baseDn}\nthis is no attribute\n`,
      `dn: ou=bad,${baseDn}\ncontrol: 1.2.3 true\nchangetype: delete\n`,
    ].join("\n");
    const { status, body } = await lab.request("POST", path, { ldif });
    expect([status, body.code, body.errors.map((each: { path: string }) => each.path)]).toEqual([
      ...[400, "invalid_request", ["line 6", "line 8"]],
    ]);
    expect(await directory.entry(`ou=good,${baseDn}`)).toBeUndefined();
  });

  it("is a problem where nothing was applied, and says what was where something was", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const missing = { type: "delete", dn: `uid=none,ou=people,${baseDn}` };
    const fine = { type: "modify", dn, changes: [{ operation: "replace", attribute: "sn", values: ["x"] }] };
    const none = await lab.request("POST", path, { changes: [missing, fine] });
    expect([none.status, none.body.code]).toEqual([404, "no_such_entry"]);
    const some = await lab.request("POST", path, { changes: [fine, missing] });
    expect([some.status, some.body.results.map(({ status }: { status: string }) => status)]).toEqual([
      ...[200, ["applied", "failed"]],
    ]);
  });

  it.each([
    [{}, "give either `changes` or `ldif`"],
    [{ changes: [], ldif: "" }, "changes"],
    [{ changes: [{ type: "modify", dn: "", changes: [] }] }, "dn"],
    [{ changes: [{ type: "add", dn: "cn=x", attributes: { userPassword: [{ hidden: true }] } }] }, "hidden"],
    [{ ldif: "\n# nothing\n" }, "no records"],
    [{ changes: [{ type: "modifyDn", dn: "cn=x", newRdn: "cn=a,cn=b" }] }, "cn=x"],
  ])("that makes no sense is refused: %j", async (body, text) => {
    const lab = await changesLab({ server: slapd });
    const answer = await lab.request("POST", path, body);
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(text)]);
    expect(await lab.audit()).toEqual([]);
  });

  it("previews what a person should know: last members, missing and foreign attributes, deletions", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const group = `cn=admins,ou=groups,${baseDn}`;
    const { body } = await lab.request("POST", path, {
      preview: true,
      changes: [
        { type: "modify", dn: group, changes: [{ operation: "delete", attribute: "member" }] },
        {
          type: "modify",
          dn,
          changes: [
            { operation: "delete", attribute: "cn" },
            { operation: "add", attribute: "uidNumber", values: ["1"] },
          ],
        },
        { type: "delete", dn },
        { type: "password", dn },
      ],
    });
    expect(body.warnings).toEqual([
      `${group} is left without any member.`,
      `${dn} is left without cn, which its object classes demand.`,
      `None of the object classes of ${dn} allows uidNumber.`,
      `Undoing the deletion of ${dn} adds a new entry: with another entryUUID, and without what you cannot read of it.`,
      `The password of ${dn} cannot be undone: the one before it is not known.`,
    ]);
    expect(body.ldif.endsWith(`\n# dn: ${dn}\n# The server makes up a password, which is not shown.\n`)).toBe(true);
  });
});

describe("LDIF for people to read", () => {
  const change = (operation: Change["operation"], type: string, ...values: (string | Uint8Array)[]): Change => ({
    operation,
    modification: attribute(type, ...values),
  });

  it("has a comment where a secret would be, and is LDIF all the same", () => {
    const ldif = maskedLdif([
      {
        ...{ type: "add", dn: "uid=ann,dc=x" },
        attributes: [attribute("cn", "Ann"), attribute("userPassword;x-y", "{SSHA}a", "b")],
      },
      {
        type: "modify",
        dn: "uid=ann,dc=x",
        changes: [change("replace", "sambaNTPassword", "c"), change("delete", "sn")],
      },
    ]);
    expect(ldif).toBe(
      [
        ...["dn: uid=ann,dc=x", "changetype: add", "cn: Ann"],
        ...["# userPassword;x-y: a secret, which is not shown", "# userPassword;x-y: a secret, which is not shown", ""],
        ...["dn: uid=ann,dc=x", "changetype: modify", "replace: sambaNTPassword"],
        ...["# sambaNTPassword: a secret, which is not shown", "-", "delete: sn", "-", ""],
      ].join("\n"),
    );
    expect(parseLdif(ldif)).toHaveLength(2);
  });

  it("reads back as the changes that it shows, whatever is in them", () => {
    const values = fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 3 });
    const changes = fc.array(
      fc.record({
        operation: fc.constantFrom("add", "delete", "replace"),
        modification: fc.record({ type: fc.constantFrom("cn", "cn;lang-de", "jpegPhoto"), values }),
      }) as fc.Arbitrary<Change>,
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.string(), changes, (name, list) => {
        const dn = `cn=${name.toWellFormed()}`;
        const [read] = parseLdif(maskedLdif([{ type: "modify", dn, changes: list }]));
        expect(JSON.stringify(read?.record)).toBe(JSON.stringify({ type: "modify", dn, controls: [], changes: list }));
      }),
    );
  });

  it("is cut in the audit trail where it is long, with a note of how much is not kept", () => {
    const actor = { session: { name: "ann" }, address: "::1", requestId: "r" };
    const context = { cluster: "main", changeSet: "s", title: "t", actor };
    const photo = { type: "jpegPhoto", values: [new Uint8Array(100_000)] };
    const members = { type: "member", values: Array.from({ length: 5_000 }, (_, index) => Buffer.from(`cn=${index}`)) };
    const before = { attributes: [photo, members], version: undefined };
    const event = auditEvent(
      context,
      { status: "applied", node: "n", change: { type: "add", dn: "cn=x", attributes: [photo] }, before },
      builtInSchema,
    );
    expect(JSON.stringify(event).length).toBeLessThan(200_000);
    expect(event.data?.cut).toEqual([
      expect.stringMatching(/^ldif: \d+ of \d+ characters are not kept here$/),
      "before: jpegPhoto: a value of 100000 bytes",
      "before: member: 4900 more values",
    ]);
  });
});
