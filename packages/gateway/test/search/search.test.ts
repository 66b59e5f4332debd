/** Searches and compares at a running gateway: what may be read, by whom, and how a search ends. RFC 4511 §4.5 and §4.10. */
import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  assertionControl,
  encodeMessage,
  findControl,
  LdapError,
  Oid,
  pagedResultsControl,
  parseFilter,
  ResultCode,
  Schema,
} from "@espalier/ldap";
import type { LdapClient } from "@espalier/ldap/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../../tests/lab/until.ts";
import { type RunningGateway, runGateway } from "../support/running-gateway.ts";
import { answerTo } from "../support/served-snapshot.ts";
import { UserTables } from "../support/user-tables.ts";

const base = "dc=example,dc=com";
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 0,
    (error: unknown) => {
      if (error instanceof LdapError) return error.resultCode;
      throw error;
    },
  );

function fill(tables: UserTables): void {
  const password = `{SHA}${createHash("sha1").update("secret").digest("base64")}`;
  tables.putUser(1, { username: "ann", uid_number: 1000, gid_number: 5, full_name: "Ann Smith", password });
  tables.putUser(2, { username: "bob", uid_number: 1001, gid_number: 6, mail: '["b@x","bob@x"]' });
  tables.putGroup(1, { name: "staff", gid_number: 5 });
  tables.join("ann", "staff");
}

