/**
 * An unchanged ldapsearch with one server in its configuration, the proxy, over three OpenLDAP nodes that replicate each
 * other: each node is lost in each way, and no search and no login fails.
 */
import type { AddRequest, SearchRequest } from "@espalier/ldap";
import { LdapClient } from "@espalier/ldap/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createCertificateAuthority,
  type FaultName,
  faultNames,
  faults,
  formatEntries,
  type LosableMirror,
  type LosableNode,
  ldapsearch,
  type Population,
  type ProxyOptions,
  type ProxyServer,
  person,
  populationEntries,
  requirePrograms,
  runCommand,
  startLosableMirror,
  startProxy,
  startSlapd,
  succeed,
  temporaryDirectory,
  until,
  Wire,
} from "./lab/index.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", openssl: "openssl" });

const baseDn = "dc=example,dc=com";
const population: Population = {
  users: Array.from({ length: 12 }, (_, index) => person(`user${index}`, 2000 + index)),
  groups: [{ name: "staff", gidNumber: 3001, members: ["user1", "user2"] }],
};
const entries = populationEntries(population, { baseDn, passwords: true });
const userDn = (index: number) => `uid=user${index % population.users.length},${baseDn}`;
const userPassword = (index: number) => `pw-user${index % population.users.length}`;

interface Site extends AsyncDisposable {
  readonly cluster: LosableMirror;
  readonly proxy: ProxyServer;
}

type SetUp = (
  cluster: LosableMirror,
  authority: string,
) => Pick<ProxyOptions, "parameters" | "configuration" | "environment">;

const oneLine: SetUp = ({ nodes }, authority) => ({ parameters: ["--ca", authority, ...nodes.map(({ url }) => url)] });

const proxiedAuthorization: SetUp = ({ nodes, mirror }, authority) => ({
  configuration: {
    tiers: [{ backends: nodes.map(({ url }) => url) }],
    upstream: { caPath: authority },
    // Each is lost more than once within seconds.
    health: { holdDown: "2s" },
    identity: {
      mode: "proxyauthz",
      dn: mirror.nodes[0]!.serviceDn,
      password: mirror.nodes[0]!.servicePassword,
    },
  },
});

