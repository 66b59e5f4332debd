import {
  fillSqlite,
  requirePrograms,
  runCommand,
  startDirectory389,
  startGateway,
  temporaryDirectory,
  uniformPopulation,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administrator, anybody } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { baseDn, groups, groupsDn, ldif, people, peopleDn, personDn, tree, uidOf } from "./population.ts";

const search = "POST /clusters/main/search";

/** Every entry of a search, page by page. */
async function allOf(api: Api, body: object): Promise<{ readonly dn: string }[]> {
  const entries: { readonly dn: string }[] = [];
  let cursor: string | undefined;
  do {
    const answer = await api.request(search, { body: { ...body, cursor } });
    expect(answer.body).toMatchObject({ complete: true, node: "ldap1" });
    entries.push(...answer.body.entries);
    cursor = answer.body.cursor;
  } while (cursor !== undefined);
  return entries;
}

async function endOf(api: Api, body: object): Promise<object> {
  const answer = await api.request(search, { body, headers: { accept: "application/x-ndjson" } });
  return JSON.parse(answer.body.trimEnd().split("\n").at(-1));
}

const with389 = requirePrograms({ "/usr/sbin/ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

with389("389 Directory Server", () => {
  let server: Awaited<ReturnType<typeof startDirectory389>>;
  let api: Api;
  const count = 1_200;

  beforeAll(async () => {
    // It allows a posixGroup no groupOfNames beside it: one of each kind is enough.
    const plain = groups(count).filter(({ dn }) => !/^cn=(posix|primary)/.test(dn));
    const posix = {
      dn: `cn=posix,${groupsDn}`,
      attributes: [
        ["objectClass", ["posixGroup"]],
        ["cn", ["posix"]],
        ["gidNumber", ["600"]],
        ["memberUid", [uidOf(1)]],
      ],
    } as const;
    server = await startDirectory389({ ldif: ldif(tree(...people(count), ...plain, posix)) });
    api = await startApi({ cluster: clusterOf(server), sessions: { admin: sessionOf(administrator(server)) } });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it("is searched page by page and as a stream", async () => {
    const body = { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 500 };
    expect((await allOf(api, body)).map(({ dn }) => dn).sort()).toEqual(
      Array.from({ length: count }, (_, i) => personDn(i)),
    );
    expect(await endOf(api, body)).toEqual({ end: { count, node: "ldap1", complete: true } });
  });

  it("sorts", async () => {
    const sort = [{ attribute: "uid", descending: true }];
    const { status, body } = await api.request(search, {
      body: { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 2, sort },
    });
    expect([status, body.entries.map(({ dn }: { dn: string }) => dn)]).toEqual([
      200,
      [personDn(count - 1), personDn(count - 2)],
    ]);
    const next = await api.request(search, {
      body: { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 1, sort, cursor: body.cursor },
    });
    expect(next.body.entries[0].dn).toBe(personDn(count - 3));
  });

  it("gives an entry with its version, hides its password, and does not show what it calls otherwise", async () => {
    const { body } = await api.request("GET /clusters/main/entry", { query: { dn: personDn(1) } });
    expect(body.entry.attributes).toMatchObject({ uid: [uidOf(1)] });
    expect(body.entry.version).toBe(
      body.entry.operational.modifyTimestamp?.[0] ?? body.entry.operational.modifytimestamp[0],
    );
    const hashes = await api.request("GET /clusters/main/entry", {
      query: { dn: personDn(1), attributes: "userpassword,2.5.4.35" },
    });
    expect(JSON.stringify(hashes.body)).not.toMatch(/pw-|\{[A-Z0-9-]+\}[^"]/);
    for (const [value] of Object.values(hashes.body.entry.attributes) as object[][])
      expect(value).toMatchObject({ hidden: true });
  });

  it("lists members and groups of every kind", async () => {
    const { body } = await api.request("GET /clusters/main/members", {
      query: { dn: `cn=everybody,${groupsDn}`, limit: 3 },
    });
    expect(body).toMatchObject({ total: count, complete: true, members: [{ state: "found", uid: uidOf(0) }, {}, {}] });
    const found = await api.request("GET /clusters/main/groups-of", { query: { dn: personDn(1) } });
    expect(found.body.groups.map(({ cn, by }: { cn: string; by: string[] }) => [cn, by])).toEqual([
      ["everybody", ["member"]],
      ["posix", ["memberUid"]],
    ]);
  });

  it("sees a change of a group at once, though its time stamps are of a second", async () => {
    const total = async () =>
      (await api.request("GET /clusters/main/members", { query: { dn: `cn=posix,${groupsDn}` } })).body.total;
    const change = ["-x", "-H", server.url, "-D", server.rootDn, "-w", server.rootPassword];
    for (const index of [2, 3, 4]) {
      const before = await total();
      const input = `dn: cn=posix,${groupsDn}\nchangetype: modify\nadd: memberUid\nmemberUid: ${uidOf(index)}\n`;
      expect((await runCommand("ldapmodify", change, { input })).exitCode).toBe(0);
      expect(await total()).toBe(before + 1);
    }
  });

  it("shows its tree, its schema and its figures", async () => {
    const children = await api.request("GET /clusters/main/children", { query: { dn: baseDn } });
    expect(
      children.body.children.map(({ dn, hasChildren, childCount }: Record<string, unknown>) => [
        dn,
        hasChildren,
        childCount,
      ]),
    ).toEqual([
      [peopleDn, "yes", count],
      [groupsDn, "yes", 3],
    ]);
    const schema = await api.request("GET /clusters/main/schema");
    expect(schema.body.attributeTypes.length).toBeGreaterThan(500);
    const monitor = await api.request("GET /clusters/main/monitor");
    const [node] = monitor.body.nodes;
    expect(node).toMatchObject({ node: "ldap1", source: "389ds" });
    expect(node.problem).toBeUndefined();
    const { figures } = node;
    expect(figures.operations.byKind.search.initiated).toBeGreaterThan(0);
    expect(figures.operations.byKind.search.completed).toBe("unknown");
    expect(figures.operations.byKind.abandon).toEqual({ initiated: "unknown", completed: "unknown" });
    for (const figure of [figures.connections.current, figures.operations.all.completed, figures.sent.bytes]) {
      expect(figure).toBeGreaterThan(0);
    }
    expect(Math.abs(Date.parse(figures.startedAt) - Date.now())).toBeLessThan(600_000);
  });
});

describe("Espalier's own gateway", () => {
  it("is read as every other server is", async () => {
    await using directory = await temporaryDirectory("gateway-reading");
    const population = uniformPopulation({ users: 300, groups: 3, groupsPerUser: 1 });
    await using gateway = await startGateway({ environment: fillSqlite(directory.file("people.db"), population) });
    await using api = await startApi({ cluster: clusterOf(gateway), sessions: { admin: sessionOf(anybody) } });

    const body = { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 120 };
    const entries = await allOf(api, body);
    expect(new Set(entries.map(({ dn }) => dn)).size).toBe(300);
    expect(await endOf(api, body)).toEqual({ end: { count: 300, node: "ldap1", complete: true } });

    const { body: overview } = await api.request("GET /clusters/main");
    expect(overview.facts).toMatchObject({ vendor: "espalier", namingContexts: [baseDn] });
    const [first] = entries;
    const { body: groupsOf } = await api.request("GET /clusters/main/groups-of", { query: { dn: first?.dn ?? "" } });
    const [group] = groupsOf.groups;
    expect(group.by).toEqual(expect.arrayContaining(["member", "memberUid"]));
    const { body: members } = await api.request("GET /clusters/main/members", {
      query: { dn: group.dn, attribute: "memberUid" },
    });
    expect(members.total).toBe(members.counts.memberUid);
    expect(members.members.every(({ state }: { state: string }) => state === "found")).toBe(true);

    const { body: entry } = await api.request("GET /clusters/main/entry", { query: { dn: first?.dn ?? "" } });
    expect(entry.entry).toMatchObject({ dn: first?.dn, version: expect.any(String) });
    const { body: top } = await api.request("GET /clusters/main/children");
    expect(top.children).toMatchObject([{ dn: baseDn, hasChildren: "yes" }]);
    const { body: schema } = await api.request("GET /clusters/main/schema");
    expect(schema.problems).toEqual([]);
    const { status, body: monitor } = await api.request("GET /clusters/main/monitor");
    expect([status, monitor.nodes[0].problem]).toEqual([200, expect.stringMatching(/^cn=Monitor is not there/)]);
  });
});
