/** How nodes are compared: two servers that were never linked, as if replication had lost something, behind one cluster. */
import { createHash } from "node:crypto";
import {
  linkDirectories389,
  requirePrograms,
  type Slapd,
  startDirectory389,
  startSlapd,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { localAttributes } from "../../src/replication/local-attributes.ts";
import { person } from "../clusters/watched.ts";
import {
  baseDn,
  clusterOf,
  directoryLdif,
  type Json,
  modify,
  personLdif,
  type ReplicationLab,
  replicationLab,
  startCuttableMirror,
  describe as write,
} from "./lab.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils" });
const describe389 = requirePrograms({ "ns-slapd": "389-ds-base", ldapsearch: "ldap-utils" });

const nameOf = (uid: string) => `uid=${uid},ou=people,${baseDn}`;
const root = ({ rootDn, rootPassword }: Slapd) => person(rootDn, rootPassword);

/** The same identities and times in every server that loads it. */
function replicated(name: string, changedAt = "20260102030405"): string {
  const uuid = createHash("md5")
    .update(name)
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const csn = `entryCSN: ${changedAt}.000000Z#000000#001#000000`;
  return `entryUUID: ${uuid}\n${csn}\nmodifyTimestamp: ${changedAt}Z\ncreateTimestamp: 20260101000000Z`;
}

function tree(...people: string[]): string {
  return directoryLdif(people.join("\n"))
    .replace(/^o: example$/m, `$&\n${replicated("base")}`)
    .replace(/^ou: people$/m, `$&\n${replicated("people")}`);
}

const member = (uid: string, more = "", identity = uid) => personLdif(uid, `${more}${replicated(identity)}`);