describe("a gateway that anybody may search", () => {
  let tables: UserTables;
  let running: RunningGateway;
  let client: LdapClient;
  beforeAll(async () => {
    tables = new UserTables();
    fill(tables);
    running = await runGateway(tables);
    client = await running.client();
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    tables[Symbol.dispose]();
  });
  const search = (
    request: Parameters<typeof answerTo>[1],
    ...controls: Parameters<typeof pagedResultsControl>[] | never[]
  ) =>
    answerTo(
      client,
      request,
      controls.map((control) => pagedResultsControl(...control)),
    );

  it.each([
    ["below a user", `cn=x,uid=ann,${base}`, `uid=ann,${base}`],
    ["beside the users", `uid=nobody,${base}`, base],
    ["deep below the base", `cn=x,ou=y,ou=z,${base}`, base],
    ["above the base", "dc=com", ""],
    ["elsewhere", "dc=example,dc=org", ""],
  ])("answers a base object %s with noSuchObject and the superior that is there", async (_, dn, matchedDn) => {
    for (const scope of ["baseObject", "singleLevel", "wholeSubtree"] as const) {
      expect(await search({ baseObject: dn, scope })).toMatchObject({ resultCode: 32, matchedDn, entries: [] });
    }
  });

  it("answers a base object that is no DN with invalidDnSyntax", async () => {
    expect(await search({ baseObject: "nonsense" })).toMatchObject({ resultCode: ResultCode.invalidDnSyntax });
  });

  it("gives the root DSE to a base search, whole where nothing is asked for, and names only what works", async () => {
    const { entries } = await search({ baseObject: "", scope: "baseObject" });
    const [rootDse] = entries;
    expect(rootDse?.texts("namingContexts")).toEqual([base]);
    expect(rootDse?.texts("supportedExtension")).toEqual([Oid.whoAmI, Oid.cancel, Oid.startTls]);
    for (const control of rootDse!.texts("supportedControl")) {
      if (control === Oid.passwordPolicy) continue;
      const answer = await answerTo(client, { baseObject: base }, [
        { controlType: control, criticality: true, controlValue: undefined },
      ]);
      expect(answer.resultCode).not.toBe(ResultCode.unavailableCriticalExtension);
    }
    const unknown = { controlType: "1.2.3.4", criticality: true, controlValue: undefined };
    expect((await answerTo(client, { baseObject: base }, [unknown])).resultCode).toBe(
      ResultCode.unavailableCriticalExtension,
    );
    expect((await answerTo(client, { baseObject: base }, [{ ...unknown, criticality: false }])).entries).not.toEqual(
      [],
    );
    const named = await search({ baseObject: "", scope: "baseObject", attributes: ["supportedLDAPVersion"] });
    expect(named.entries[0]?.attributes.map(({ type }) => type)).toEqual(["supportedLDAPVersion"]);
    const filtered = await search({ baseObject: "", scope: "baseObject", filter: parseFilter("(objectClass=person)") });
    expect(filtered).toMatchObject({ resultCode: 0, entries: [] });
    for (const scope of ["singleLevel", "wholeSubtree"] as const) {
      expect(await search({ baseObject: "", scope })).toMatchObject({
        resultCode: ResultCode.noSuchObject,
        entries: [],
      });
    }
  });

  it("honours paging and assertions at the root DSE too", async () => {
    const paged = await search({ baseObject: "", scope: "baseObject" }, [{ size: 10, cookie: new Uint8Array() }, true]);
    expect([paged.resultCode, paged.entries.length]).toEqual([0, 1]);
    expect(findControl(paged.controls, Oid.pagedResults)).toBeDefined();
    const assertion = (filter: string) => assertionControl(parseFilter(filter));
    const request = { baseObject: "", scope: "baseObject" as const };
    expect((await answerTo(client, request, [assertion("(namingContexts=dc=other)")])).resultCode).toBe(
      ResultCode.assertionFailed,
    );
    expect((await answerTo(client, request, [assertion(`(namingContexts=${base})`)])).entries).toHaveLength(1);
  });

  it("gives a subschema entry that a client can build its schema from", async () => {
    const { entries } = await search({ baseObject: "cn=subschema", scope: "baseObject", attributes: ["*", "+"] });
    const [subschema] = entries;
    const schema = new Schema({
      attributeTypes: subschema!.texts("attributeTypes"),
      objectClasses: subschema!.texts("objectClasses"),
      matchingRules: subschema!.texts("matchingRules"),
      ldapSyntaxes: subschema!.texts("ldapSyntaxes"),
    });
    expect(schema.problems).toEqual([]);
    const { entries: all } = await search({ baseObject: base, attributes: ["*", "+"] });
    for (const entry of all) {
      expect(entry.text("subschemaSubentry")).toBe("cn=Subschema");
      for (const { type } of entry.attributes) expect(schema.attribute(type)?.name).toBe(type);
      for (const name of entry.texts("objectClass")) expect(schema.objectClass(name)).toBeDefined();
    }
    expect(await search({ baseObject: "cn=subschema", scope: "singleLevel" })).toMatchObject({
      resultCode: 0,
      entries: [],
    });
  });

  it("never returns a password, however it is asked for", async () => {
    for (const attributes of [[], ["*", "+"], ["userPassword"], ["2.5.4.35"]]) {
      expect(JSON.stringify(await search({ baseObject: base, attributes }))).not.toContain("userPassword");
    }
    expect((await search({ baseObject: base, filter: parseFilter("(userPassword=*)") })).entries).toEqual([]);
  });

  it.each([
    ["cn", "ANN  smith", true],
    ["commonName", "Ann Smith", true],
    ["name", "ann smith", true],
    ["cn", "Ann", false],
    ["uidNumber", "01000", "invalidAttributeSyntax"],
    ["uidNumber", "1000", true],
    ["memberOf", `CN=Staff, ${base}`, true],
    ["objectClass", "posixaccount", true],
    ["mail", "ann@example.com", true],
    ["telephoneNumber", "1", "noSuchAttribute"],
    ["cn;lang-de", "Ann Smith", "noSuchAttribute"],
    ["userPassword", "secret", "noSuchAttribute"],
    ["frobnicate", "1", "undefinedAttributeType"],
    ["uidNumber", "many", "invalidAttributeSyntax"],
  ] as const)("compares %s with %s: %s", async (attribute, value, outcome) => {
    const comparison = client.compare(`UID=ann,${base}`, attribute, value);
    if (typeof outcome === "boolean") expect((await comparison).matches).toBe(outcome);
    else expect(await codeOf(comparison)).toBe(ResultCode[outcome]);
  });

  it("answers a compare with an entry that is not there with noSuchObject", async () => {
    const error = await client.compare(`cn=x,uid=ann,${base}`, "cn", "x").catch((thrown) => thrown);
    expect(error).toMatchObject({ resultCode: ResultCode.noSuchObject, matchedDn: `uid=ann,${base}` });
  });

  it("goes on with a search or compare only where the entry is as asserted", async () => {
    const matching = [assertionControl(parseFilter("(cn=ann smith)"))];
    const other = [assertionControl(parseFilter("(cn=bob)"))];
    const request = { baseObject: `uid=ann,${base}`, scope: "baseObject" as const };
    expect(await answerTo(client, request, matching)).toMatchObject({ resultCode: 0, entries: [{}] });
    expect(await answerTo(client, request, other)).toMatchObject({
      resultCode: ResultCode.assertionFailed,
      entries: [],
    });
    const undefinedFilter = [assertionControl(parseFilter("(!(frobnicate=1))"))];
    expect(await answerTo(client, request, undefinedFilter)).toMatchObject({ resultCode: ResultCode.assertionFailed });
    expect((await client.compare(request.baseObject, "uid", "ann", { controls: matching })).matches).toBe(true);
    expect(await codeOf(client.compare(request.baseObject, "uid", "ann", { controls: other }))).toBe(
      ResultCode.assertionFailed,
    );
    const unreadable = [{ controlType: Oid.assertion, criticality: true, controlValue: Buffer.from("x") }];
    expect((await answerTo(client, request, unreadable)).resultCode).toBe(ResultCode.protocolError);
  });

  it("refuses every write", async () => {
    const dn = `uid=ann,${base}`;
    expect(await codeOf(client.del(dn))).toBe(ResultCode.unwillingToPerform);
    expect(await codeOf(client.add(`uid=new,${base}`, []))).toBe(ResultCode.unwillingToPerform);
    expect(await codeOf(client.modifyDn(dn, { newRdn: "uid=x", deleteOldRdn: true }))).toBe(
      ResultCode.unwillingToPerform,
    );
  });

  it.each([0, 1, 2, 3, 4, 5])("stops at a size limit of %i", async (sizeLimit) => {
    const answer = await search({ baseObject: base, sizeLimit });
    const all = 5; // the base, two users, a group, a private group
    const isOver = sizeLimit > 0 && sizeLimit < all;
    expect([answer.resultCode, answer.entries.length]).toEqual([
      isOver ? ResultCode.sizeLimitExceeded : 0,
      isOver ? sizeLimit : all,
    ]);
  });
});

