/** Two editors of one entry: what the second is told, what can be merged, and that nothing is lost. */
import { requirePrograms, type Slapd, startSlapd } from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attributesJson } from "../../src/api/value.ts";
import { type ChangesLab, changesLab, Directory, directoryLdif } from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const path = "/clusters/main/entry";

describe("an entry that somebody else has changed meanwhile", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  it("is not saved over: the answer shows what was read, what is wanted and what is there", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ title: ["Engineer"] });
    const version = await directory.version(dn);
    await directory.modify(dn, "replace", "sn", "Lea");
    const read = { sn: ["Lee"], title: ["Engineer"], cn: ["Ann Lee", "Annie"] };
    const wanted = { ...read, sn: ["Leigh"] };
    const { status, body } = await lab.request("PATCH", path, { dn, version, read, wanted });
    expect({ status, body }).toEqual({
      status: 409,
      body: {
        ...{ type: "about:blank", status: 409, code: "conflict", title: "The entry has changed since it was read." },
        ldap: { code: 122, name: "assertionFailed", diagnosticMessage: "", node: "ldap1" },
        details: {
          ...{ read, wanted, current: { ...read, sn: ["Lea"] }, version: await directory.version(dn) },
          attributes: [{ name: "sn", read: ["Lee"], yours: ["Leigh"], theirs: ["Lea"], changedByOthers: true }],
          mergeable: false,
        },
      },
    });
    expect(await directory.values(dn, "sn")).toEqual(["Lea"]);
    expect((await lab.audit()).map(({ type, data }) => [type, data?.status, data?.result_name])).toEqual([
      ["change.failed", "conflict", "assertionFailed"],
    ]);
  });

  it("is found out without a version too, where a value that is to be changed is not there any more", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    await directory.modify(dn, "replace", "sn", "Lea");
    const { status, body } = await lab.request("PATCH", path, { dn, read: { sn: ["Lee"] }, wanted: { sn: ["Leigh"] } });
    expect([status, body.code, body.ldap.name, body.details.attributes]).toEqual([
      ...[409, "conflict", "noSuchAttribute"],
      [{ name: "sn", read: ["Lee"], yours: ["Leigh"], theirs: ["Lea"], changedByOthers: true }],
    ]);
  });

  it("is found out where both gave a single value to what had none", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    await directory.modify(dn, "add", "preferredLanguage", "de");
    const wanted = { preferredLanguage: ["en"] };
    const { status, body } = await lab.request("PATCH", path, { dn, read: {}, wanted });
    expect([status, body.code, body.details.current]).toEqual([409, "conflict", { preferredLanguage: ["de"] }]);
  });

  it("can be saved on top where nobody else touched the same attributes, if asked to", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person({ title: ["Engineer"] });
    const version = await directory.version(dn);
    await directory.modify(dn, "replace", "title", "Director");
    await directory.modify(dn, "add", "mail", "ann@example.com");
    const form = {
      dn,
      version,
      read: { sn: ["Lee"], title: ["Engineer"] },
      wanted: { sn: ["Lea"], title: ["Engineer"] },
    };
    const refused = await lab.request("PATCH", path, form);
    expect([refused.status, refused.body.details.mergeable]).toEqual([409, true]);
    const merged = await lab.request("PATCH", path, { ...form, merge: true });
    expect(merged).toMatchObject({ status: 200, body: { status: "applied", merged: true } });
    expect([await directory.values(dn, "sn"), await directory.values(dn, "title")]).toEqual([["Lea"], ["Director"]]);
  });

  it("has nothing more to be saved where somebody else made the same change", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const version = await directory.version(dn);
    await directory.modify(dn, "replace", "sn", "Lea");
    const form = { dn, version, read: { sn: ["Lee"] }, wanted: { sn: ["Lea"] }, merge: true };
    expect((await lab.request("PATCH", path, form)).body).toEqual({ status: "unchanged", merged: true });
  });

  it("is not deleted or renamed either by who has not seen it as it is", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const version = await directory.version(dn);
    await directory.modify(dn, "replace", "sn", "Lea");
    for (const change of [
      { type: "delete", dn, version },
      { type: "modifyDn", dn, version, newRdn: "uid=other" },
    ]) {
      const answer = await lab.request("POST", "/clusters/main/changes", { changes: [change] });
      expect([answer.status, answer.body.code, answer.body.details]).toEqual([
        ...[409, "conflict"],
        { version: await directory.version(dn) },
      ]);
    }
    expect(await directory.entry(dn)).toBeDefined();
  });

  it("is gone: the answer says so", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = `uid=nobody,ou=people,dc=example,dc=com`;
    const { status, body } = await lab.request("PATCH", path, { dn, read: { sn: ["a"] }, wanted: { sn: ["b"] } });
    expect([status, body.code]).toEqual([404, "no_such_entry"]);
  });
});

