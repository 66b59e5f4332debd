import { requirePrograms, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { countKinds } from "../../src/reading/count.ts";
import { administrator, person } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "../reading/api.ts";
import { baseDn, groups, ldif, people, personDn, tree, uidOf } from "../reading/population.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });

describe("the servers of a cluster", () => {
  let silent: Slapd;
  let slapd: Slapd;
  let api: Api;
  const user = person(personDn(0), `pw-${uidOf(0)}`);

  beforeAll(async () => {
    const content = ldif(tree(...people(1_500), ...groups(5)));
    silent = await startSlapd({ ldif: content });
    slapd = await startSlapd({ ldif: content, monitor: true, sizeLimit: 1_200 });
    api = await startApi({
      cluster: clusterOf(silent, slapd),
      sessions: { admin: sessionOf(administrator(slapd)), user: sessionOf(user, { actions: ["read"] }) },
    });
  });
  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
    await silent?.[Symbol.asyncDispose]();
  });

  const monitor = async (node?: string, as = "admin") => {
    const { status, body } = await api.request("GET /clusters/main/monitor", {
      as,
      query: node === undefined ? {} : { node },
    });
    expect(status).toBe(200);
    return body.nodes;
  };

  it("show what they count, where cn=Monitor can be read", async () => {
    // The system before said that cn=Monitor was not enabled whenever it was.
    const [before] = await monitor("ldap2");
    expect(before).toMatchObject({ node: "ldap2", source: "openldap" });
    expect(before.problem).toBeUndefined();
    expect(JSON.stringify(before.figures)).not.toContain("unknown");
    const { figures } = before;
    expect(figures.connections).toEqual({
      current: expect.any(Number),
      total: expect.any(Number),
      most: expect.any(Number),
    });
    expect(Object.keys(figures.operations.byKind)).toEqual([
      ...["bind", "unbind", "search", "compare", "modify", "modifyDn", "add", "delete", "abandon", "extended"],
    ]);
    expect(figures.threads.most).toBeGreaterThan(1);
    expect(Math.abs(Date.parse(figures.startedAt) - Date.now())).toBeLessThan(600_000);
    expect(figures.uptimeSeconds).toBeLessThan(600);
    expect(Math.abs(Date.parse(before.at) - Date.now())).toBeLessThan(60_000);
  });

  it("count on", async () => {
    const [{ figures: before }] = await monitor("ldap2");
    await api.request("POST /clusters/main/search", { body: { attributes: ["uid"], limit: 500 } });
    const [{ figures: after }] = await monitor("ldap2");
    expect(after.sent.entries - before.sent.entries).toBeGreaterThanOrEqual(500);
    expect(after.operations.byKind.search.completed).toBeGreaterThan(before.operations.byKind.search.completed);
    expect(after.operations.all.initiated).toBeGreaterThan(before.operations.all.initiated);
    expect(after.sent.bytes).toBeGreaterThan(before.sent.bytes);
  });

  it("are unknown where it cannot be read, each by itself, with what to do", async () => {
    const [first, second] = await monitor();
    expect(first).toMatchObject({
      node: "ldap1",
      problem: expect.stringMatching(/^cn=Monitor is not there, or you may not read it\. On OpenLDAP, configure/),
    });
    expect(first.figures.waiters).toEqual({ read: "unknown", write: "unknown" });
    expect(second).toMatchObject({ node: "ldap2", source: "openldap" });
    const { status } = await api.request("GET /clusters/main/monitor", { query: { node: "ldap3" } });
    expect(status).toBe(404);
  });

  it("are asked how they are, and answer with what they are", async () => {
    const { body } = await api.request("GET /clusters/main/nodes");
    expect(body.nodes).toEqual(
      [silent, slapd].map(({ port }, index) => ({
        name: `ldap${index + 1}`,
        url: `ldap://127.0.0.1:${port}`,
        state: "up",
        isWriteNode: index === 0,
        checkedAt: expect.any(String),
        responseMs: expect.any(Number),
        facts: expect.objectContaining({ vendor: "openldap", namingContexts: [baseDn] }),
      })),
    );
  });

  it("have their entries counted by kind, exactly or as far as their size limit goes", async () => {
    const { cluster } = api.watched;
    const signal = new AbortController().signal;
    const count = async (identity = administrator(slapd)) =>
      (await cluster.read(identity, (connection) => countKinds(connection, baseDn, signal), { node: "ldap2" })).value;
    const exact = (count: number) => ({ count, isExact: true });
    expect(await count()).toEqual({
      ...{ total: exact(1 + 2 + 1_500 + 4), users: exact(1_500), groups: exact(4), ous: exact(2), other: exact(1) },
    });
    const limited = { count: 1_200, isExact: false };
    expect(await count(user)).toEqual({
      total: limited,
      users: limited,
      groups: exact(4),
      ous: exact(2),
      other: exact(1),
    });
  });

  it("are shown as down when they are, with the reason, and the others go on", async () => {
    await silent.process.kill();
    const nodes = await until("the loss to be seen", async () => {
      const { status, body } = await api.request("GET /clusters/main/nodes");
      expect(status).toBe(200);
      return body.nodes[0].state === "down" && body.nodes;
    });
    expect(nodes[0]).toMatchObject({ name: "ldap1", problem: expect.any(String), reason: expect.any(String) });
    expect(nodes[0].facts).toBeUndefined();
    expect(nodes[1]).toMatchObject({ name: "ldap2", state: "up", facts: { vendor: "openldap" } });
    const [first, second] = await monitor();
    expect(first).toMatchObject({
      node: "ldap1",
      problem: expect.stringMatching(/^No server of main can do this now/),
    });
    expect(second).toMatchObject({ node: "ldap2", source: "openldap" });
  });
});