describe("a user made a moment ago", () => {
  it("is found by name and by DN before the refresh, and one that nobody made is not", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, { refresh: { interval: "1h" } });
    const client = await running.client();
    tables.putUser(3, { username: "new", uid_number: 1003, gid_number: 5 });
    tables.putUser(4, { username: "newer", uid_number: 1004, gid_number: 5 });
    tables.join("new", "staff");
    const filter = parseFilter("(&(uid=new)(objectClass=posixAccount)(uidNumber=*))");
    const found = await answerTo(client, { baseObject: base, filter, attributes: ["uid", "memberOf"] });
    expect(found.entries.map((entry) => [entry.objectName, ...entry.texts("memberOf")])).toEqual([
      [`uid=new,${base}`, `cn=staff,${base}`],
    ]);
    expect((await answerTo(client, { baseObject: `UID=newer,${base}`, scope: "baseObject" })).entries).toHaveLength(1);
    expect((await answerTo(client, { baseObject: base, filter: parseFilter("(uid=nobody)") })).entries).toEqual([]);
    expect(await answerTo(client, { baseObject: `uid=nobody,${base}` })).toMatchObject({
      resultCode: 32,
      matchedDn: base,
    });
  });
});

describe("a gateway that asks for a bind", () => {
  it("gives an anonymous client the root DSE and the schema, and nothing else", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, { requireAuthForSearch: true });
    const client = await running.client();
    expect((await answerTo(client, { baseObject: "", scope: "baseObject" })).entries).toHaveLength(1);
    const assertion = [assertionControl(parseFilter("(objectClass=*)"))];
    expect((await answerTo(client, { baseObject: "", scope: "baseObject" }, assertion)).entries).toHaveLength(1);
    expect((await answerTo(client, { baseObject: "cn=Subschema", scope: "baseObject" })).entries).toHaveLength(1);
    for (const baseObject of [base, `uid=ann,${base}`, `uid=nobody,${base}`, "dc=other"]) {
      const refused = { resultCode: ResultCode.insufficientAccessRights, matchedDn: "", entries: [] };
      expect(await answerTo(client, { baseObject })).toMatchObject(refused);
      expect(await answerTo(client, { baseObject }, assertion)).toMatchObject(refused);
      expect(await codeOf(client.compare(baseObject, "uid", "ann"))).toBe(ResultCode.insufficientAccessRights);
    }
    await client.bind(`uid=ann,${base}`, "secret");
    expect((await answerTo(client, { baseObject: base })).entries.length).toBeGreaterThan(3);
    await client.bind(`uid=ann,${base}`, "wrong").catch(() => {});
    expect((await answerTo(client, { baseObject: base })).resultCode).toBe(ResultCode.insufficientAccessRights);
  });
});

