/** What is kept of changes, on both databases: before they are sent, after, when the store goes away, and when a manager is killed. */
import { attribute } from "@espalier/ldap";
import { type Statement, sql } from "@espalier/service";
import { dumpTables, forEachDatabase, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EntryChange } from "../../src/changes/change-set.ts";
import { ChangeStore, type NewChangeSet } from "../../src/changes/change-store.ts";
import { baseDn, changesLab, Directory, directoryLdif, person, sessionOf } from "./lab.ts";

const tables = ["change_sets", "change_steps"];

const retitle = (dn: string, title: string): EntryChange => ({
  ...{ type: "modify", dn },
  changes: [{ operation: "replace", modification: attribute("title", title) }],
});

forEachDatabase((databases) => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  let directory: Directory;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: directoryLdif, logsOperations: true }));
    directory = cleanup.use(await Directory.open(slapd));
  });
  afterAll(() => cleanup.disposeAsync());
  const lab = async () => changesLab({ server: slapd, storeUrl: await databases.create() });

  it(`the tables of changes are those of schema/changes.${databases.kind}.sql`, async () => {
    const url = await databases.create();
    await changesLab({ server: slapd, storeUrl: url });
    await expect(await dumpTables(url, tables)).toMatchFileSnapshot(`../../schema/changes.${databases.kind}.sql`);
  });

  it("a change set has a history, of the entry, of who made it, and of the whole cluster", async () => {
    const { request, changes, cluster, actor } = await lab();
    const [ann, bob] = [await directory.person(), await directory.person()];
    const apply = (title: string, ...list: EntryChange[]) => changes.apply(cluster, actor(), { title, changes: list });
    const first = await apply("First", retitle(ann, "a"), retitle(bob, "a"));
    const second = await apply("Second", retitle(bob, "b"));
    const moved = `uid=moved-${Date.now()},ou=people,${baseDn}`;
    const newRdn = moved.split(",")[0]!;
    const third = await apply("Third", { type: "modifyDn", dn: ann, newRdn, deleteOldRdn: true });

    const titles = async (query: string) => {
      const { body } = await request("GET", `/clusters/main/changes?${query}`);
      return body.changes.map(({ title }: { title: string }) => title);
    };
    expect(await titles("")).toEqual(["Third", "Second", "First"]);
    expect(await titles(`dn=${encodeURIComponent(ann.replace("uid=", "UID = "))}`)).toEqual(["Third", "First"]);
    expect(await titles(`dn=${encodeURIComponent(moved)}`)).toEqual(["Third"]);
    expect(await titles("actor=nobody")).toEqual([]);
    expect(await titles("actor=me&limit=2")).toEqual(["Third", "Second"]);
    const page = await request("GET", "/clusters/main/changes?limit=2");
    expect(page.body.cursor).toBe(second.id);
    expect(await titles(`limit=2&cursor=${page.body.cursor}`)).toEqual(["First"]);

    const { body } = await request("GET", `/changes/${first.id}?limit=1`);
    expect(body).toEqual({
      changeSet: {
        ...{ id: first.id, cluster: "main", title: "First", actor: slapd.rootDn, address: "192.0.2.7" },
        ...{ time: expect.stringMatching(/^20/), isOver: true },
        counts: { applied: 2, conflict: 0, failed: 0, in_doubt: 0, not_tried: 0 },
      },
      steps: [
        {
          ...{
            number: 1,
            type: "modify",
            dn: ann,
            status: "applied",
            node: "ldap1",
            time: expect.stringMatching(/^20/),
          },
          audit: expect.objectContaining({ ldif: `dn: ${ann}\nchangetype: modify\nreplace: title\ntitle: a\n-\n` }),
        },
      ],
      cursor: "1",
    });
    expect(
      (await request("GET", `/changes/${first.id}?cursor=1`)).body.steps.map(({ dn }: { dn: string }) => dn),
    ).toEqual([bob]);
    expect((await request("GET", `/changes/${third.id}`)).body.steps[0]).toMatchObject({
      type: "modifyDn",
      newDn: moved,
    });
  });

  it("the history shows others than auditors what they may see, without values", async () => {
    const { request, changes, cluster, actor } = await lab();
    const [ann, bob] = [await directory.person(), await directory.person()];
    const changed = { title: "x", changes: [retitle(ann, "secret title"), retitle(bob, "b")] };
    const { id } = await changes.apply(cluster, actor(), changed);
    const viewer = sessionOf(person("cn=v", "x"), { actions: ["read"], under: ann, name: "viewer" });
    const seen = await request("GET", `/changes/${id}`, undefined, viewer);
    expect(seen.body.steps.map(({ dn, audit }: { dn: string; audit: unknown }) => [dn, audit])).toEqual([
      [ann, undefined],
    ]);
    expect(JSON.stringify(seen.body)).not.toContain("secret title");
    expect((await request("GET", "/clusters/main/changes", undefined, viewer)).status).toBe(403);
    const stranger = sessionOf(person("cn=s", "x"), { actions: ["read"], under: "nothing", name: "stranger" });
    expect((await request("GET", `/changes/${id}`, undefined, stranger)).status).toBe(404);
    expect((await request("GET", "/changes/00000000-0000-7000-8000-000000000000")).status).toBe(404);
  });

  it("nothing is sent while the store is away", async () => {
    const { store, changes, cluster, actor } = await lab();
    const dn = await directory.person({ title: ["before"] });
    await store.close();
    await expect(
      changes.apply(cluster, actor(), { title: "x", changes: [retitle(dn, "after")] }),
    ).rejects.toMatchObject({ code: "unavailable", status: 503 });
    const run = changes.begin(cluster, actor(), "Import");
    await expect(run.apply(retitle(dn, "after"))).rejects.toMatchObject({ code: "unavailable" });
    await run.end();
    expect(await directory.values(dn, "title")).toEqual(["before"]);
  });

  // An SQLite file that cannot be written to is waited for, for half a minute.
  it.runIf(databases.kind === "postgres")(
    "a store that is lost during the write is told what became of it once it is back",
    async () => {
      const { changes, cluster, actor, store, audit, lines } = await lab();
      const dn = await directory.person({ title: ["before"] });
      // The store takes the intent, and no outcome while this trigger is there: it says what a server says that shuts down.
      const during = (statement: Statement) => store.write((transaction) => transaction.run(statement));
      await during(sql`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '57P01'; END $$`);
      await during(sql`CREATE TRIGGER lost BEFORE UPDATE ON change_steps FOR EACH ROW EXECUTE FUNCTION lose()`);
      const { results, id } = await changes.apply(cluster, actor(), { title: "x", changes: [retitle(dn, "after")] });
      expect(results).toMatchObject([{ status: "applied", unrecorded: true }]);
      expect(await directory.values(dn, "title")).toEqual(["after"]);
      expect(await audit()).toEqual([]);
      expect(lines.join("")).toContain("what became of a change could not be noted yet");
      await during(sql`DROP TRIGGER lost ON change_steps`);
      await until("the outcome to be noted", async () => (await audit()).length === 1);
      expect((await changes.store.get(id))?.applied).toBe(1);
    },
  );

  it("what a manager that was killed had under way is noted as in doubt, once", async () => {
    const { changes, store, log, advance, audit, restarted } = await lab();
    const set: NewChangeSet = {
      ...{ id: "00000000-0000-7000-8000-000000000001", cluster: "main", title: "Cut off", actor: "cn=ann" },
      ...{ address: "192.0.2.1", request_id: "r", undo_of: null },
    };
    const dn = "uid=x,dc=example,dc=com";
    await new ChangeStore(store, log, Date.now).intend(set, [
      { number: 1, type: "modify", dn, newDn: undefined, dnKey: dn, newDnKey: undefined },
    ]);
    await changes.maintain({ keepDays: 90 });
    expect(await audit()).toEqual([]);
    advance(31 * 60_000);
    await Promise.all([changes.maintain({ keepDays: 90 }), restarted().maintain({ keepDays: 90 })]);
    const events = await audit();
    expect(events.map(({ type, subject, actor, data }) => ({ type, subject, actor, data }))).toEqual([
      {
        ...{ type: "change.failed", subject: dn, actor: "cn=ann" },
        data: {
          ...{ cluster: "main", change_set: set.id, title: "Cut off", kind: "modify", status: "in_doubt" },
          ...{
            problem: "in_doubt",
            reason: "The manager ended before the directory answered: the change may have been made.",
          },
        },
      },
    ]);
    expect(await changes.store.get(set.id)).toMatchObject({ in_doubt: 1, ended_at: expect.any(Number) });
  });

  it("change sets are removed after their days, with their steps; the audit trail is not", async () => {
    const { changes, cluster, actor, store, advance, audit } = await lab();
    const dn = await directory.person();
    const old = await changes.apply(cluster, actor(), { title: "old", changes: [retitle(dn, "a")] });
    advance(91 * 86_400_000);
    const young = await changes.apply(cluster, actor(), { title: "young", changes: [retitle(dn, "b")] });
    await changes.maintain({ keepDays: 90 });
    expect([await changes.store.get(old.id), (await changes.store.get(young.id))?.title]).toEqual([undefined, "young"]);
    expect((await store.first<{ n: number }>(sql`SELECT count(*) AS n FROM change_steps`))?.n).toBe(1);
    expect(await audit()).toHaveLength(2);
  });

  it("a set is applied until the first that fails, or to its end if it is to go on", async () => {
    const { changes, cluster, actor, request } = await lab();
    const [one, three] = [await directory.person(), await directory.person()];
    const list = [retitle(one, "a"), retitle(`uid=none,ou=people,${baseDn}`, "a"), retitle(three, "a")];
    const stopped = await changes.apply(cluster, actor(), { title: "x", changes: list });
    expect(stopped.results.map(({ status }) => status)).toEqual(["applied", "failed", "not_tried"]);
    expect((await changes.store.get(stopped.id))?.not_tried).toBe(1);
    const through = await changes.apply(cluster, actor(), { title: "x", changes: list }, { continues: true });
    expect(through.counts).toEqual({ applied: 2, conflict: 0, failed: 1, in_doubt: 0, not_tried: 0 });
    const { body } = await request("GET", `/changes/${through.id}`);
    expect(body.steps.map(({ status }: { status: string }) => status)).toEqual(["applied", "failed", "applied"]);
  });

  it("an import sends its changes in order, however many are asked for at once, and notes each", async () => {
    const { changes, cluster, actor, audit } = await lab();
    const unit = `ou=import-${Date.now()},${baseDn}`;
    const run = changes.begin(cluster, actor(), "Import");
    const parent: EntryChange = {
      ...{ type: "add", dn: unit },
      attributes: [attribute("objectClass", "organizationalUnit"), attribute("ou", unit.slice(3).split(",")[0]!)],
    };
    const children = Array.from(
      { length: 120 },
      (_, index): EntryChange => ({
        ...{ type: "add", dn: `cn=d${index},${unit}` },
        attributes: [attribute("objectClass", "device"), attribute("cn", `d${index}`)],
      }),
    );
    const results = await Promise.all([parent, ...children].map((each) => run.apply(each)));
    await run.end();
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["applied"]));
    const events = await audit();
    expect(events.map(({ subject }) => subject)).toEqual([unit, ...children.map(({ dn }) => dn)]);
    expect(await changes.store.get(run.id)).toMatchObject({ applied: 121, ended_at: expect.any(Number) });
  });
});
