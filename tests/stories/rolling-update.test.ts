/**
 * Rolling update: ldap1 and then ldap2 are updated by the steps of the guides while people log in, and no login fails.
 * An update is an end by SIGTERM and a start with another setting, which both answer by in the end.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  freePort,
  ldapsearch,
  type Population,
  person,
  requirePrograms,
  type Sssd,
  sssdPrograms,
  sssdTurnTimeoutMs,
  startSssd,
  succeed,
  until,
} from "@espalier/tests/lab";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DirectoryLoad } from "./directory-load.ts";
import { baseDn, type GatewayNode, type GatewayPair, startGatewayPair } from "./gateway-pair.ts";
import { repeatedLogins } from "./logins.ts";
import { Machine } from "./machine.ts";
import { Repetition } from "./repetition.ts";
import { Stopwatch } from "./stopwatch.ts";

const describe = requirePrograms(
  {
    ...{ postgres: "postgresql-15", openssl: "openssl", ldapwhoami: "ldap-utils", gcc: "gcc" },
    "/usr/include/openssl/ssl.h": "libssl-dev",
    ...sssdPrograms,
  },
  { root: true },
);

const names = Array.from({ length: 20 }, (_, index) => `user${index}`);
const population: Population = {
  users: names.map((name, index) => person(name, 2001 + index, { gidNumber: 3001 })),
  groups: [{ name: "staff", gidNumber: 3001, members: names }],
};
const dnOf = (name: string) => `uid=${name},${baseDn}`;
/** On a machine with other work. */
const patience = { timeoutMs: 120_000, intervalMs: 100 };
const timeout = sssdTurnTimeoutMs + 300_000;
const onlyGranted = { granted: expect.any(Number) };