describe("an outage", () => {
  it("goes unnoticed by searches for a stated time, then is unavailable and never an empty directory", async () => {
    using tables = new UserTables();
    fill(tables);
    await using running = await runGateway(tables, { outage: { serveSearchesFor: "700ms" } });
    const client = await running.client();
    const request = { baseObject: base, filter: parseFilter("(uid=ann)") };
    const missing = { baseObject: base, filter: parseFilter("(uid=nobody)") };
    renameSync(tables.path, `${tables.path}.away`);
    const degraded = await until("the outage", async () => {
      const report = await running.health.report();
      return report.status === "degraded" && report;
    });
    expect(degraded.checks.directory).toMatchObject({ status: "degraded", users: 2, since: expect.any(String) });
    expect((await answerTo(client, request)).entries).toHaveLength(1);
    expect((await answerTo(client, missing)).resultCode).toBe(0);
    await until(
      "searches to be refused",
      async () => (await answerTo(client, request)).resultCode === ResultCode.unavailable,
    );
    expect(await answerTo(client, missing)).toMatchObject({ resultCode: ResultCode.unavailable });
    expect(await answerTo(client, { baseObject: `uid=nobody,${base}` })).toMatchObject({
      resultCode: ResultCode.unavailable,
    });
    expect((await running.health.report()).status).toBe("unhealthy");
    expect((await answerTo(client, { baseObject: "", scope: "baseObject" })).entries).toHaveLength(1);
    renameSync(`${tables.path}.away`, tables.path);
    await until("searches to be answered", async () => (await answerTo(client, request)).entries.length === 1);
    expect((await running.health.report()).status).toBe("healthy");
  });
});

