/** Many clients, idle ones and greedy ones: how few connections and how little memory they cost, and whom they harm. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeMessage, type SearchRequest } from "@espalier/ldap";
import type { Slapd } from "@espalier/tests/lab";
import { runLoad } from "./load-generator.ts";
import { megabytes, residentBytes, settledBytes } from "./memory.ts";
import { connectionsTo, peak } from "./process-figures.ts";
import { type Front, type FrontOptions, proxyConfiguration, startEspalier, startHaproxyFront } from "./proxy-fronts.ts";
import { baseDn, churn, kept, type ProxySite, startSiteSlapd, users } from "./proxy-site.ts";
import { formatTable, median, whole } from "./table.ts";

const idleClients = 5_000;
/** Binds under way at a time. */
const openedAtOnce = 50;
/** Health checks have a connection of their own, beside those that clients share. */
const checkConnections = 1;

const searchEverything: SearchRequest = {
  type: "searchRequest",
  baseObject: baseDn,
  scope: "wholeSubtree",
  derefAliases: "neverDerefAliases",
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "present", attribute: "objectClass" },
  attributes: [],
};

export async function measureCrowds(site: ProxySite): Promise<void> {
  await using slapd = await startSiteSlapd(site);
  const options: FrontOptions = { servers: [slapd.ldapsPort!], authority: site.certificate.authority };
  await manyOnFew(site, slapd, options);
  await besideAGreedyClient(site, slapd, options);
  await manyIdle(slapd, options);
}

/** 64 clients at work over a stated number of upstream connections. */
async function manyOnFew(site: ProxySite, slapd: Slapd, options: FrontOptions): Promise<void> {
  const setups = [
    {
      name: "Espalier, proxyauthz",
      most: 8,
      configuration: proxyConfiguration(options, "proxyauthz", slapd, {
        upstream: { caPath: options.authority, maxConnections: 8, sharedConnections: 4, bindConnections: 4 },
      }),
    },
    {
      name: "Espalier, session",
      most: 64,
      configuration: proxyConfiguration(options, "session", slapd, {
        upstream: { caPath: options.authority, maxConnections: 64 },
      }),
    },
  ];
  const lines: string[][] = [];
  for (const { name, most: allowed, configuration } of setups) {
    await using front = await startEspalier(configuration, name);
    for (const load of [kept, churn]) {
      const work = runLoad(front.port, { ...load, connections: 64 }, site.seconds);
      const { result, most } = await peak(() => connectionsTo(front.pid, options.servers), work);
      lines.push([
        ...[name, load === kept ? "searches, kept" : "connect, bind, search"],
        ...[
          whole(result.operationsPerSecond),
          `${most} of ${allowed} + ${checkConnections}`,
          whole(result.faults),
          "0",
        ],
        result.faults === 0 && most <= allowed + checkConnections ? "yes" : "no",
      ]);
    }
  }
  const head = ["64 clients", "work", "a second", "upstream", "faults", "target", "met"];
  console.log(`\n${formatTable(head, lines)}`);
}

/** A bystander's searches without and with a client that asks for the whole directory again and again and reads nothing. */
async function besideAGreedyClient(site: ProxySite, slapd: Slapd, options: FrontOptions): Promise<void> {
  const lines: string[][] = [];
  const measure = async (front: Front, isOurs: boolean) => {
    const bystander = { ...kept, connections: 4 };
    const p99 = async () => (await runLoad(front.port, bystander, site.seconds)).p99Microseconds;
    await runLoad(front.port, bystander, 2);
    const alone: number[] = [];
    const beside: number[] = [];
    let before = 0;
    let most = 0;
    let faults = 0;
    for (let round = 0; round < site.rounds; round += 1) {
      alone.push(await p99());
      before = Math.max(before, await residentBytes(front.pid));
      const greedy = await openBound(front.port, 0);
      greedy.pause();
      for (let id = 2; id < 22; id += 1) {
        greedy.write(encodeMessage({ messageId: id, protocolOp: searchEverything, controls: [] }));
      }
      const during = await peak(() => residentBytes(front.pid), runLoad(front.port, bystander, site.seconds));
      beside.push(during.result.p99Microseconds);
      faults += during.result.faults;
      most = Math.max(most, during.most);
      greedy.destroy();
    }
    const ratio = median(beside) / median(alone);
    const milliseconds = (values: readonly number[]) => (median(values) / 1000).toFixed(1);
    lines.push([
      ...[front.name, milliseconds(alone), milliseconds(beside), ratio.toFixed(2)],
      ...(isOurs ? ["≤ 2", ratio <= 2 && faults === 0 ? "yes" : "no"] : ["", ""]),
      ...[whole(faults), megabytes(before), megabytes(most)],
    ]);
  };
  for (const mode of ["session", "proxyauthz"] as const) {
    await using front = await startEspalier(proxyConfiguration(options, mode, slapd), `Espalier, ${mode}`);
    await measure(front, true);
  }
  await using haproxy = await startHaproxyFront(options);
  await measure(haproxy, false);
  const head = [
    ...["beside a client that reads nothing", "p99 ms without", "with", "ratio", "target", "met", "faults"],
    ...["memory without", "at most with"],
  ];
  console.log(`\n${formatTable(head, lines)}`);
}

/** Clients that bound once and then do nothing. */
async function manyIdle(slapd: Slapd, options: FrontOptions): Promise<void> {
  const lines: string[][] = [];
  const measure = async (front: Front, target: number | undefined) => {
    const before = await settledBytes(front.pid, 5);
    const clients: Socket[] = [];
    while (clients.length < idleClients) {
      const batch = Math.min(openedAtOnce, idleClients - clients.length);
      const from = clients.length;
      clients.push(...(await Promise.all(Array.from({ length: batch }, (_, i) => openBound(front.port, from + i)))));
    }
    const upstream = connectionsTo(front.pid, options.servers);
    const during = await settledBytes(front.pid, 10);
    const lost = clients.filter((client) => client.closed).length;
    for (const client of clients) client.destroy();
    lines.push([
      ...[front.name, megabytes(before), megabytes(during)],
      `${((during - before) / idleClients / 1000).toFixed(1)} kB`,
      ...[whole(upstream), target === undefined ? "" : `≤ ${target}`],
      target === undefined ? "" : upstream <= target && lost === 0 ? "yes" : "no",
      whole(lost),
    ]);
  };
  const limits = { connections: idleClients + 100, connectionsPerAddress: idleClients + 100 };
  const configuration = proxyConfiguration(options, "proxyauthz", slapd, { limits });
  {
    await using front = await startEspalier(configuration, "Espalier, proxyauthz");
    await measure(front, 16);
  }
  await using haproxy = await startHaproxyFront(options);
  await measure(haproxy, undefined);
  const head = [
    ...[`${whole(idleClients)} idle bound clients`, "memory before", "with them", "each", "upstream", "target", "met"],
    "lost",
  ];
  console.log(`\n${formatTable(head, lines)}`);
}

/** A plain connection on which a user has bound. */
async function openBound(port: number, index: number): Promise<Socket> {
  const user = index % users;
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  const authentication = { type: "simple", password: Buffer.from(`pw-${user}`) } as const;
  const name = `uid=user${user},${baseDn}`;
  socket.write(
    encodeMessage({
      messageId: 1,
      protocolOp: { type: "bindRequest", version: 3, name, authentication },
      controls: [],
    }),
  );
  await once(socket, "data");
  socket.on("error", () => undefined);
  return socket;
}