describe("ldap1 and then ldap2 are updated", () => {
  const cleanup = new AsyncDisposableStack();
  let pair: GatewayPair;
  let nodes: readonly GatewayNode[];
  beforeAll(async () => {
    pair = cleanup.use(await startGatewayPair(population));
    nodes = [pair.ldap1, pair.ldap2];
  });
  afterAll(() => cleanup.disposeAsync());

  const addressOf = ({ address, port }: GatewayNode) => `ldaps://${address}:${port}`;

  /** Whether users who have no mail address are given one: what an update changes. */
  async function update({ machine, configuration }: GatewayNode, inventMail: boolean): Promise<void> {
    await machine.configure(configuration({ inventMail }));
    expect(await machine.stop()).toBe(0);
    await machine.start();
  }

  async function mailsOfUser1(): Promise<unknown> {
    const { authority } = pair;
    const search = { base: baseDn, filter: "(uid=user1)", attributes: ["mail"], authority: authority.certificate };
    const found = await Promise.all(nodes.map((node) => ldapsearch(addressOf(node), search)));
    return found.map(({ entries }) => entries.map(({ attributes }) => attributes.mail));
  }

  /** What the guide has the administrator ask once a node is updated. */
  async function whoAmI(node: GatewayNode): Promise<string> {
    return succeed("ldapwhoami", ["-x", "-H", addressOf(node), "-D", dnOf("user0"), "-w", "pw-user0"], {
      environment: { LDAPTLS_CACERT: pair.authority.certificate, LDAPTLS_REQCERT: "demand" },
    });
  }

  async function startClient(uris: readonly string[]): Promise<Sssd> {
    const sssd = await startSssd({
      hosts: { ...pair.hosts, ldap: "127.0.0.1" },
      settings: {
        id_provider: "ldap",
        auth_provider: "ldap",
        ldap_uri: uris.join(", "),
        ldap_search_base: baseDn,
        ldap_tls_reqcert: "demand",
        ldap_tls_cacert: pair.authority.certificate,
      },
    });
    await until("SSSD to find a user", () => sssd.passwd("user0"), patience);
    return sssd;
  }

  /** A program that names both, logs in and searches, and does not try again. */
  async function logInOnce(round: number): Promise<string> {
    const name = names[round % names.length]!;
    const { resultCode, entries, diagnostics } = await ldapsearch(nodes.map(addressOf).join(" "), {
      ...{ base: baseDn, filter: `(uid=${name})`, attributes: ["uid"], authority: pair.authority.certificate },
      options: ["-D", dnOf(name), "-w", `pw-${name}`],
    });
    return resultCode === 0 && entries[0]?.dn === dnOf(name) ? "granted" : `${resultCode} ${diagnostics.trim()}`;
  }

  /** docs/proxmox.md */
  it("and no login fails where SSSD and programs name both", { timeout }, async () => {
    await using sssd = await startClient(nodes.map(({ url }) => url));
    const stopwatch = new Stopwatch("Rolling update, clients name both gateways");
    await using logins = repeatedLogins(sssd, names);
    await using programs = new Repetition(logInOnce, 2);
    await stopwatch.time("logins", () => Promise.all([logins.more(10), programs.more(10)]));
    for (const node of nodes) {
      await stopwatch.time(`${node.name} updated`, () => update(node, false));
      expect(await whoAmI(node)).toBe(`dn:${dnOf("user0")}\n`);
      // The wait is a step of the guide.
      if (node === pair.ldap1) await stopwatch.time("40 seconds", () => delay(40_000));
    }
    await stopwatch.time("logins", () => Promise.all([logins.more(20), programs.more(20)]));
    stopwatch.print();
    expect([await logins.end(), await programs.end()]).toEqual([onlyGranted, onlyGranted]);
    expect(await mailsOfUser1()).toEqual([[undefined], [undefined]]);
  });

  /** docs/containers.md, and docs/operations.md for those that are set aside. */
  it("and nothing fails of what is asked of the proxy, be they set aside for it or not", { timeout }, async () => {
    const port = await freePort();
    await using proxy = await startProxy(port);
    await using sssd = await startClient([`ldaps://ldap:${port}`]);
    const stopwatch = new Stopwatch("Rolling update behind the proxy");
    await using logins = repeatedLogins(sssd, names);
    await using load = await DirectoryLoad.start(port, {
      ...{ mode: "auth", connections: 2, tls: true, users: names.length, entries: 1 },
      ...{ bindDn: dnOf("user%d"), password: "pw-user%d" },
    });
    await stopwatch.time("logins", () => logins.more(10));
    for (const node of nodes) {
      await stopwatch.time(`${node.name} updated`, () => update(node, true));
      await stopwatch.time("the proxy has found it", () => allUp(proxy));
    }
    expect(await mailsOfUser1()).toEqual([[["user1@example.com"]], [["user1@example.com"]]]);
    for (const node of nodes) {
      await succeedAt(proxy, "drain", node.name);
      await stopwatch.time(`${node.name} updated, and set aside for it`, () => update(node, false));
      await succeedAt(proxy, "ready", node.name);
    }
    await stopwatch.time("logins", () => logins.more(20));
    const { operations, faults } = await load.end();
    stopwatch.print();
    process.stdout.write(`  ${operations} logins by ldapload\n`);
    expect([await logins.end(), faults]).toEqual([onlyGranted, 0]);
    expect(await mailsOfUser1()).toEqual([[undefined], [undefined]]);
  });

  async function startProxy(port: number): Promise<Machine> {
    const { certificate, privateKey } = await pair.authority.issue("ldap", ["ldap"]);
    return Machine.start({
      service: "proxy",
      configuration: {
        proxy: {
          listen: [`ldaps://127.0.0.1:${port}`],
          tls: { certPath: certificate, keyPath: privateKey },
          upstream: { caPath: pair.authority.certificate },
          tiers: [{ backends: nodes.map((node) => ({ name: node.name, url: addressOf(node) })) }],
        },
      },
    });
  }

  async function allUp(proxy: Machine): Promise<void> {
    await until(
      "every backend to be up",
      async () => (await proxy.command("proxy", "status")).exitCode === 0,
      patience,
    );
  }

  async function succeedAt(proxy: Machine, ...words: string[]): Promise<void> {
    expect(await proxy.command("proxy", ...words)).toMatchObject({ exitCode: 0 });
  }
});