interface Editor {
  read: Record<string, string[]>;
  version: string | undefined;
}

type Step =
  | { readonly editor: number; readonly does: "open" }
  | { readonly editor: number; readonly does: "save"; readonly edits: readonly Edit[]; readonly merge: boolean };

interface Edit {
  readonly type: "mail" | "title" | "description" | "sn";
  readonly values: readonly string[];
}

const word = fc.constantFrom("a", "b", "c", "d", "e");
const edit = fc.record({
  type: fc.constantFrom("mail", "title", "description"),
  values: fc.uniqueArray(word, { maxLength: 3 }),
}) as fc.Arbitrary<Edit>;
const singleEdit = fc.record({ type: fc.constant("sn"), values: fc.tuple(word) }) as fc.Arbitrary<Edit>;
const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ editor: fc.nat(2), does: fc.constant("open" as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        ...{ editor: fc.nat(2), does: fc.constant("save" as const), merge: fc.boolean() },
        edits: fc.array(fc.oneof(edit, singleEdit), { minLength: 1, maxLength: 2 }),
      }),
    },
  ),
  { minLength: 4, maxLength: 16 },
);

describe("several editors of one entry", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());

  const fields = ["mail", "title", "description", "sn"];

  async function open(dn: string): Promise<Editor> {
    const entry = await directory.entry(dn, ...fields, "entryCSN");
    const json = attributesJson(entry?.attributes ?? []) as Record<string, string[]>;
    const { entryCSN, ...read } = json;
    return { read, version: entryCSN?.[0] };
  }

  /**
   * A model of what must be so: a save that is acknowledged has changed what its editor edited, and nothing that others had
   * saved after the editor opened the form; unless they were asked to merge, nothing at all had been saved since.
   */
  async function replay(lab: ChangesLab, sequence: readonly Step[], withVersion: boolean): Promise<void> {
    const dn = await directory.person();
    const editors = await Promise.all([open(dn), open(dn), open(dn)]);
    for (const step of sequence) {
      if (step.does === "open") {
        editors[step.editor] = await open(dn);
        continue;
      }
      const { read, version } = editors[step.editor]!;
      const wanted = { ...read };
      for (const { type, values } of step.edits) {
        if (values.length === 0) delete wanted[type];
        else wanted[type] = [...values];
      }
      const before = (await open(dn)).read;
      const body = { dn, read, wanted, merge: step.merge, ...(withVersion ? { version } : {}) };
      const answer = await lab.request("PATCH", path, body);
      const after = (await open(dn)).read;
      if (answer.status === 409) {
        expect(after).toEqual(before);
        editors[step.editor] = await open(dn);
        continue;
      }
      expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
      for (const type of fields) {
        const [was, is, then, mine] = [before, after, read, wanted].map((each) => [...(each[type] ?? [])].sort());
        const isEdited = String(then) !== String(mine);
        const isTheirs = String(was) !== String(then);
        if (!isEdited) {
          expect([type, is]).toEqual([type, was]);
        } else if (!isTheirs || withVersion) {
          expect([type, is]).toEqual([type, mine]);
        } else {
          // Value by value: what others added or removed stays so.
          const added = mine!.filter((each) => !then!.includes(each));
          const removed = then!.filter((each) => !mine!.includes(each));
          const expected = [...new Set([...was!.filter((each) => !removed.includes(each)), ...added])].sort();
          expect([type, is]).toEqual([type, expected]);
        }
        if (withVersion && isEdited && isTheirs) expect([type, was]).toEqual([type, mine]);
      }
      editors[step.editor] = await open(dn);
    }
  }

  it("lose nothing, in whatever order they open and save (with the version that they read)", async () => {
    const lab = await changesLab({ server: slapd });
    await fc.assert(
      fc.asyncProperty(steps, (sequence) => replay(lab, sequence, true)),
      { numRuns: 25 },
    );
  }, 120_000);

  it("lose nothing without it either", async () => {
    const lab = await changesLab({ server: slapd });
    await fc.assert(
      fc.asyncProperty(steps, (sequence) => replay(lab, sequence, false)),
      { numRuns: 25 },
    );
  }, 120_000);

  it("lose nothing when they save at the same time: one of them is told of the other", async () => {
    const lab = await changesLab({ server: slapd });
    const dn = await directory.person();
    const { read, version } = await open(dn);
    const answers = await Promise.all(
      ["a", "b", "c", "d"].map((title) =>
        lab.request("PATCH", path, { dn, version, read, wanted: { ...read, title: [title] } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const winner = ["a", "b", "c", "d"][answers.findIndex(({ status }) => status === 200)];
    expect(await directory.values(dn, "title")).toEqual([winner]);
  });
});
