/** `espalier manager` with the file of the system that it takes the place of, against real directories, used as a script would. */

import { parseLdif } from "@espalier/ldap";
import {
  createCertificateAuthority,
  fillSqlite,
  type Manager,
  type ManagerClient,
  person,
  requirePrograms,
  runCommand,
  type ServerCertificate,
  ssha,
  startDirectory389,
  startGateway,
  startManager,
  startSlapdMirror,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";

const base = "dc=example,dc=com";
const [people, groups] = [`ou=people,${base}`, `ou=groups,${base}`];
const passwordOf = (uid: string) => `pass word of ${uid}`;
const names = ["ann", "bob", "cleo", "dan", "eve"];

function personLdif(uid: string, uidNumber: number): string {
  return [
    `dn: uid=${uid},${people}`,
    "objectClass: inetOrgPerson",
    "objectClass: posixAccount",
    `uid: ${uid}`,
    `cn: ${uid} example`,
    `cn;lang-de: ${uid} beispiel`,
    "sn: example",
    `mail: ${uid}@example.com`,
    `mail: ${uid}@example.org`,
    `uidNumber: ${uidNumber}`,
    "gidNumber: 100",
    `homeDirectory: /home/${uid}`,
    `userPassword: ${ssha(passwordOf(uid), uid)}`,
    "jpegPhoto:: /9j/4AAQSkZJRgABAQ==",
  ].join("\n");
}

const content = [
  `dn: ${base}\nobjectClass: top\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example`,
  ...["people", "groups", "moved"].map((ou) => `dn: ou=${ou},${base}\nobjectClass: organizationalUnit\nou: ${ou}`),
  ...names.map((uid, index) => personLdif(uid, 2_000 + index)),
  `dn: cn=staff,${groups}\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ann,${people}\nmember: uid=bob,${people}`,
  `dn: cn=project,${groups}\nobjectClass: groupOfUniqueNames\ncn: project\nuniqueMember: uid=bob,${people}`,
  "",
].join("\n\n");

/** As the document of the system before has it: nothing of TLS, roles or time-outs. */
const oldKeys = {
  description: "Directory of the company",
  base_dn: base,
  readonly: false,
  user_creation_form: {
    base_ou: people,
    object_classes: ["inetOrgPerson", "posixAccount"],
    fields: [
      { name: "uid", label: "User name", type: "text", required: true, placeholder: "jdoe" },
      { name: "cn", label: "Full name", type: "text", required: true },
      { name: "sn", label: "Surname", type: "text", required: true },
      { name: "mail", label: "Mail", type: "email" },
      { name: "userPassword", label: "Password", type: "password", required: true },
      { name: "uidNumber", label: "UID", type: "number", auto_generate: "next_uid", readonly: true },
      { name: "gidNumber", label: "Group", type: "select", default: "100", options: ["100", "200"] },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file has it
      { name: "homeDirectory", label: "Home", type: "text", auto_generate: "/home/${uid}" },
    ],
  },
  table_columns: { users: [{ name: "uid", label: "User name", default_visible: true }], groups: [], ous: [] },
  password_policy: { min_length: 8, require_confirmation: true },
};

interface Directory extends AsyncDisposable {
  readonly nodes: readonly { readonly port: number }[];
  readonly rootDn: string;
  readonly rootPassword: string;
  /** Resolves when every node has what the others have. */
  agreed(): Promise<void>;
  /** Ends the node that reads go to, where there are others. */
  loseOne?(): Promise<void>;
}

const directories: readonly {
  readonly name: string;
  readonly programs: Record<string, string>;
  start(certificate: ServerCertificate): Promise<Directory>;
}[] = [
  {
    name: "three OpenLDAP servers",
    programs: { slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" },
    async start(certificate) {
      const mirror = await startSlapdMirror({ ldif: content, certificate });
      const [{ rootDn, rootPassword }] = mirror.nodes as [(typeof mirror.nodes)[number]];
      return {
        ...{ nodes: mirror.nodes, rootDn, rootPassword },
        agreed: () => mirror.agreed(),
        async loseOne() {
          await mirror.nodes.at(-1)?.process.terminate();
        },
        [Symbol.asyncDispose]: () => mirror[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "389 Directory Server",
    programs: { "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils", openssl: "openssl" },
    async start(certificate) {
      const server = await startDirectory389({ ldif: content, certificate });
      const { port, rootDn, rootPassword } = server;
      return {
        ...{ nodes: [{ port }], rootDn, rootPassword },
        agreed: async () => undefined,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
];

type Json = Record<string, unknown>;
interface Entry {
  readonly dn: string;
  readonly attributes: Record<string, unknown[]>;
  readonly version?: string;
}

for (const { name, programs, start } of directories) {
  const describe = requirePrograms({ ...programs, curl: "curl" });
  describe(name, () => {
    const resources = new AsyncDisposableStack();
    let directory: Directory;
    let manager: Manager;
    let admin: ManagerClient;
    const at = "/api/v1/clusters/production";

    beforeAll(async () => {
      const files = resources.use(await temporaryDirectory("manager-certificate"));
      const authority = await createCertificateAuthority(files.path);
      directory = resources.use(await start(await authority.issue("ldap", ["localhost", "127.0.0.1"])));
      const nodes = directory.nodes.map(({ port }, index) => ({ host: "127.0.0.1", port, name: `node${index + 1}` }));
      const clusters = [{ name: "production", ...oldKeys, bind_dn: directory.rootDn, nodes }];
      manager = resources.use(await startManager({ configuration: { clusters } }));
      admin = await manager.signIn("production", directory.rootDn, directory.rootPassword);
    });
    afterAll(() => resources.disposeAsync());

    const read = async (dn: string, client = admin) => {
      const { entry } = await client.get<{ entry: Entry }>(`GET ${at}/entry?dn=${encodeURIComponent(dn)}`);
      return entry;
    };
    const history = (dn: string) =>
      admin.get<{ changes: { id: string; title: string; actor: string }[] }>(
        `GET ${at}/changes?dn=${encodeURIComponent(dn)}`,
      );
    const undo = (id: unknown) => admin.get(`POST /api/v1/changes/${String(id)}/undo`, { body: {} });

    it("health is what the document says, for anybody", async () => {
      const { status, body } = await manager.stranger.ask("GET /health");
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          status: "healthy",
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
          context_path: "",
          checks: {
            config: { status: "ok", clusters_count: 1 },
            connection_pool: { status: "ok", pool_size: expect.any(Number) },
            ldap: { status: "ok", cluster: "production" },
            store: { status: "ok" },
          },
        },
      });
    });

    it("nobody gets in without a password, and everybody with their own, by curl too", async () => {
      expect((await manager.stranger.ask(`GET ${at}`)).status).toBe(401);
      const wrong = await manager.stranger.ask<Json>("POST /api/v1/session", {
        body: { cluster: "production", name: "ann", password: "wrong" },
      });
      expect({ status: wrong.status, code: wrong.body.code }).toEqual({ status: 401, code: "wrong_credentials" });
      for (const as of [`uid=ann,${people}`, "ann", "ann@example.org"]) {
        const client = await manager.signIn("production", as, passwordOf("ann"));
        const me = await client.get<Json>("GET /api/v1/session");
        expect(me.name).toBe(`uid=ann,${people}`);
      }
      await using files = await temporaryDirectory("curl");
      const curl = (...parameters: string[]) =>
        runCommand("curl", ["-sS", "-c", "jar", "-b", "jar", ...parameters], { workingDirectory: files.path });
      const body = JSON.stringify({ cluster: "production", name: "ann", password: passwordOf("ann") });
      await curl("-H", "Content-Type: application/json", "-d", body, `${manager.url}/api/v1/session`);
      const { stdout } = await curl("-G", "--data-urlencode", `dn=uid=bob,${people}`, `${manager.url}${at}/entry`);
      expect(JSON.parse(stdout).entry.attributes.uid).toEqual(["bob"]);
    });

    it("the tree and searches show what is there, and no hashes", async () => {
      const top = await admin.get<{ children: { dn: string }[] }>(`GET ${at}/children`);
      expect(top.children.map(({ dn }) => dn)).toEqual([base]);
      const below = await admin.get<{ children: { rdn: string }[] }>(
        `GET ${at}/children?dn=${encodeURIComponent(people)}`,
      );
      expect(below.children.map(({ rdn }) => rdn).sort()).toEqual(names.map((uid) => `uid=${uid}`));
      const query = { base: people, filter: "(uid=*)", attributes: ["uid", "userPassword"] };
      const found = await admin.get<{ entries: Entry[]; node: string; complete: boolean }>(`POST ${at}/search`, {
        body: { ...query, limit: 2 },
      });
      expect(found).toMatchObject({ complete: true, node: expect.stringMatching(/^node\d$/) });
      expect(found.entries[0]?.attributes.userPassword).toEqual([{ hidden: true, scheme: expect.stringMatching(/./) }]);
      const stream = await admin.get<string>(`POST ${at}/search`, {
        body: query,
        headers: { accept: "application/x-ndjson" },
      });
      const lines = stream.trim().split("\n");
      expect(lines).toHaveLength(names.length + 1);
      expect(JSON.parse(lines.at(-1)!)).toMatchObject({ end: { count: names.length, complete: true } });
    });

    it("a person made by the old form can sign in, has a number that nobody had, and is gone after an undo", async () => {
      const values = { uid: "fred", cn: "Fred Example", sn: "Example", userPassword: "pass word of fred" };
      const done = await admin.get<Json>(`POST ${at}/entries/from-form`, { body: { form: "user", values } });
      expect(done).toMatchObject({ outcome: "applied", dn: `uid=fred,${people}` });
      const entry = await read(`uid=fred,${people}`);
      expect(entry.attributes).toMatchObject({
        uidNumber: [String(2_000 + names.length)],
        homeDirectory: ["/home/fred"],
        userPassword: [{ hidden: true, scheme: expect.stringMatching(/./) }],
      });
      await directory.agreed();
      const fred = await manager.signIn("production", "fred", "pass word of fred");
      expect((await fred.get<Json>("GET /api/v1/session")).name).toBe(`uid=fred,${people}`);
      await undo(done.id);
      expect((await admin.ask(`GET ${at}/entry?dn=${encodeURIComponent(`uid=fred,${people}`)}`)).status).toBe(404);
      const again = await admin.get<Json>(`POST ${at}/entries/from-form`, {
        body: { form: "user", values: { ...values, uid: "gil" } },
      });
      expect((await read(String(again.dn))).attributes.uidNumber).toEqual([String(2_001 + names.length)]);
      await admin.get(`DELETE ${at}/entry?dn=${encodeURIComponent(String(again.dn))}`);
    });

    it("a form that is saved as it was sends nothing, an edit sends itself alone, and two editors lose nothing", async () => {
      const dn = `uid=cleo,${people}`;
      const before = await read(dn);
      const save = (body: object, client = admin) => client.ask<Json>(`PATCH ${at}/entry`, { body: { dn, ...body } });
      const form = { version: before.version, read: before.attributes };
      expect((await save({ ...form, wanted: before.attributes })).body).toEqual({ status: "unchanged" });

      const edited = await save({ ...form, wanted: { ...before.attributes, sn: ["Changed"] } });
      expect(edited.body).toMatchObject({ status: "applied", ldif: expect.stringContaining("add: sn\nsn: Changed") });
      expect(String(edited.body.ldif)).not.toMatch(/mail|cn|jpegPhoto|userPassword/);

      const late = await save({ ...form, wanted: { ...before.attributes, mail: ["new@example.com"] } });
      expect({ status: late.status, code: late.body.code }).toEqual({ status: 409, code: "conflict" });
      const merged = await save({ ...form, wanted: { ...before.attributes, mail: ["new@example.com"] }, merge: true });
      expect(merged.body).toMatchObject({ status: "applied", merged: true });
      const after = await read(dn);
      expect(after.attributes).toEqual({ ...before.attributes, sn: ["Changed"], mail: ["new@example.com"] });
      await undo(merged.body.changeSet);
      await undo(edited.body.changeSet);
      expect((await read(dn)).attributes).toEqual(before.attributes);
    });

    it("whoever may not change anything does not", async () => {
      const ann = await manager.signIn("production", "ann", passwordOf("ann"));
      const entry = await read(`uid=bob,${people}`, ann);
      const wanted = { ...entry.attributes, sn: ["Taken over"] };
      const refused = await ann.ask<Json>(`PATCH ${at}/entry`, {
        body: { dn: entry.dn, read: entry.attributes, wanted },
      });
      expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 403, code: "not_allowed" });
    });

    it("a rename takes the groups with it, a move keeps the entry's identity, and both are undone", async () => {
      const before = await read(`uid=bob,${people}`);
      const renamed = await admin.get<Json>(`POST ${at}/entries/rename`, {
        body: { dn: before.dn, newRdn: "uid=robert" },
      });
      expect(renamed).toMatchObject({ outcome: "applied", dn: `uid=robert,${people}` });
      expect((await read(`cn=staff,${groups}`)).attributes.member).toContain(`uid=robert,${people}`);
      expect((await read(`cn=project,${groups}`)).attributes.uniqueMember).toEqual([`uid=robert,${people}`]);
      const moved = await admin.get<Json>(`POST ${at}/entries/move`, {
        body: { dn: `uid=robert,${people}`, newParent: `ou=moved,${base}` },
      });
      expect(moved).toMatchObject({ outcome: "applied", dn: `uid=robert,ou=moved,${base}` });
      expect((await read(`cn=staff,${groups}`)).attributes.member).toContain(`uid=robert,ou=moved,${base}`);
      await undo(moved.id);
      await undo(renamed.id);
      const after = await read(before.dn);
      expect(after.attributes).toEqual(before.attributes);
      expect((await read(`cn=staff,${groups}`)).attributes.member).toContain(before.dn);
    });

    it("groups of both kinds take members and give them back", async () => {
      const dan = `uid=dan,${people}`;
      const edit = { dn: dan, add: [`cn=staff,${groups}`, `cn=project,${groups}`] };
      expect(await admin.get(`PUT ${at}/entry/groups`, { body: edit })).toMatchObject({ outcome: "applied" });
      const of = await admin.get<{ groups: { cn: string; by: string[] }[] }>(
        `GET ${at}/groups-of?dn=${encodeURIComponent(dan)}`,
      );
      expect(of.groups.map(({ cn, by }) => [cn, by])).toEqual([
        ["project", ["uniqueMember"]],
        ["staff", ["member"]],
      ]);
      await admin.get(`PUT ${at}/groups/members`, { body: { dn: `cn=staff,${groups}`, remove: [dan] } });
      const { members } = await admin.get<{ members: { uid: string }[] }>(
        `GET ${at}/members?dn=${encodeURIComponent(`cn=staff,${groups}`)}`,
      );
      expect(members.map(({ uid }) => uid).sort()).toEqual(["ann", "bob"]);
      await admin.get(`PUT ${at}/groups/members`, { body: { dn: `cn=project,${groups}`, remove: ["dan"] } });
    });

    it("a password that is set works, one's own is changed with the old one, and the directory has hashes", async () => {
      const eve = `uid=eve,${people}`;
      const set = await admin.get<Json>(`POST ${at}/password`, {
        body: { dn: eve, newPassword: "new P<ss&w0rd 5 < 6" },
      });
      expect(set.changeSet).toBeDefined();
      await directory.agreed();
      const client = await manager.signIn("production", "eve", "new P<ss&w0rd 5 < 6");
      const own = { oldPassword: "new P<ss&w0rd 5 < 6", newPassword: "her own pass word" };
      await client.get(`POST ${at}/password/own`, { body: own });
      expect((await read(eve, client)).dn).toBe(eve);
      await directory.agreed();
      await manager.signIn("production", "eve", "her own pass word");
      const { attributes } = await read(eve);
      expect(attributes.userPassword).toEqual([{ hidden: true, scheme: expect.stringMatching(/./) }]);
      expect(manager.process.log).not.toMatch(/P<ss&w0rd|her own pass word|pass word of/);
    });

    it("what is deleted is gone from its groups, and an undo brings both back", async () => {
      const dn = `uid=ann,${people}`;
      const before = await read(dn);
      const deleted = await admin.get<Json>(`DELETE ${at}/entry?dn=${encodeURIComponent(dn)}`);
      expect((await admin.ask(`GET ${at}/entry?dn=${encodeURIComponent(dn)}`)).status).toBe(404);
      expect((await read(`cn=staff,${groups}`)).attributes.member).toEqual([`uid=bob,${people}`]);
      await undo(deleted.id);
      expect((await read(dn)).attributes).toEqual(before.attributes);
      expect((await read(`cn=staff,${groups}`)).attributes.member).toEqual(
        expect.arrayContaining([dn, `uid=bob,${people}`]),
      );
      await directory.agreed();
      await manager.signIn("production", dn, passwordOf("ann"));
      expect((await history(dn)).changes.slice(0, 2).map(({ actor }) => actor)).toEqual([
        directory.rootDn,
        directory.rootDn,
      ]);
    });

    it("10,000 entries go in as LDIF and come out as they were", { timeout: 300_000 }, async () => {
      const container = `ou=import,${base}`;
      const entries = Array.from({ length: 10_000 }, (_, n) =>
        [
          `dn: uid=u${n},${container}`,
          // With all that are above it, which some servers add themselves.
          ...["top", "person", "organizationalPerson", "inetOrgPerson"].map((name) => `objectClass: ${name}`),
          `uid: u${n}`,
          `cn: Person ${n}`,
          ...(n % 7 === 0 ? [`cn;lang-de:: ${Buffer.from(`Müller ${n}`).toString("base64")}`] : []),
          "sn: Person",
          `mail: u${n}@example.com`,
        ].join("\n"),
      );
      const ldif = [
        `dn: ${container}\nobjectClass: top\nobjectClass: organizationalUnit\nou: import`,
        ...entries,
        "",
      ].join("\n\n");
      const job = await admin.get<Json>(`POST ${at}/import?continues=true&name=people.ldif`, {
        body: ldif,
        type: "text/ldif",
      });
      const ended = await until(
        "the import",
        async () => {
          const now = await admin.get<Json>(`GET /api/v1/jobs/${String(job.id)}`);
          return !["queued", "running"].includes(String(now.state)) && now;
        },
        { timeoutMs: 280_000, intervalMs: 500 },
      );
      expect(ended).toMatchObject({ progress: { applied: 10_001, failed: 0 }, errorCount: 0 });
      const exported = await admin.get<string>(`GET ${at}/export?base=${encodeURIComponent(container)}&format=ldif`);
      expect(entriesOf(exported)).toEqual(entriesOf(ldif));
      await directory.agreed();
    });

    it("reads go on while a node is lost", async () => {
      if (directory.loseOne === undefined) return;
      let failures = 0;
      let isOver = false;
      const reading = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (!isOver) {
            const { status } = await admin.ask(`GET ${at}/entry?dn=${encodeURIComponent(people)}`);
            if (status !== 200) failures += 1;
          }
        }),
      );
      await directory.loseOne();
      await until("the loss to be seen", async () => {
        const { nodes } = await admin.get<{ nodes: { state: string }[] }>(`GET ${at}`);
        return nodes.some(({ state }) => state === "down");
      });
      isOver = true;
      await reading;
      expect(failures).toBe(0);
      const health = await manager.stranger.ask<{ status: string; checks: { ldap: unknown } }>("GET /health");
      expect({ status: health.status, is: health.body.status, ldap: health.body.checks.ldap }).toEqual({
        status: 200,
        is: "degraded",
        ldap: { status: "degraded", cluster: "production" },
      });
    });
  });
}