async function startSite(setUp: SetUp): Promise<Site> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("proxy-site"));
  const authority = await createCertificateAuthority(directory.path);
  const certificate = await authority.issue("server", ["localhost", "127.0.0.1"]);
  const ldif = formatEntries(entries);
  const options = { ldif, certificate, serviceAccount: true, logsOperations: true };
  const cluster = cleanup.use(await startLosableMirror(options));
  const proxy = cleanup.use(await startProxy(setUp(cluster, authority.certificate)));
  const resources = cleanup.move();
  return { cluster, proxy, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Somebody who searches as anonymous, logs in as one user after the other, and with a wrong password, all the time. */
class Clients implements AsyncDisposable {
  readonly #url: string;
  readonly #work: readonly Promise<void>[];
  /** What was not as it should be. */
  readonly failures: string[] = [];
  count = 0;
  #isOver = false;

  constructor(url: string) {
    this.#url = url;
    this.#work = [this.#search(), this.#logIn(), this.#logIn(), this.#mistype()];
  }

  /** Resolves when `more` operations have ended since it was called. */
  async ended(more: number): Promise<void> {
    const before = this.count;
    await until(`${more} more operations`, () => this.count >= before + more, { timeoutMs: 60_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#work);
  }

  async #search(): Promise<void> {
    for (let index = 0; !this.#isOver; index += 1) {
      const filter = `(uid=user${index % population.users.length})`;
      const found = await ldapsearch(this.#url, { base: baseDn, filter, attributes: ["uid"] });
      this.#note(`search ${filter}: ${found.resultCode} ${found.diagnostics}`, found.entries[0]?.dn === userDn(index));
    }
  }

  async #logIn(): Promise<void> {
    for (let index = 0; !this.#isOver; index += 1) {
      const { exitCode, stdout, stderr } = await this.#whoAmI(userDn(index), userPassword(index));
      this.#note(`login of ${userDn(index)}: ${exitCode} ${stderr}`, stdout === `dn:${userDn(index)}\n`);
    }
  }

  async #mistype(): Promise<void> {
    for (let index = 0; !this.#isOver; index += 1) {
      const { exitCode, stderr } = await this.#whoAmI(userDn(index), "wrong");
      this.#note(`login with a wrong password: ${exitCode} ${stderr}`, exitCode === 49);
    }
  }

  #whoAmI(dn: string, password: string) {
    return runCommand("ldapwhoami", ["-x", "-H", this.#url, "-D", dn, "-w", password]);
  }

  #note(what: string, isRight: boolean): void {
    this.count += 1;
    if (!isRight) this.failures.push(what);
  }
}

/** The states that the proxy reported of a node since it had reported `seen` events. */
function statesOf({ name }: LosableNode, proxy: ProxyServer, seen: number): string[] {
  const events = proxy.events().slice(seen);
  return events.filter(({ type, subject }) => type.startsWith("backend.") && subject === name).map(({ type }) => type);
}

/** How many lines of a kind the nodes logged: operations that clients sent, not what replication brought. */
function logged({ nodes }: LosableMirror, line: string): number[] {
  return nodes.map(({ process }) => process.log.split(line).length - 1);
}

const setUps = [
  ["described by one line", oneLine],
  ["with proxied authorization", proxiedAuthorization],
] as const;

describe.each(setUps)("a proxy %s, over three nodes", (_, setUp) => {
  const cleanup = new AsyncDisposableStack();
  let cluster: LosableMirror;
  let proxy: ProxyServer;
  beforeAll(async () => {
    ({ cluster, proxy } = cleanup.use(await startSite(setUp)));
  });
  afterAll(() => cleanup.disposeAsync());

  it("answers a search with what the nodes hold, entry for entry", async () => {
    const search = { base: baseDn, attributes: ["*", "entryUUID"] };
    const direct = await ldapsearch(cluster.mirror.nodes[1]!.url, search);
    expect(direct.entries).toHaveLength(entries.length + 1);
    expect(await ldapsearch(proxy.url, search)).toEqual(direct);
  });

  it("shows each of many clients what it alone may read", async () => {
    const clients = await Promise.all(population.users.map(() => Wire.connect(proxy.url)));
    const codes = await Promise.all(clients.map((client, index) => client.bind(userDn(index), userPassword(index))));
    expect(codes).toEqual(codes.map(() => 0));
    // slapd shows a userPassword to its owner only.
    const filter = { type: "present", attribute: "userPassword" } as const;
    for (let round = 0; round < 5; round += 1) {
      const found = await Promise.all(clients.map((client) => client.search(searchFor(filter))));
      const names = found.map(({ entries }) => entries.map((entry) => entry.objectName));
      expect(names).toEqual(clients.map((__, index) => [userDn(index)]));
    }
    for (const client of clients) client[Symbol.dispose]();
  });

  it("sends every write to one node, and whoever wrote reads it at once", async () => {
    const before = logged(cluster, "MOD dn=");
    const { rootDn, rootPassword } = cluster.mirror.nodes[0]!;
    const credentials = ["-D", rootDn, "-w", rootPassword];
    for (let number = 0; number < 10; number += 1) {
      const input = `dn: ${baseDn}\nchangetype: modify\nreplace: description\ndescription: ${number}\n`;
      await succeed("ldapmodify", ["-x", "-H", proxy.url, ...credentials], { input });
      const read = { base: baseDn, scope: "base", attributes: ["description"], options: credentials } as const;
      const { entries } = await ldapsearch(proxy.url, read);
      expect(entries[0]?.attributes.description).toEqual([String(number)]);
    }
    const after = logged(cluster, "MOD dn=");
    expect(after.map((count, index) => count - (before[index] ?? 0)).sort()).toEqual([0, 0, 10]);
  });

  it("tries a wrong password once, at one node, and the same user always there", async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const login = ["-x", "-H", proxy.url, "-D", userDn(3), "-w", "wrong"];
      expect((await runCommand("ldapwhoami", login)).exitCode).toBe(49);
    }
    const binds = logged(cluster, `BIND dn="${userDn(3)}" method=128`);
    const successes = logged(cluster, `BIND dn="${userDn(3)}" mech=SIMPLE`);
    expect(binds.map((count, index) => count - (successes[index] ?? 0)).sort()).toEqual([0, 0, 5]);
  });

  it("drains a node and takes a new configuration without failing anybody", async () => {
    const [node] = cluster.nodes;
    await allUp(proxy);
    await using clients = new Clients(proxy.url);
    await clients.ended(20);
    const drained = await proxy.control("drain", node!.name);
    expect(drained).toMatchObject({ exitCode: 0 });
    await until("nothing to be under way there", async () => (await statusOf(proxy, node!)).pending === 0);
    expect(await statusOf(proxy, node!)).toMatchObject({ admin: "drain", health: "up" });
    await clients.ended(20);
    expect(await proxy.control("ready", node!.name)).toMatchObject({ exitCode: 0 });
    await clients.ended(20);
    proxy.process.signal("SIGHUP");
    await clients.ended(20);
    expect(clients.failures).toEqual([]);
  }, 150_000);

  it.each(faultNames)(
    "goes on answering searches and logins while a node is %s, says so, and takes it back",
    { timeout: 150_000 },
    async (fault: FaultName) => {
      const node = cluster.nodes[faultNames.indexOf(fault) % cluster.nodes.length]!;
      await allUp(proxy);
      const seen = proxy.events().length;
      await using clients = new Clients(proxy.url);
      await clients.ended(20);
      await faults[fault].begin(node);
      await until("the event", () => statesOf(node, proxy, seen).includes("backend.down"), { timeoutMs: 30_000 });
      await clients.ended(40);
      await faults[fault].end(node);
      await until("the node to be back", () => statesOf(node, proxy, seen).at(-1) === "backend.up", {
        timeoutMs: 60_000,
      });
      await clients.ended(20);
      expect(clients.failures).toEqual([]);
      // On its way it may be degraded too: it lacks a change that the others have, or only new connections to it fail.
      const states = statesOf(node, proxy, seen).filter((state) => state !== "backend.degraded");
      expect(new Set(states)).toEqual(new Set(["backend.down", "backend.up"]));
      for (const other of cluster.nodes.filter((each) => each !== node)) {
        expect(statesOf(other, proxy, seen)).toEqual([]);
      }
    },
  );
});

