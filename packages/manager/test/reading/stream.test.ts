import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { requirePrograms, type Slapd, startSlapd, until } from "@espalier/tests/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { administrator, person } from "../clusters/watched.ts";
import { type Api, clusterOf, sessionOf, startApi } from "./api.ts";
import { ldif, people, personDn, tree, uidOf } from "./population.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd", ldapsearch: "ldap-utils" });
const count = 4_000;
/** 32 MB in all: more than every buffer between slapd and a client that does not read. */
const content = ldif(tree(...people(count, 8_000)));

describe("a streamed search", () => {
  let slapd: Slapd;
  let other: Slapd;
  let api: Api;
  let url: string;

  beforeAll(async () => {
    other = await startSlapd({ ldif: content });
    slapd = await startSlapd({ ldif: content, sizeLimit: 1_500, logsOperations: true });
  });
  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    if (!slapd.process.isRunning) await slapd.restart();
    api = await startApi({
      cluster: clusterOf(other, slapd),
      sessions: {
        admin: sessionOf(administrator(slapd)),
        user: sessionOf(person(personDn(0), `pw-${uidOf(0)}`), { actions: ["read"] }),
      },
    });
    url = await api.listen();
  });
  afterEach(() => api?.[Symbol.asyncDispose]());

  const search = { filter: "(objectClass=posixAccount)", attributes: ["uid", "description"], limit: 5 };

  /** Sends the search and gives the answer with its head, its body unread. */
  async function open(body: object = search, as = "admin"): Promise<IncomingMessage> {
    const sent = httpRequest(`${url}/clusters/main/search`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/x-ndjson", "x-as": as },
      agent: false,
    });
    sent.end(JSON.stringify(body));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    sent.on("error", () => undefined);
    return answer;
  }

  async function read(answer: IncomingMessage): Promise<Record<string, unknown>[]> {
    let text = "";
    for await (const piece of answer.setEncoding("utf8")) text += piece;
    expect(text.endsWith("\n")).toBe(true);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  }

  it("gives every entry as a line, and a last line that says so", async () => {
    const answer = await open();
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "application/x-ndjson; charset=utf-8"]);
    const lines = await read(answer);
    expect(lines.at(-1)).toEqual({ end: { count, node: "ldap2", complete: true } });
    expect(lines.slice(0, -1).map((entry) => entry.dn)).toEqual(Array.from({ length: count }, (_, i) => personDn(i)));
    expect(lines[7]).toEqual({ dn: personDn(7), attributes: { uid: [uidOf(7)], description: ["x".repeat(8_000)] } });
    expect(await api.metric("espalier_manager_streamed_entries_total")).toBe(count);
    expect(await api.metric("espalier_manager_search_streams")).toBe(0);
  });

  it("says in its last line that the server stopped at a size limit", async () => {
    const lines = await read(await open(search, "user"));
    expect(lines).toHaveLength(1_501);
    expect(lines.at(-1)).toEqual({
      end: { count: 1_500, node: "ldap2", complete: false, problem: expect.stringMatching(/size limit/) },
    });
  });

  it("has a last line where nothing was found, too", async () => {
    expect(await read(await open({ ...search, filter: "(uid=nobody)" }))).toEqual([
      { end: { count: 0, node: "ldap2", complete: true } },
    ]);
  });

  it("is a problem with a status while nothing has been sent", async () => {
    const answer = await open({ ...search, base: "ou=none,dc=example,dc=com" });
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([
      404,
      "application/problem+json; charset=utf-8",
    ]);
    expect(await api.metric("espalier_manager_search_streams")).toBe(0);
  });

  it("waits for a client that does not read, and holds little meanwhile", async () => {
    const answer = await open();
    global.gc?.();
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    let most = 0;
    let last = -1;
    // Until nothing comes any more: every buffer is full.
    await until(
      "the stream to stop",
      () => {
        const memory = process.memoryUsage();
        most = Math.max(most, memory.arrayBuffers + memory.heapUsed - before);
        const isStill = last === answer.socket.bytesRead;
        last = answer.socket.bytesRead;
        return isStill;
      },
      { intervalMs: 300 },
    );
    expect(last).toBeLessThan(16 * 1024 * 1024);
    expect(most).toBeLessThan(48 * 1024 * 1024);
    const lines = await read(answer);
    expect(lines.at(-1)).toEqual({ end: { count, node: "ldap2", complete: true } });
  });

  it("is abandoned at the server when its client goes", async () => {
    const before = slapd.process.log.length;
    const answer = await open();
    await until("the first bytes", () => answer.read() !== null);
    answer.destroy();
    await until("slapd to log the Abandon", () => /ABANDON msg=\d+/.test(slapd.process.log.slice(before)));
    await until("the stream to be over", async () => (await api.metric("espalier_manager_search_streams")) === 0);
    // And the connection is still good: the next stream goes over one of them.
    expect((await read(await open())).at(-1)).toEqual({ end: { count, node: "ldap2", complete: true } });
  });

  it("says in its last line that its node was lost on the way", async () => {
    const answer = await open();
    await slapd.process.kill();
    const lines = await read(answer);
    const { end } = lines.at(-1) as { end: { count: number } };
    expect(end).toEqual({
      ...{ count: lines.length - 1, node: "ldap2", complete: false },
      problem: expect.stringMatching(/^The search broke off on ldap2: .*Search anew\.$/),
    });
    expect(end.count).toBeGreaterThan(0);
    expect(end.count).toBeLessThan(count);
    // The next one is asked of the other node, without anybody noticing.
    expect((await read(await open())).at(-1)).toEqual({ end: { count, node: "ldap1", complete: true } });
  });

  it("is one of four that a session may have", async () => {
    const open4 = await Promise.all([open(), open(), open(), open()]);
    const fifth = await open();
    expect([fifth.statusCode, fifth.headers["retry-after"]]).toEqual([429, "5"]);
    open4[0]?.destroy();
    await until("a slot to be free", async () => (await api.metric("espalier_manager_search_streams")) === 3);
    const again = await open();
    expect(again.statusCode).toBe(200);
    for (const answer of [...open4, again]) answer.destroy();
    await until("all to be over", async () => (await api.metric("espalier_manager_search_streams")) === 0);
  });
});

describe("a paged search", () => {
  it("is gone with its node, and the first page of the next comes from another", async () => {
    const entries = ldif(tree(...people(50)));
    await using other = await startSlapd({ ldif: entries });
    await using slapd = await startSlapd({ ldif: entries });
    const sessions = { admin: sessionOf(administrator(slapd)) };
    await using api = await startApi({ cluster: clusterOf(other, slapd), sessions });
    const search = { filter: "(objectClass=posixAccount)", attributes: ["uid"], limit: 10 };
    const page = (cursor?: string) => api.request("POST /clusters/main/search", { body: { ...search, cursor } });
    const first = await page();
    expect(first.body.node).toBe("ldap2");
    const { cursor } = (await page(first.body.cursor)).body;
    await slapd.process.kill();
    const lost = await page(cursor);
    expect([lost.status, lost.body.code, lost.body.title]).toEqual([
      ...[410, "gone", "ldap2, which was being read from, was lost: search anew."],
    ]);
    const anew = await page();
    expect([anew.status, anew.body.node, anew.body.entries.length]).toEqual([200, "ldap1", 10]);
  });
});