describe("a large directory", () => {
  let tables: UserTables;
  let running: RunningGateway;
  const size = 20_000;
  beforeAll(async () => {
    tables = new UserTables();
    tables.together(() => {
      for (let i = 0; i < size; i++) {
        tables.putUser(i, {
          username: `user${i}`,
          uid_number: 1000 + i,
          gid_number: 5,
          full_name: `User ${i} ${"x".repeat(60)}`,
        });
      }
      tables.putGroup(1, { name: "staff", gid_number: 5 });
      for (let i = 0; i < size; i += 2) tables.join(`user${i}`, "staff");
    });
    running = await runGateway(tables);
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
    tables[Symbol.dispose]();
  });

  it("is sent to a client that reads slowly at its pace, while others are answered", async () => {
    const search = encodeMessage({
      messageId: 1,
      protocolOp: {
        type: "searchRequest",
        ...{ baseObject: base, scope: "wholeSubtree", derefAliases: "neverDerefAliases", sizeLimit: 0, timeLimit: 0 },
        ...{ typesOnly: false, filter: parseFilter("(objectClass=*)"), attributes: ["*", "+"] },
      },
      controls: [],
    });
    const slow = connect(running.gateway.listening[0]!.port, "127.0.0.1");
    slow.write(search);
    slow.write(Buffer.from(search).fill(2, 4, 5));
    await until("the first bytes", () => slow.bytesRead > 0 || slow.readableLength > 0);
    slow.pause();
    const client = await running.client();
    const delays = monitorEventLoopDelay({ resolution: 1 });
    delays.enable();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 200; i++) {
      const filter = parseFilter(`(uid=user${i})`);
      expect((await answerTo(client, { baseObject: base, filter })).entries).toHaveLength(1);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    let received = slow.bytesRead;
    slow.on("data", (chunk) => {
      received += chunk.length;
    });
    slow.resume();
    await until("all of it", () => received > size * 500);
    delays.disable();
    process.stdout.write(
      `event loop held for at most ${Math.round(delays.max / 1e6)} ms beside an enumeration of ${size} users
`,
    );
    slow.destroy();
  });

  it("is no longer gone through once nobody waits for the result", async () => {
    const client = await running.client();
    for (const filter of ["(description=none)", "(uid=*1*2*)"]) {
      const stream = client.search({ baseObject: base, filter: parseFilter(filter) });
      const answered = stream.next().catch((error: unknown) => error);
      stream.abandon();
      await answered;
    }
    await until(
      "the abandoned searches",
      () => running.log.filter(({ result }) => result === "abandoned").length === 2,
    );
  });

  it("sorts, pages and stops at its time limit without holding others up", async () => {
    const [client, other] = [await running.client(), await running.client()];
    const everybody = answerTo(client, { baseObject: base, filter: parseFilter("(uid=*)"), attributes: ["1.1"] });
    const one = answerTo(other, { baseObject: base, filter: parseFilter("(uid=user77)") });
    const first = await Promise.race([everybody.then(() => "everybody"), one.then(() => "one")]);
    expect(first).toBe("one");
    expect((await everybody).entries).toHaveLength(size);
    const limited = await answerTo(client, {
      baseObject: base,
      filter: parseFilter("(memberOf=*)"),
      attributes: ["1.1"],
      timeLimit: 100,
    });
    expect(limited.entries).toHaveLength(size / 2);
  });

  it("sends no entry that has come to match no more, and none that is gone, while it is gone through", async () => {
    using few = new UserTables();
    few.together(() => {
      for (let i = 0; i < 5_000; i++)
        few.putUser(i, { username: `user${i}`, uid_number: 1000 + i, gid_number: 5, full_name: "x".repeat(2000) });
      few.putGroup(1, { name: "staff", gid_number: 5 });
      for (let i = 0; i < 5_000; i++) few.join(`user${i}`, "staff");
    });
    await using gateway = await runGateway(few);
    const reader = await gateway.client();
    const stream = reader.search({
      baseObject: base,
      filter: parseFilter(`(memberOf=cn=staff,${base})`),
      attributes: ["memberOf", "cn"],
    });
    const entries = stream.entries();
    await entries.next();
    few.exec("DELETE FROM memberships");
    const other = await gateway.client();
    const request = { baseObject: base, filter: parseFilter("(memberOf=*)"), attributes: ["1.1"] };
    await until("the group to be empty", async () => (await answerTo(other, request)).entries.length === 0);
    let late = 0;
    for await (const entry of entries) if (entry.texts("memberOf").length === 0) late++;
    expect(late).toBe(0);
  });
});