describe("a proxy", () => {
  it("answers hundreds of strangers at once, though OpenLDAP closes connections on which more than 100 requests wait", async () => {
    await using directory = await temporaryDirectory("proxy");
    const authority = await createCertificateAuthority(directory.path);
    const certificate = await authority.issue("server", ["127.0.0.1"]);
    await using slapd = await startSlapd({ baseDn, certificate, ldif: formatEntries(entries) });
    const backend = `ldaps://127.0.0.1:${slapd.ldapsPort}`;
    await using proxy = await startProxy({ parameters: ["--ca", authority.certificate, backend] });
    await using cleanup = new AsyncDisposableStack();
    const clients = await Promise.all(Array.from({ length: 8 }, () => LdapClient.connect({ url: proxy.url })));
    for (const client of clients) cleanup.use(client);
    const found = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 90 }, async (_, index) => {
          const filter = `(uid=user${index % population.users.length})`;
          const { entries } = await client.searchAll({ baseObject: baseDn, filter });
          return entries.map(({ objectName }) => objectName);
        }),
      ),
    );
    expect(found).toEqual(clients.flatMap(() => Array.from({ length: 90 }, (_, index) => [userDn(index)])));
    // Nothing had to be sent twice.
    expect(await proxy.metric("espalier_proxy_routed_operations_total")).toBe(8 * 90);
  });

  it.each(setUps)(
    "%s reports a write that was under way when the write node froze, and executes it at most once",
    async (_, setUp) => {
      await using site = await startSite(setUp);
      const { cluster, proxy } = site;
      const { rootDn, rootPassword } = cluster.mirror.nodes[0]!;
      using writer = await Wire.connect(proxy.url);
      expect(await writer.bind(rootDn, rootPassword)).toBe(0);
      expect(await added(writer, "before")).toMatchObject({ resultCode: 0 });
      const node = await until(
        "the write in a log",
        () => cluster.nodes[logged(cluster, 'ADD dn="cn=before,').indexOf(1)],
      );
      await faults.frozen.begin(node);
      const answer = await added(writer, "doubtful").catch((error: Error) => error);
      await faults.frozen.end(node);
      // `other`, with a text for a person.
      expect(answer).toMatchObject({ resultCode: 80 });
      const report = { subject: `cn=doubtful,${baseDn}`, severity: expect.stringMatching(/medium|high/) };
      await until("the event", () => proxy.events("write.in-doubt").length > 0);
      expect(proxy.events("write.in-doubt")).toMatchObject([report]);
      await allUp(proxy);
      const times = logged(cluster, 'ADD dn="cn=doubtful,').reduce((sum, count) => sum + count);
      expect(times).toBeLessThanOrEqual(1);
    },
    150_000,
  );

  it("that is restarted leaves its port to its successor without a gap", async () => {
    await using site = await startSite(oneLine);
    await using clients = new Clients(site.proxy.url);
    await clients.ended(20);
    await using successor = await site.proxy.startSuccessor();
    await clients.ended(20);
    expect(await site.proxy.process.terminate(30_000)).toBe(0);
    await clients.ended(40);
    expect(clients.failures).toEqual([]);
    expect((await successor.control("status")).stdout).toContain(`process ${successor.process.pid}`);
  }, 150_000);
});

function searchFor(filter: SearchRequest["filter"]): SearchRequest {
  return {
    ...{ type: "searchRequest", baseObject: baseDn, scope: "wholeSubtree", derefAliases: "neverDerefAliases" },
    ...{ sizeLimit: 0, timeLimit: 0, typesOnly: false, filter, attributes: ["uid"] },
  };
}

async function added(writer: Wire, name: string) {
  const add: AddRequest = {
    type: "addRequest",
    entry: `cn=${name},${baseDn}`,
    attributes: [
      { type: "objectClass", values: [Buffer.from("organizationalRole")] },
      { type: "cn", values: [Buffer.from(name)] },
    ],
  };
  return (await writer.request(add)).last.protocolOp;
}

/** A node that was lost, came back and was lost again is held down for half a minute. */
async function allUp(proxy: ProxyServer): Promise<void> {
  await until("every node to be up", async () => (await proxy.control("status")).exitCode === 0, {
    timeoutMs: 90_000,
    intervalMs: 500,
  });
}

/** What `espalier proxy status` says of a node. */
async function statusOf(proxy: ProxyServer, { name }: LosableNode) {
  const { stdout } = await proxy.control("status", "--json");
  const { tiers } = JSON.parse(stdout) as { tiers: { backends: { name: string; admin: string; pending: number }[] }[] };
  const backend = tiers.flatMap(({ backends }) => backends).find((each) => each.name === name);
  if (backend === undefined) throw new Error(`status does not know ${name}: ${stdout}`);
  return backend;
}