requirePrograms({})("Espalier's own gateway, which takes no writes", () => {
  const resources = new AsyncDisposableStack();
  let client: ManagerClient;
  const at = "/api/v1/clusters/gateway";

  beforeAll(async () => {
    const files = resources.use(await temporaryDirectory("manager-gateway"));
    const users = Array.from({ length: 30 }, (_, n) => person(`user${n}`, 1_000 + n, { fullName: `User ${n}` }));
    const group = { name: "everybody", gidNumber: 50, members: users.map(({ username }) => username) };
    const environment = fillSqlite(files.file("directory.sqlite"), { users, groups: [group] });
    const gateway = resources.use(await startGateway({ environment }));
    const cluster = { name: "gateway", host: "127.0.0.1", port: gateway.port, base_dn: base };
    const all = [{ role: "editor", users: ["*"] }];
    const manager = resources.use(await startManager({ configuration: { clusters: [{ ...cluster, roles: all }] } }));
    client = await manager.signIn("gateway", "user7", "pw-user7");
  });
  afterAll(() => resources.disposeAsync());

  it("is browsed, searched and exported, also page by page", async () => {
    const query = { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 20 };
    interface Page {
      readonly entries: Entry[];
      readonly cursor?: string;
      readonly complete: boolean;
    }
    const first = await client.get<Page>(`POST ${at}/search`, { body: query });
    const second = await client.get<Page>(`POST ${at}/search`, { body: { ...query, cursor: first.cursor } });
    expect([first.entries.length, second.entries.length, second.cursor]).toEqual([20, 10, undefined]);
    const { members, total } = await client.get<{ members: unknown[]; total: number }>(
      `GET ${at}/members?dn=${encodeURIComponent(`cn=everybody,${base}`)}&attribute=member&limit=5`,
    );
    expect({ members: members.length, total }).toEqual({ members: 5, total: 30 });
    const exported = await client.get<string>(`GET ${at}/export?filter=${encodeURIComponent("(uid=user7)")}`);
    expect([...entriesOf(exported).keys()]).toEqual([`uid=user7,${base}`]);
  });

  it("says that it takes no writes, and nothing is changed", async () => {
    const dn = `uid=user8,${base}`;
    const { entry } = await client.get<{ entry: Entry }>(`GET ${at}/entry?dn=${encodeURIComponent(dn)}`);
    const refused = await client.ask<Json>(`PATCH ${at}/entry`, {
      body: { dn, read: entry.attributes, wanted: { ...entry.attributes, description: ["new"] } },
    });
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 422, code: "refused_by_directory" });
    const after = await client.get<{ entry: Entry }>(`GET ${at}/entry?dn=${encodeURIComponent(dn)}`);
    expect(after.entry.attributes).toEqual(entry.attributes);
  });
});

/** Values by attribute and entry, in whatever order they came. */
function entriesOf(ldif: string): Map<string, string[]> {
  return new Map(
    [...parseLdif(ldif)].map(({ record }) => {
      if (record.type !== "content") throw new Error(`an entry was expected, and there is a ${record.type}`);
      const values = record.attributes.flatMap(({ type, values }) =>
        values.map((value) => `${type.toLowerCase()}=${Buffer.from(value).toString("base64")}`),
      );
      return [record.dn.toLowerCase(), values.sort()];
    }),
  );
}
