/** Undoing change sets over a real OpenLDAP: what comes back, what is refused, what is lost. */
import { attribute, type Change } from "@espalier/ldap";
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EntryChange } from "../../src/changes/change-set.ts";
import { baseDn, type ChangesLab, changesLab, Directory, directoryLdif, person, sessionOf } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const change = (operation: Change["operation"], type: string, ...values: (string | Uint8Array)[]): Change => ({
  operation,
  modification: attribute(type, ...values),
});

describe("undoing a change set", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  async function apply(lab: ChangesLab, ...changes: EntryChange[]): Promise<string> {
    const { id, results } = await lab.changes.apply(lab.cluster, lab.actor(), { title: "Test", changes });
    expect(results.map(({ status }) => status)).toEqual(changes.map(() => "applied"));
    return id;
  }
  const undo = (lab: ChangesLab, id: string, body: object = {}) => lab.request("POST", `/changes/${id}/undo`, body);

  it("gives values back byte for byte, those of replaced and removed attributes too", async () => {
    const lab = await changesLab({ server: slapd });
    const photo = Buffer.from("ffd8ff00", "hex");
    const dn = await directory.person({ jpegPhoto: [photo], title: ["Engineer", "Cook"], "cn;lang-de": ["Änn"] });
    const before = await directory.image(dn);
    const id = await apply(lab, {
      ...{ type: "modify", dn },
      changes: [
        ...[change("replace", "sn", "Lea"), change("delete", "jpegPhoto"), change("delete", "title", "ENGINEER")],
        ...[change("add", "title", "Director"), change("replace", "cn;lang-de", "Änne"), change("add", "mail", "a@x")],
      ],
    });
    const preview = await undo(lab, id, { preview: true });
    expect(preview.body.ldif).toContain(`dn: ${dn}\nchangetype: modify\n`);
    expect(await directory.values(dn, "sn")).toEqual(["Lea"]);
    const answer = await undo(lab, id);
    expect(answer).toMatchObject({ status: 200, body: { counts: { applied: 1 }, warnings: [] } });
    expect(await directory.image(dn)).toEqual(before);
  });

  it("takes back what was added, adds what was deleted, and renames back, in reverse order", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ mail: ["a@x"], userPassword: ["{SSHA}abc"] });
    const [uid = ""] = await directory.values(dn, "uid");
    const before = await directory.image(dn);
    const moved = `uid=moved-${uid},ou=groups,${baseDn}`;
    const added = `cn=new-${uid},${moved}`;
    const id = await apply(
      lab,
      { type: "modify", dn, changes: [change("replace", "sn", "First")] },
      ...([
        { type: "modifyDn", dn, newRdn: `uid=moved-${uid}`, deleteOldRdn: true, newSuperior: `ou=groups,${baseDn}` },
        { type: "add", dn: added, attributes: [attribute("objectClass", "device"), attribute("cn", `new-${uid}`)] },
        { type: "modify", dn: added, changes: [change("add", "description", "d")] },
        { type: "delete", dn: added },
        { type: "modify", dn: moved, changes: [change("replace", "sn", "Second")] },
        { type: "delete", dn: moved },
      ] as const),
    );
    expect(await directory.entry(moved)).toBeUndefined();
    const answer = await undo(lab, id);
    expect(answer.body).toMatchObject({ counts: { applied: 7 } });
    expect(answer.body.warnings[0]).toBe(
      `${moved} is added as a new entry: with another entryUUID, creator and time, and without what you could not read of it.`,
    );
    expect(await directory.image(dn)).toEqual(before);
    expect([await directory.entry(moved), await directory.entry(added)]).toEqual([undefined, undefined]);
  });

  it("shows no secret in its preview, and none in the tables", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ userPassword: ["{SSHA}very-secret-hash"] });
    const id = await apply(lab, { type: "delete", dn });
    const { body } = await undo(lab, id, { preview: true });
    expect(body.ldif).toContain("\n# userPassword: a secret, which is not shown\n");
    const steps = await lab.changes.store.stepsBackwards(id, 10, 10);
    const kept = Buffer.concat(steps.map(({ undo: sealed }) => sealed ?? new Uint8Array())).toString("latin1");
    expect(kept.length).toBeGreaterThan(50);
    for (const text of ["very-secret-hash", "userPassword", "Lee"]) expect(kept).not.toContain(text);
    expect(JSON.stringify(await lab.audit())).not.toContain("very-secret-hash");
    await undo(lab, id);
    expect(await directory.values(dn, "userPassword")).toEqual(["{SSHA}very-secret-hash"]);
  });

  it("is refused where somebody has changed the same since, with what is there, and does nothing", async () => {
    const lab = await changesLab({ server: slapd });
    const [dn, other] = [await directory.person(), await directory.person()];
    const id = await apply(
      lab,
      { type: "modify", dn, changes: [change("replace", "sn", "Lea")] },
      { type: "modify", dn: other, changes: [change("replace", "sn", "Lea")] },
    );
    await directory.modify(dn, "replace", "sn", "Leigh");
    const { status, body } = await undo(lab, id);
    expect([status, body.code, body.title, body.details]).toEqual([
      ...[409, "conflict", `This cannot be undone. ${dn}: It has been changed since.`],
      {
        drifts: [
          {
            ...{ dn, reason: "It has been changed since." },
            ...{ left: { sn: ["Lea"] }, wanted: { sn: ["Lee"] }, current: { sn: ["Leigh"] } },
          },
        ],
      },
    ]);
    expect(await directory.values(other, "sn")).toEqual(["Lea"]);
  });

  it("goes on top of what others have changed elsewhere in the entry", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const id = await apply(lab, { type: "modify", dn, changes: [change("replace", "sn", "Lea")] });
    await directory.modify(dn, "add", "title", "Director");
    expect((await undo(lab, id)).status).toBe(200);
    expect([await directory.values(dn, "sn"), await directory.values(dn, "title")]).toEqual([["Lee"], ["Director"]]);
  });

  it("does not remove an entry that has got others below it, or that was changed", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = `ou=new,${baseDn}`;
    const unit = [attribute("objectClass", "organizationalUnit"), attribute("ou", "new")];
    const id = await apply(lab, { type: "add", dn, attributes: unit });
    await directory.add(`cn=x,${dn}`, { objectClass: ["device"], cn: ["x"] });
    expect((await undo(lab, id)).body.title).toContain("Entries have been added below it: remove them first.");
    await lab.changes.apply(lab.cluster, lab.actor(), { title: "x", changes: [{ type: "delete", dn: `cn=x,${dn}` }] });
    await directory.modify(dn, "add", "description", "mine");
    expect((await undo(lab, id)).body.title).toContain("It has been changed since.");
    await directory.modify(dn, "delete", "description");
    expect((await undo(lab, id)).status).toBe(200);
    expect(await directory.entry(dn)).toBeUndefined();
  });

  it("happens once, and can be undone itself", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const id = await apply(lab, { type: "modify", dn, changes: [change("replace", "sn", "Lea")] });
    const first = await undo(lab, id);
    const again = await undo(lab, id);
    expect([again.status, again.body.title]).toEqual([409, "This was undone before."]);
    expect((await undo(lab, first.body.id)).status).toBe(200);
    expect(await directory.values(dn, "sn")).toEqual(["Lea"]);
  });

  it("leaves passwords as they are and says so, and removes an account with its new password", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = `uid=fresh,ou=people,${baseDn}`;
    const attributes = [attribute("objectClass", "inetOrgPerson"), ...["cn", "sn"].map((type) => attribute(type, "F"))];
    const added = await apply(
      lab,
      { type: "add", dn, attributes: [...attributes, attribute("uid", "fresh")] },
      { type: "password", dn, newPassword: "first-password" },
    );
    const changed = await apply(lab, { type: "password", dn, newPassword: "second-password" });
    const refused = await undo(lab, changed);
    expect([refused.status, refused.body.title]).toEqual([
      410,
      `There is nothing that can be undone. The password of ${dn} stays as it was set: the one before it is not known.`,
    ]);
    // The second password is somebody's doing after the set that added the entry.
    expect((await undo(lab, added)).status).toBe(409);
    const again = `uid=fresh2,ou=people,${baseDn}`;
    const both = await apply(
      lab,
      { type: "add", dn: again, attributes: [...attributes, attribute("uid", "fresh2")] },
      { type: "password", dn: again, newPassword: "first-password" },
    );
    expect((await undo(lab, both)).status).toBe(200);
    expect(await directory.entry(again)).toBeUndefined();
  });

  it("is for who made it, and for administrators", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const id = await apply(lab, { type: "modify", dn, changes: [change("replace", "sn", "Lea")] });
    const editor = sessionOf(person("cn=editor", "x"), { actions: ["read", "write"], name: "editor" });
    expect((await lab.request("POST", `/changes/${id}/undo`, {}, editor)).status).toBe(403);
  });

  it("keeps a name's value that the entry had before it was named so", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ cn: ["Ann Lee", "Annie"] });
    const before = await directory.image(dn);
    const id = await apply(lab, { type: "modifyDn", dn, newRdn: "cn=Annie+sn=Lee", deleteOldRdn: false });
    const named = `cn=Annie+sn=Lee,ou=people,${baseDn}`;
    expect(await directory.entry(named)).toBeDefined();
    expect((await undo(lab, id)).status).toBe(200);
    expect(await directory.image(dn)).toEqual(before);
  });

  it("restores any entry after any change of it (property)", async () => {
    const lab = await changesLab({ server: slapd });
    const word = fc.constantFrom("a", "B", "b c", "Änn", "d");
    const values = fc.uniqueArray(word, { minLength: 1, maxLength: 3, selector: (each) => each.toLowerCase() });
    const types = ["description", "title", "cn;lang-de", "employeeType"] as const;
    const state = fc.record(Object.fromEntries(types.map((type) => [type, fc.option(values, { nil: undefined })])));
    const run = async (start: Record<string, string[] | undefined>, end: Record<string, string[] | undefined>) => {
      const given = Object.entries(start).flatMap(([type, own]) => (own === undefined ? [] : [[type, own] as const]));
      const dn = await directory.person(Object.fromEntries(given));
      const before = await directory.image(dn);
      const form = { dn, read: Object.fromEntries(given), wanted: JSON.parse(JSON.stringify(end)) };
      const saved = await lab.request("PATCH", "/clusters/main/entry", form);
      if (saved.body.status === "unchanged") return;
      expect([saved.status, saved.body.status]).toEqual([200, "applied"]);
      expect((await undo(lab, saved.body.changeSet)).status).toBe(200);
      expect(await directory.image(dn)).toEqual(before);
    };
    await fc.assert(fc.asyncProperty(state, state, run), { numRuns: 30 });
  }, 60_000);
});
