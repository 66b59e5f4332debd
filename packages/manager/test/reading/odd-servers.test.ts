import { attribute } from "@espalier/ldap";
import { describe, expect, it } from "vitest";
import { anybody } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { type OddEntry, type OddOptions, startOddServer } from "./odd-server.ts";

const baseDn = "dc=example,dc=com";
const base: OddEntry = {
  dn: baseDn,
  attributes: [attribute("objectClass", "domain"), attribute("dc", "example")],
};
const person = (index: number, ...more: OddEntry["attributes"]): OddEntry => ({
  dn: `cn=person ${index},${baseDn}`,
  attributes: [attribute("objectClass", "person"), attribute("cn", `person ${index}`), attribute("sn", "P"), ...more],
});
const persons = Array.from({ length: 30 }, (_, index) => person(index));

async function withServer(entries: readonly OddEntry[], options: OddOptions, run: (api: Api) => Promise<void>) {
  await using server = await startOddServer(entries, options);
  const sessions = { admin: sessionOf(anybody) };
  await using api = await startApi({ cluster: clusterOf(server), sessions });
  await run(api);
}

const search = "POST /clusters/main/search";
const query = { filter: "(objectClass=person)", attributes: ["cn"] };

describe("a server that cannot page", () => {
  it("gives one page, which says that it is not all", () =>
    withServer([base, ...persons], {}, async (api) => {
      const { status, body } = await api.request(search, { body: { ...query, limit: 10 } });
      expect(status).toBe(200);
      expect(body.entries).toHaveLength(10);
      const { entries, ...state } = body;
      expect(state).toEqual({
        ...{ node: "ldap1", complete: false, sizeLimited: true },
        problem: "This server cannot page, so these are the first 10 that it gave: narrow the search, or stream it.",
      });
      expect((await api.request(search, { body: { ...query, limit: 30 } })).body).toMatchObject({ complete: true });
    }));

  it("is streamed whole, and counted", () =>
    withServer([base, ...persons], {}, async (api) => {
      const { body } = await api.request(search, { body: query, headers: { accept: "application/x-ndjson" } });
      const lines = body.trimEnd().split("\n");
      expect(JSON.parse(lines.at(-1))).toEqual({ end: { count: 30, node: "ldap1", complete: true } });
      expect(lines).toHaveLength(31);
      const counted = await api.request("GET /clusters/main/count", { query: { filter: query.filter, atMost: 20 } });
      expect(counted.body).toEqual({ count: 20, isExact: false, node: "ldap1", complete: true });
    }));

  it("does not know who has children: that is unknown, and not no", () =>
    withServer([base, ...persons], {}, async (api) => {
      const { body } = await api.request("GET /clusters/main/children", {});
      expect(body.children).toEqual([
        { dn: baseDn, rdn: "dc=example", objectClasses: ["domain"], hasChildren: "unknown" },
      ]);
    }));

  it("finds the nearest entry above one that is not there, though the server does not say it", () =>
    withServer([base], {}, async (api) => {
      const { status, body } = await api.request("GET /clusters/main/entry", {
        query: { dn: `cn=a,ou=b,ou=c,${baseDn}` },
      });
      expect([status, body.ldap.matchedDn]).toEqual([404, baseDn]);
    }));
});

describe("a server that refers to others", () => {
  const references = ["ldap://other.example.com/ou=far,dc=example,dc=com", "ldap://third.example.com/"];

  it("is not followed, and the answer says so", () =>
    withServer([base, ...persons.slice(0, 2)], { references }, async (api) => {
      const { body } = await api.request(search, { body: query });
      expect(body.entries).toHaveLength(2);
      const { entries, ...rest } = body;
      expect(rest).toEqual({
        ...{ references, node: "ldap1", complete: false },
        problem: "2 parts of the subtree are on other servers, which were not asked.",
      });
      const streamed = await api.request(search, { body: query, headers: { accept: "application/x-ndjson" } });
      expect(JSON.parse(streamed.body.trimEnd().split("\n").at(-1))).toEqual({
        end: { count: 2, node: "ldap1", complete: false, problem: rest.problem },
      });
      const counted = await api.request("GET /clusters/main/count", { query: { filter: query.filter } });
      expect(counted.body).toMatchObject({ count: 2, isExact: false, complete: false });
    }));
});

describe("a server that gives long attributes in ranges", () => {
  const dns = Array.from({ length: 30 }, (_, index) => `cn=person ${index},${baseDn}`);
  const group: OddEntry = {
    dn: `cn=all,${baseDn}`,
    attributes: [attribute("objectClass", "groupOfNames"), attribute("cn", "all"), attribute("member", ...dns)],
  };

  it("has every range of a group's members read", () =>
    withServer([base, ...persons, group], { rangeSize: 7 }, async (api) => {
      const { body } = await api.request("GET /clusters/main/members", { query: { dn: group.dn, limit: 500 } });
      expect(body.members.map(({ value }: { value: string }) => value)).toEqual(dns);
      expect(body).toMatchObject({ total: 30, complete: true });
    }));

  it("shows the first of them in the entry, and says that they are not all", () =>
    withServer([base, ...persons, group], { rangeSize: 7 }, async (api) => {
      const { body } = await api.request("GET /clusters/main/entry", { query: { dn: group.dn } });
      expect(body.entry.attributes["member;range=0-6"]).toEqual(dns.slice(0, 7));
      expect(body).toMatchObject({
        complete: false,
        problem: expect.stringMatching(/only the first values of member/),
      });
    }));
});

describe("a server that calls attributes what the request calls them", () => {
  const secret = person(1, attribute("userPassword", "in-clear-text"));

  it("gives no secret away under another name", () =>
    withServer([base, secret], { echoesNames: true }, async (api) => {
      const attributes = ["2.5.4.35", "USERPASSWORD", "userPassword"];
      for (const name of attributes) {
        const { body } = await api.request(search, { body: { ...query, attributes: [name] } });
        expect(body.entries[0].attributes).toEqual({ [name]: [{ hidden: true }] });
        const streamed = await api.request(search, {
          ...{ body: { ...query, attributes: [name] }, headers: { accept: "application/x-ndjson" } },
        });
        expect(streamed.body).toContain('{"hidden":true}');
        expect(streamed.body).not.toContain("in-clear-text");
        const value = await api.request("GET /clusters/main/value", { query: { dn: secret.dn, attribute: name } });
        expect(value.body.code).toBe("not_allowed");
      }
    }));
});

describe("a server that counts nothing of itself", () => {
  it("has figures that are unknown, with the reason, and no error", () =>
    withServer([base], {}, async (api) => {
      const { status, body } = await api.request("GET /clusters/main/monitor");
      expect(status).toBe(200);
      const [node] = body.nodes;
      expect(node).toMatchObject({
        node: "ldap1",
        problem: expect.stringMatching(/^cn=Monitor is not there, or you may not read it/),
      });
      expect(node.source).toBeUndefined();
      expect(node.figures.connections).toEqual({ current: "unknown", total: "unknown", most: "unknown" });
      expect(JSON.stringify(node.figures)).not.toMatch(/\d/);
    }));
});
