/** Imports into a real slapd: what is done, what is refused, and what is said about it. */
import {
  createCertificateAuthority,
  ldapsearch,
  requirePrograms,
  runCommand,
  type Slapd,
  startSlapd,
  startSlapdMirror,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { type Served, type ServedOptions, serve } from "./served.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });

const baseDn = "dc=example,dc=com";
const people = `ou=people,${baseDn}`;
const baseLdif = [
  `dn: ${baseDn}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`,
  `dn: ${people}\nobjectClass: organizationalUnit\nou: people\n`,
].join("\n");

function user(uid: string, ...lines: readonly string[]): string {
  const usual = ["objectClass: inetOrgPerson", `uid: ${uid}`, `cn: ${uid}`, `sn: ${uid}`];
  return [`dn: uid=${uid},${people}`, ...usual, ...lines, ""].join("\n");
}

describe("an import", () => {
  let cleanup: AsyncDisposableStack;
  let slapd: Slapd;
  beforeAll(async () => {
    cleanup = new AsyncDisposableStack();
    slapd = cleanup.use(await startSlapd({ ldif: baseLdif, logsOperations: true }));
  });
  afterAll(() => cleanup.disposeAsync());
  beforeEach(async () => {
    const admin = ["-x", "-H", slapd.url, "-D", slapd.rootDn, "-w", slapd.rootPassword];
    await runCommand("ldapdelete", [...admin, "-r", people]);
    await runCommand("ldapadd", admin, { input: `dn: ${people}\nobjectClass: organizationalUnit\nou: people\n` });
  });

  async function served(options: Partial<ServedOptions> = {}): Promise<Served> {
    const as = { dn: slapd.rootDn, password: slapd.rootPassword };
    const made = await serve({ host: "127.0.0.1", port: slapd.port, as, base_dn: baseDn, ...options });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return made;
  }
  const admin = () => ["-D", slapd.rootDn, "-w", slapd.rootPassword];
  const names = async () => {
    const { entries } = await ldapsearch(slapd.url, { base: people, scope: "one", attributes: ["1.1"] });
    return entries.map(({ dn }) => dn.slice(4, dn.indexOf(","))).sort();
  };
  const entry = async (uid: string, ...attributes: string[]) => {
    const found = await ldapsearch(slapd.url, {
      base: `uid=${uid},${people}`,
      scope: "base",
      attributes,
      options: admin(),
    });
    return found.entries[0]?.attributes;
  };

  it("adds entries, and can be undone as one change set", async () => {
    const { imported, undo } = await served();
    const { status, body } = await imported(`version: 1\n\n${user("ann")}\n${user("bob")}`, { name: "people.ldif" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{
        cluster: "main",
        person: slapd.rootDn,
        title: "Import of people.ldif",
        state: "done",
        errors: [],
        errorCount: 0,
      },
      options: { format: "ldif", mode: "add", dryRun: false, continues: false },
      progress: { read: 2, applied: 2, unchanged: 0, failed: 0, inDoubt: 0 },
    });
    expect(body.progress.bytes).toBe(body.progress.totalBytes);
    expect(await names()).toEqual(["ann", "bob"]);
    await undo(body.changeSet);
    expect(await names()).toEqual([]);
  });

  it("does what change records say, in their order", async () => {
    const { imported } = await served();
    const ann = `uid=ann,${people}`;
    const { body } = await imported(
      [
        user("ann"),
        `dn: ${ann}\nchangetype: modify\nadd: mail\nmail: ann@example.com\n-\nreplace: sn\nsn: Example\n-\n`,
        `dn: ${ann}\nchangetype: modrdn\nnewrdn: uid=anne\ndeleteoldrdn: 1\n`,
        user("bob"),
        `dn: uid=bob,${people}\nchangetype: delete\n`,
      ].join("\n"),
      { continues: "true" },
    );
    expect(body).toMatchObject({ state: "done", progress: { read: 5, applied: 5 }, errors: [] });
    expect(await names()).toEqual(["anne"]);
    expect(await entry("anne", "mail", "sn")).toEqual({ mail: ["ann@example.com"], sn: ["Example"] });
  });

  it("stops at the first failure, and tries nothing behind it", async () => {
    const { imported } = await served();
    const { body } = await imported([user("ann"), user("bob", "uidNumber: 1"), user("eve")].join("\n"));
    expect(body).toMatchObject({
      ...{ state: "failed", message: "It stopped at line 7: nothing behind it was tried.", errorCount: 1 },
      progress: { read: 2, applied: 1, failed: 1 },
    });
    expect(body.errors).toEqual([
      {
        ...{ line: 7, dn: `uid=bob,${people}`, code: "refused_by_directory" },
        message:
          "The entry would break the schema: an attribute is missing, or not allowed by its object classes. (attribute 'uidNumber' not allowed)",
      },
    ]);
    expect(await names()).toEqual(["ann"]);
  });

  it.each<[string, string, object, Partial<ServedOptions>]>([
    ["the schema refuses", user("bad", "uidNumber: 1"), {}, {}],
    ["is there already", user("user3"), {}, {}],
    ["cannot be read", "dn: nothing\n", {}, {}],
    ["one may not write", user("bad"), {}, { may: (_, dn) => !dn?.startsWith("uid=bad,") }],
    ["cannot be brought to what the file says", user("bad", "uidNumber: 1"), { mode: "update" }, {}],
  ])("has done everything before, and nothing behind, the first one that %s", async (_, bad, query, options) => {
    const { imported, commits } = await served(options);
    const many = Array.from({ length: 200 }, (_, index) => user(`user${index}`));
    const before = await commits();
    const { body } = await imported(many.toSpliced(120, 0, bad).join("\n"), query as Record<string, string>);
    expect(body).toMatchObject({ state: "failed", errorCount: 1, progress: { read: 121, applied: 120, failed: 1 } });
    expect(body.errors[0].line).toBe(1 + many.slice(0, 120).join("\n").split("\n").length);
    expect((await names()).toSorted()).toEqual(Array.from({ length: 120 }, (_, index) => `user${index}`).toSorted());
    // Each is noted before it is sent and when it is answered, and some together.
    expect((await commits()) - before).toBeLessThan(120);
  });

  it("goes on behind failures where it is told to, and tells each with its line", async () => {
    const { imported } = await served();
    const { body } = await imported([user("ann"), "dn: nothing\n", "uid bob\n", user("ann"), user("eve")].join("\n"), {
      continues: "true",
    });
    expect(body).toMatchObject({ state: "done", errorCount: 3, progress: { read: 5, applied: 2, failed: 3 } });
    const errors = (body.errors as { line: number; code: string }[]).toSorted((one, other) => one.line - other.line);
    expect(errors.map(({ line, code }) => [line, code])).toEqual([
      [7, "invalid_request"],
      [9, "invalid_request"],
      [11, "already_exists"],
    ]);
    expect(await names()).toEqual(["ann", "eve"]);
  });

  it("brings entries that are there to what the file says, by the fewest changes", async () => {
    const { imported } = await served();
    await imported(
      [user("ann", "mail: a@example.com", "mail: b@example.com", "description: kept"), user("bob")].join("\n"),
    );
    const logged = slapd.process.log.length;
    const { body } = await imported(
      [user("ann", "mail: b@example.com", "mail: c@example.com"), user("bob"), user("eve")].join("\n"),
      { mode: "update" },
    );
    expect(body).toMatchObject({ state: "done", progress: { read: 3, applied: 2, unchanged: 1, failed: 0 } });
    expect((await entry("ann"))?.mail?.toSorted()).toEqual(["b@example.com", "c@example.com"]);
    expect((await entry("ann"))?.description).toEqual(["kept"]);
    const since = slapd.process.log.slice(logged);
    expect(since.match(/ MOD (?:dn|attr)=.*/g)).toEqual([` MOD dn="uid=ann,${people}"`, " MOD attr=mail mail"]);
  });

  it("replaces a password that is hashed otherwise, and never adds a second one", async () => {
    const { imported } = await served();
    await imported(user("ann", "userPassword: {SSHA}b25l"));
    await imported(user("ann", "userPassword: {SSHA}dHdv"), { mode: "update" });
    expect((await entry("ann", "userPassword"))?.userPassword).toEqual(["{SSHA}dHdv"]);
  });

  it("refuses values behind URLs: a file cannot have this machine read its own files, or ask other machines", async () => {
    const { imported } = await served();
    const { body } = await imported(
      [user("ann", "description:< file:///etc/passwd"), user("bob", "description:< http://127.0.0.1:1/")].join("\n"),
      { continues: "true" },
    );
    expect(body.progress).toMatchObject({ applied: 0, failed: 2 });
    expect(body.errors.map(({ line, message }: { line: number; message: string }) => [line, message])).toEqual([
      [6, "the value is a URL, and URLs are not followed here; write it in base64 behind ::."],
      [13, "the value is a URL, and URLs are not followed here; write it in base64 behind ::."],
    ]);
    expect(await names()).toEqual([]);
  });

  it("leaves out what only the server sets: an export with operational attributes can be imported", async () => {
    const { imported, exported } = await served();
    await imported(user("ann"));
    const ldif = await exported({ filter: "(uid=ann)", operational: "true" });
    await imported(`dn: uid=ann,${people}\nchangetype: delete\n`);
    expect((await imported(ldif)).body).toMatchObject({ state: "done", progress: { applied: 1 } });
    expect(await names()).toEqual(["ann"]);
  });

  it("that is a dry run finds what would fail, and writes nothing", async () => {
    const { imported } = await served();
    await imported(user("there"));
    const { body } = await imported(
      [
        user("ann"),
        user("ann"),
        user("there"),
        user("bob", "favouriteTea: green"),
        user("eve", "uidNumber: one"),
        `dn: uid=max,ou=nowhere,${baseDn}\nobjectClass: account\nuid: max\n`,
        `dn: ou=new,${people}\nobjectClass: organizationalUnit\nou: new\n`,
        `dn: uid=tom,ou=new,${people}\nobjectClass: account\nuid: tom\n`,
        `dn: uid=gone,${people}\nchangetype: delete\n`,
        `dn: uid=there,${people}\nchangetype: modify\nreplace: sn\nsn: There\n-\n`,
      ].join("\n"),
      { dryRun: "true" },
    );
    expect(body).toMatchObject({ state: "done", progress: { read: 10, applied: 4, failed: 6 } });
    expect(body.changeSet).toBeUndefined();
    const errors = (body.errors as { line: number; message: string }[]).toSorted((one, other) => one.line - other.line);
    expect(errors.map(({ line, message }) => [line, message])).toEqual([
      [7, "The entry is in the file already, on line 1."],
      [13, "There is an entry with this name already."],
      [19, "The directory does not know the attribute favouriteTea."],
      [26, "A value of uidNumber is not written as its syntax wants. The object classes do not allow uidNumber."],
      [33, "There is no entry above it, neither in the directory nor earlier in the file."],
      [45, "There is no such entry, or you may not see it."],
    ]);
    expect(await names()).toEqual(["there"]);
  });

  it("that is a dry run says the same as the import that follows it", async () => {
    const { imported } = await served();
    const file = [user("ann"), user("bob", "uidNumber: 1"), user("ann"), user("eve", "mail: ä@b")].join("\n");
    const lines = async (query: Record<string, string>) =>
      (await imported(file, query)).body.errors.map(({ line }: { line: number }) => line).sort();
    expect(await lines({ dryRun: "true" })).toEqual(await lines({ continues: "true" }));
  });

  it("takes CSV with columns of its own names, and sets passwords by the server", async () => {
    const { imported } = await served();
    const csv =
      "\ufeffLogin;Full name;Surname;E-Mail;Password;Notes\r\nann;Ann Example;Example;ann@example.com;s3cret-s3cret;x\r\nsmith, j.;J. Smith;Smith;;;\r\n";
    const mapping = {
      Login: "uid",
      "Full name": "cn",
      Surname: "sn",
      "E-Mail": "mail",
      Password: "userPassword",
      Notes: "",
    };
    const { body } = await imported(csv, {
      ...{
        type: "text/csv",
        mapping: JSON.stringify(mapping),
        objectClasses: "inetOrgPerson",
        parent: people,
        rdn: "uid",
      },
    });
    expect(body).toMatchObject({ state: "done", progress: { read: 2, applied: 2 }, errors: [] });
    const { userPassword, ...ann } = (await entry("ann")) ?? {};
    expect(ann).toEqual({
      ...{
        objectClass: ["inetOrgPerson"],
        uid: ["ann"],
        cn: ["Ann Example"],
        sn: ["Example"],
        mail: ["ann@example.com"],
      },
    });
    expect(userPassword?.[0]).toMatch(/^\{SSHA\}/);
    const bind = ["-x", "-H", slapd.url, "-D", `uid=ann,${people}`, "-w", "s3cret-s3cret"];
    expect((await runCommand("ldapwhoami", bind)).exitCode).toBe(0);
    expect(await names()).toEqual(["ann", "smith\\2C j."]);
  });

  it("fills in a creation form from the lines of a CSV file", async () => {
    const form = {
      base_ou: people,
      object_classes: ["inetOrgPerson", "posixAccount"],
      fields: [
        ...["uid", "cn", "sn"].map((name) => ({ name, required: true })),
        { name: "uidNumber", auto_generate: "next_uid" },
        { name: "gidNumber", default: 100 },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
        { name: "homeDirectory", auto_generate: "/home/${uid}" },
      ],
    };
    const { imported } = await served({ user_creation_form: form, first_number: 5_000 });
    const { body } = await imported("uid,cn,sn\nann,Ann,Example\nbob,Bob,\neve,Eve,Example\n", {
      ...{ type: "text/csv", form: "user", continues: "true" },
    });
    expect(body).toMatchObject({ state: "done", progress: { read: 3, applied: 2, failed: 1 } });
    expect(body.errors).toEqual([
      { line: 3, code: "invalid_request", message: "The form cannot be taken: values.sn: It is missing." },
    ]);
    const ids = await Promise.all(["ann", "eve"].map((uid) => entry(uid, "uidNumber", "gidNumber", "homeDirectory")));
    expect(ids).toEqual([
      { uidNumber: ["5000"], gidNumber: ["100"], homeDirectory: ["/home/ann"] },
      { uidNumber: ["5001"], gidNumber: ["100"], homeDirectory: ["/home/eve"] },
    ]);
  });

  it.each([
    [
      "a header that is no attribute",
      "Full name,uid\nAnn,ann\n",
      {},
      /^The column "Full name" is not the name of an attribute/,
    ],
    ["no way to name entries", "uid,cn\nann,Ann\n", {}, /^The file has no column dn/],
    ["a mapping of what is not there", "dn,cn\n", { mapping: '{"Name":"cn"}' }, /^The mapping names the column Name/],
    ["an attribute in two columns", "dn,cn,CN\n", {}, /^Two columns are CN/],
    ["nothing at all", "", {}, /^The file is empty/],
    ["bytes that are not text", Buffer.from("dn,cn\nx,\xe4\n", "latin1"), {}, /^Line 2 is not UTF-8/],
  ])("of CSV with %s is refused as a whole", async (_, csv, query, message) => {
    const { imported } = await served();
    const { body } = await imported(csv, { type: "text/csv", ...query } as Record<string, string>);
    expect(body).toMatchObject({ state: "failed", progress: { applied: 0 } });
    expect(body.message).toMatch(message);
  });

  it.each([
    ["a mapping that is not JSON", { mapping: "cn" }, "text/csv", 400, "invalid_request"],
    ["a parent that is no DN", { parent: "people" }, "text/csv", 400, "invalid_request"],
    ["another media type", {}, "text/plain", 415, "unsupported_media_type"],
  ])("with %s is refused before the file is read", async (_, query, type, status, code) => {
    const { imported } = await served();
    const answer = await imported("x", { type, ...query } as Record<string, string>);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it("asks for the rights on each entry", async () => {
    const { imported } = await served({ may: (action, dn) => action === "read" || (dn ?? "").startsWith("uid=ann,") });
    const { body } = await imported([user("ann"), user("bob")].join("\n"), { continues: "true" });
    expect(body.progress).toMatchObject({ applied: 1, failed: 1 });
    expect(body.errors).toMatchObject([{ line: 7, code: "not_allowed" }]);
    expect(await names()).toEqual(["ann"]);
  });

  it("into a cluster that is read-only is refused, and a dry run is not", async () => {
    const { imported } = await served({ readonly: true });
    expect(await imported(user("ann"))).toMatchObject({ status: 403, body: { code: "read_only" } });
    expect((await imported(user("ann"), { dryRun: "true" })).body).toMatchObject({
      state: "done",
      progress: { applied: 1 },
    });
  });

  it("whose node is killed is told as it was: what is in doubt, what was not tried, and nothing twice", async () => {
    const node = await startSlapd({ ldif: baseLdif, logsOperations: true });
    onTestFinished(() => node[Symbol.asyncDispose]());
    const { imported, finished, ask, cluster } = await served({ port: node.port });
    const file = Array.from({ length: 3_000 }, (_, index) => user(`user${index}`)).join("\n");
    const { body: begun } = await imported(file, { continues: "true" }, false);
    await until("some to be applied", async () => (await ask("GET", `/jobs/${begun.id}`)).body.progress.applied > 50);
    await node.process.kill();
    const { body } = await finished(begun.id);
    expect(body.state).toBe("failed");
    expect(body.message).toMatch(/^Line \d+: /);
    const { applied, failed, inDoubt } = body.progress;
    expect(inDoubt).toBeLessThanOrEqual(1);
    expect(body.errorCount).toBe(failed + inDoubt);
    const sent = [...node.process.log.matchAll(/ ADD dn="([^"]+)"/g)].map(([, dn]) => dn);
    expect(new Set(sent).size).toBe(sent.length);
    await node.restart();
    await until("the node to be taken for up", () => cluster.nodes()[0]?.state === "up", { timeoutMs: 60_000 });
    const { entries } = await ldapsearch(node.url, { base: people, scope: "one", attributes: ["1.1"] });
    expect(entries.length - applied).toBeGreaterThanOrEqual(0);
    expect(entries.length - applied).toBeLessThanOrEqual(inDoubt);
    // What is left is done by sending the file again.
    const again = await imported(file, { continues: "true", mode: "update" });
    expect(again.body).toMatchObject({
      ...{ state: "done", errorCount: 0, progress: { applied: 3_000 - entries.length, unchanged: entries.length } },
    });
  }, 240_000);

  it("into a cluster of several masters goes on at another one when its node is killed", async () => {
    const files = await temporaryDirectory("transfer");
    onTestFinished(() => files[Symbol.asyncDispose]());
    const authority = await createCertificateAuthority(files.path);
    const certificate = await authority.issue("server", ["127.0.0.1"]);
    const mirror = await startSlapdMirror({ ldif: baseLdif, certificate, nodes: 2, logsOperations: true });
    onTestFinished(() => mirror[Symbol.asyncDispose]());
    const [first, second] = mirror.nodes;
    if (first === undefined || second === undefined) throw new Error("there are two nodes");
    const as = { dn: first.rootDn, password: first.rootPassword };
    const nodes = [first, second].map(({ port }) => ({ host: "127.0.0.1", port }));
    const { imported, finished, ask } = await serve({ as, nodes, multi_master: true, base_dn: baseDn }).then((made) => {
      onTestFinished(() => made[Symbol.asyncDispose]());
      return made;
    });
    const file = Array.from({ length: 600 }, (_, index) => user(`user${index}`)).join("\n");
    const { body: begun } = await imported(file, { continues: "true" }, false);
    await until("some to be applied", async () => (await ask("GET", `/jobs/${begun.id}`)).body.progress.applied > 50);
    await first.process.kill();
    const { body } = await finished(begun.id);
    expect(body).toMatchObject({ state: "done", progress: { read: 600, failed: 0 } });
    const { applied, inDoubt } = body.progress;
    expect([inDoubt <= 1, applied + inDoubt]).toEqual([true, 600]);
    const logs = mirror.nodes.map(({ process }) => process.log).join("");
    await first.restart();
    await mirror.agreed(60_000);
    const { entries } = await ldapsearch(second.url, { base: people, scope: "one", attributes: ["1.1"] });
    expect([600, applied]).toContain(entries.length);
    const sent = [...logs.matchAll(/ ADD dn="(uid=[^"]+)"/g)].map(([, dn]) => dn);
    expect(sent.length).toBeGreaterThanOrEqual(applied);
    expect(new Set(sent).size).toBe(sent.length);
  }, 240_000);

  it("ends between two entries when it is cancelled", async () => {
    const { imported, ask, finished } = await served();
    const file = Array.from({ length: 5_000 }, (_, index) => user(`user${index}`)).join("\n");
    const { status, body: begun } = await imported(file, {}, false);
    expect([status, begun.state]).toEqual([202, expect.stringMatching(/^(queued|running)$/)]);
    await until("some to be applied", async () => (await ask("GET", `/jobs/${begun.id}`)).body.progress.applied > 5);
    await ask("DELETE", `/jobs/${begun.id}`);
    const { body } = await finished(begun.id);
    expect(body).toMatchObject({ state: "cancelled", message: `It was cancelled by ${slapd.rootDn}.`, errors: [] });
    expect((await names()).length).toBe(body.progress.applied);
  });

  it("is followed as server-sent events until its end", async () => {
    const { imported, url } = await served();
    const file = Array.from({ length: 100 }, (_, index) => user(`user${index}`)).join("\n");
    const { body } = await imported(file, {}, false);
    const response = await fetch(`${url}/jobs/${body.id}/stream`);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = (await response.text()).split("\n\n").filter((text) => text !== "");
    const last = events.at(-1) ?? "";
    expect(last).toMatch(/^event: end\ndata: /);
    expect(JSON.parse(last.replace(/^event: end\ndata: /, ""))).toMatchObject({
      id: body.id,
      state: "done",
      progress: { applied: 100 },
    });
    expect(events.slice(0, -1).every((event) => event.startsWith("event: progress\n"))).toBe(true);
  });

  it("is one at a time for each person, and nobody else's to see", async () => {
    const { imported, ask, url } = await served({ may: (action) => action !== "admin" });
    const file = Array.from({ length: 3_000 }, (_, index) => user(`user${index}`)).join("\n");
    const { body: first } = await imported(file, {}, false);
    expect(await imported(user("ann"), {}, false)).toMatchObject({ status: 429, body: { code: "too_many_requests" } });
    const headers = { "x-as": "cn=somebody,dc=example,dc=com secret" };
    for (const path of ["", "/stream"])
      expect((await fetch(`${url}/jobs/${first.id}${path}`, { headers })).status).toBe(404);
    expect((await fetch(`${url}/jobs/${first.id}`, { headers, method: "DELETE" })).status).toBe(404);
    expect(await (await fetch(`${url}/jobs`, { headers })).json()).toEqual({ jobs: [] });
    expect((await ask("GET", "/jobs")).body.jobs).toMatchObject([{ id: first.id }]);
    await ask("DELETE", `/jobs/${first.id}`);
  });

  it("keeps passwords of the file out of the log and of what is stored", async () => {
    const { imported, log, events } = await served();
    const { body } = await imported(`uid,cn,sn,userPassword\nann,Ann,Example,"gehe!m; gehe!m"\n`, {
      ...{ type: "text/csv", objectClasses: "inetOrgPerson", parent: people, rdn: "uid" },
    });
    expect(body.state).toBe("done");
    const stored = await events();
    expect(stored.map(({ subject }) => subject)).toContain(`uid=ann,${people}`);
    expect(JSON.stringify([log, body, stored])).not.toContain("gehe!m");
  });
});