async function twoServers(first: string, second: string) {
  await using cleanup = new AsyncDisposableStack();
  const a = cleanup.use(await startSlapd({ ldif: first, maintainsOperationalAttributes: false }));
  const b = cleanup.use(await startSlapd({ ldif: second, maintainsOperationalAttributes: false }));
  const resources = cleanup.move();
  return { a, b, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const findings = (lines: readonly Json[]) =>
  lines.flatMap(({ finding }) => finding ?? []).sort((one, other) => (one.dn < other.dn ? -1 : 1));
const ignored = [...new Set(Object.values(localAttributes).flat())];

/** The answer itself, to be read at a pace of one's own. */
function diffOf(lab: ReplicationLab, body: object, signal = new AbortController().signal): Promise<Streamed> {
  const handler = lab.replication.part.handlers["POST /clusters/{cluster}/replication/diff"] as unknown as (
    request: object,
  ) => Promise<Streamed>;
  const { session } = lab;
  return handler({ params: { cluster: "main" }, body: { scope: "sub", maxFindings: 10, ...body }, session, signal });
}

interface Streamed {
  readonly pieces: AsyncIterable<string>;
}

describe("two OpenLDAP servers that differ", () => {
  const photo = Buffer.alloc(3_000, 0xff);
  const base64 = (bytes: Buffer) => bytes.toString("base64");
  let servers: Awaited<ReturnType<typeof twoServers>>;
  beforeAll(async () => {
    servers = await twoServers(
      tree(
        member("same", "mail: a@example.com\nmail: b@example.com\n"),
        member("lost"),
        member("changed", "title: Engineer\nmail: a@example.com\nmail: b@example.com\nuserPassword: first-password\n"),
        member("photo", `jpegPhoto:: ${base64(photo)}\n`),
        member("moved", "title: as it was\n"),
        personLdif("twin", replicated("one twin")),
      ),
      tree(
        member("same", "mail: b@example.com\nmail: a@example.com\n"),
        member("extra"),
        member("changed", "mail: a@example.com\nmail: c@example.com\nuserPassword: {SSHA}second-password\n"),
        member("photo"),
        member("went", "title: as it was\n", "moved"),
        personLdif("twin", replicated("other twin")),
      ),
    );
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  const lab = () => replicationLab({ cluster: clusterOf([servers.a, servers.b]), identity: root(servers.a) });
  const changedAt = "2026-01-02T03:04:05.000Z";
  const none = { values: [], count: 0 };
  const one = (value: Json) => ({ values: [value], count: 1 });
  const expected = [
    {
      ...{ type: "differs", dn: nameOf("changed"), nodes: ["a", "b"], changedAt },
      attributes: [
        { attribute: "mail", onlyOnFirst: one("b@example.com"), onlyOnSecond: one("c@example.com") },
        { attribute: "title", onlyOnFirst: one("Engineer"), onlyOnSecond: none },
        {
          attribute: "userPassword",
          onlyOnFirst: one({ hidden: true }),
          onlyOnSecond: one({ hidden: true, scheme: "SSHA" }),
        },
      ],
    },
    { type: "only_on", dn: nameOf("extra"), node: "b", missingOn: "a", changedAt },
    { type: "only_on", dn: nameOf("lost"), node: "a", missingOn: "b", changedAt },
    {
      ...{ type: "differs", dn: nameOf("moved"), otherDn: nameOf("went"), nodes: ["a", "b"], changedAt },
      attributes: ["cn", "sn", "uid"].map((attribute) => ({
        attribute,
        onlyOnFirst: one("moved"),
        onlyOnSecond: one("went"),
      })),
    },
    {
      ...{ type: "differs", dn: nameOf("photo"), nodes: ["a", "b"], changedAt },
      attributes: [
        {
          attribute: "jpegPhoto",
          onlyOnFirst: one({ bytes: 3_000, sha256: createHash("sha256").update(photo).digest("hex") }),
          onlyOnSecond: none,
        },
      ],
    },
    {
      ...{ type: "differs", dn: nameOf("twin"), nodes: ["a", "b"], changedAt },
      attributes: [expect.objectContaining({ attribute: "entryUUID" })],
    },
  ];

  it("have every difference told by a full comparison, and no secret", async () => {
    const lines = await (await lab()).diff({ full: true, delayMs: 0 });
    expect(findings(lines)).toEqual(expected);
    expect(lines.at(-1)).toEqual({
      end: {
        nodes: ["a", "b"],
        entries: { a: 8, b: 8 },
        ...{ compared: 8, onlyOn: 2, differing: 4, complete: true, ignored },
      },
    });
    expect(lines[0]).toEqual({ progress: { phase: "reading", node: "a", entries: 8 } });
    expect(JSON.stringify(lines)).not.toMatch(/(first|second)-password/);
  });

  it("have them found by a sample that is as large as they are", async () => {
    const lines = await (await lab()).diff({ sample: 100, delayMs: 0 });
    expect(findings(lines)).toEqual(expected);
    expect(lines.at(-1).end).toMatchObject({ onlyOn: 2, differing: 4, complete: true, entries: { a: 8, b: 8 } });
  });

  it("are compared no further than a sample of one on each node", async () => {
    const { end } = (await (await lab()).diff({ sample: 2, delayMs: 0 })).at(-1);
    expect(end.compared).toBeLessThanOrEqual(2);
    expect(end.compared).toBeGreaterThanOrEqual(1);
  });

  it("are compared only below the base that is given, and from the node that is named first", async () => {
    const lines = await (await lab()).diff({ full: true, base: nameOf("changed"), nodes: ["b", "a"], delayMs: 0 });
    expect(findings(lines).map(({ dn, nodes }) => [dn, nodes])).toEqual([[nameOf("changed"), ["b", "a"]]]);
    expect(lines.at(-1).end).toMatchObject({ nodes: ["b", "a"], entries: { a: 1, b: 1 }, compared: 1 });
    const level = await (await lab()).diff({ full: true, scope: "one", delayMs: 0 });
    expect([findings(level), level.at(-1).end.entries]).toEqual([[], { a: 1, b: 1 }]);
  });

  it("have the first findings told where there are more than wanted, and that there are", async () => {
    const lines = await (await lab()).diff({ full: true, maxFindings: 2, delayMs: 0 });
    expect(findings(lines)).toHaveLength(2);
    expect(lines.at(-1).end).toMatchObject({ complete: false, problem: "It ended at 2 findings: there may be more." });
  });

  it("are not compared where one is none of the cluster's, or there is one only, or it is not said how", async () => {
    const { request } = await lab();
    const refused = async (body: object) => {
      const { status, body: problem } = await request("POST", "/diff", body);
      return [status, problem.code];
    };
    expect(await refused({ full: true, nodes: ["a", "x"] })).toEqual([404, "not_found"]);
    expect(await refused({ full: true, nodes: ["a", "a"] })).toEqual([400, "invalid_request"]);
    expect(await refused({})).toEqual([400, "invalid_request"]);
    expect(await refused({ full: true, sample: 3 })).toEqual([400, "invalid_request"]);
    expect(await refused({ full: true, base: "no dn" })).toEqual([400, "invalid_request"]);
  });
});

describe("a comparison", () => {
  it("of some thousand entries finds the one that differs, and holds each session to one at a time", async () => {
    const uids = Array.from({ length: 4_000 }, (_, index) => `person${index}`);
    const first = tree(...uids.map((uid) => member(uid, `description: ${uid}\n`)));
    await using servers = await twoServers(
      first,
      first.replace("description: person2345\n", "description: Person2345\n"),
    );
    const lab = await replicationLab({ cluster: clusterOf([servers.a, servers.b]), identity: root(servers.a) });
    const running = lab.diff({ full: true, delayMs: 0 });
    const refused = await until("another one to be refused", async () => {
      const answer = await lab.request("POST", "/diff", { sample: 1 }).catch(() => undefined);
      return answer?.status === 429 && answer.body.code;
    });
    expect(refused).toBe("too_many_requests");
    const lines = await running;
    expect(findings(lines).map(({ dn }) => dn)).toEqual([nameOf("person2345")]);
    expect(lines.at(-1).end).toMatchObject({ entries: { a: 4_002, b: 4_002 }, compared: 4_002, complete: true });
    expect(
      lines.filter(({ progress }) => progress?.phase === "comparing").map(({ progress }) => progress.entries),
    ).toEqual([1_000, 2_000, 3_000, 4_000, 4_002]);
    // It was let go of at the end.
    expect((await lab.diff({ sample: 1, delayMs: 0 })).at(-1).end.complete).toBe(true);
  });

  it("says what it could not see where a server gives only so many entries", async () => {
    const ldif = tree(member("ann", "userPassword: pw-ann\n"), member("bob"), member("eve"));
    await using first = await startSlapd({ ldif });
    await using second = await startSlapd({ ldif, sizeLimit: 2 });
    const lab = await replicationLab({
      cluster: clusterOf([first, second]),
      identity: person(nameOf("ann"), "pw-ann"),
    });
    const lines = await lab.diff({ full: true, delayMs: 0 });
    expect(findings(lines)).toEqual([]);
    expect(lines.at(-1).end).toMatchObject({ complete: false, problem: expect.stringMatching(/^b: .*size limit/) });
  });

  it("gives a young change time to arrive, and tells of it when it has not", async () => {
    await using mirror = await startCuttableMirror(2);
    const [first] = mirror.nodes;
    const lab = await replicationLab({ cluster: mirror.cluster, identity: root(first!) });
    await until("the nodes to be in sync", async () => (await lab.get("")).inSync === true);
    const [relay] = mirror.heard[1]!;
    relay!.blackHole();
    await write(first!, nameOf("ann"), "on its way");
    const told = findings(await lab.diff({ full: true, delayMs: 500 }));
    expect(
      told.map(({ dn, attributes }) => [dn, attributes.some((one: Json) => one.attribute === "description")]),
    ).toEqual([[nameOf("ann"), true]]);

    const { pieces } = await diffOf(lab, { full: true, delayMs: 4_000 });
    const lines: Json[] = [];
    for await (const piece of pieces) {
      lines.push(JSON.parse(piece));
      if (lines.at(-1).progress?.phase === "comparing") relay!.restore();
    }
    expect(findings(lines)).toEqual([]);
    expect(lines.at(-1).end).toMatchObject({ complete: true, differing: 0 });
  });

  it("tells at once what is old, and ends and lets go of its connections when its client goes away", async () => {
    const ldif = tree(member("ann"));
    await using servers = await twoServers(ldif, `${ldif.replace("sn: ann", "sn: other")}\n${member("extra")}`);
    const { a, b } = servers;
    const lab = await replicationLab({ cluster: clusterOf([a, b]), identity: root(a) });
    const gone = new AbortController();
    const lent = async () =>
      (await lab.watched.metrics("espalier_manager_node_connections")).filter((line) =>
        /state="lent"\} [1-9]/.test(line),
      );
    const { pieces } = await diffOf(lab, { full: true, delayMs: 60_000 }, gone.signal);
    const read = (async () => {
      for await (const piece of pieces) {
        const { finding } = JSON.parse(piece);
        if (finding === undefined) continue;
        expect(finding.dn).toBe(nameOf("ann"));
        expect(await lent()).toHaveLength(2);
        gone.abort(new Error("the client went away"));
      }
    })();
    await expect(read).rejects.toThrow("the client went away");
    expect(await lent()).toEqual([]);
    // Its place is free again.
    expect((await lab.diff({ sample: 1, delayMs: 0 })).at(-1).end.complete).toBe(true);
  });

  it("that loses a node says so in its last line", async () => {
    const ldif = tree(...Array.from({ length: 2_000 }, (_, index) => member(`person${index}`)));
    await using servers = await twoServers(ldif, ldif);
    const { a, b } = servers;
    const lab = await replicationLab({ cluster: clusterOf([a, b]), identity: root(a) });
    const { pieces } = await diffOf(lab, { full: true, delayMs: 0 });
    const lines: Json[] = [];
    for await (const piece of pieces) {
      lines.push(JSON.parse(piece));
      if (lines.length === 1) await b.process.kill();
    }
    expect(lines.at(-1).end).toMatchObject({ complete: false, problem: expect.stringMatching(/^It broke off: /) });
  });
});

describe389("two 389 Directory Servers that replicate", () => {
  it("are the same, until an agreement has lost a change", async () => {
    await using first = await startDirectory389({ ldif: directoryLdif(personLdif("ann")), replicaId: 1 });
    await using second = await startDirectory389({ replicaId: 2 });
    await linkDirectories389(first, second);
    const lab = await replicationLab({
      cluster: clusterOf([first, second]),
      identity: person(first.rootDn, first.rootPassword),
    });
    await write(second, nameOf("ann"), "replicated");
    const same = await until(
      "the servers to be the same",
      async () => {
        const lines = await lab.diff({ full: true, delayMs: 0 });
        return findings(lines).length === 0 && lines.at(-1).end;
      },
      { timeoutMs: 20_000 },
    );
    expect(same).toMatchObject({ entries: { a: 3, b: 3 }, compared: 3, onlyOn: 0, differing: 0, complete: true });
    const agreement = `cn=to-${second.port},cn=replica,cn="${baseDn}",cn=mapping tree,cn=config`;
    await modify(
      first,
      `dn: ${agreement}\nchangetype: modify\nreplace: nsds5ReplicaEnabled\nnsds5ReplicaEnabled: off\n`,
    );
    await write(first, nameOf("ann"), "kept back");
    const lines = await lab.diff({ full: true, delayMs: 0 });
    expect(findings(lines)).toEqual([
      expect.objectContaining({
        ...{ type: "differs", dn: nameOf("ann") },
        attributes: expect.arrayContaining([
          {
            attribute: "description",
            onlyOnFirst: { values: ["kept back"], count: 1 },
            onlyOnSecond: { values: ["replicated"], count: 1 },
          },
        ]),
      }),
    ]);
  }, 60_000);
});
