/**
 * The manager over two slapds with many entries: a page of a search beside ldapsearch that asks for the same page, many people at
 * once, the memory of a stream, a large group, and the comparison of two nodes.
 */
import { parseArgs } from "node:util";
import {
  formatEntries,
  type LdifEntry,
  type Manager,
  type ManagerClient,
  runCommand,
  type Slapd,
  ssha,
  startManager,
  startSlapd,
} from "@espalier/tests/lab";
import { residentBytes } from "./memory.ts";
import { peak } from "./process-figures.ts";
import { formatTable, median, whole } from "./table.ts";

const help = "npm run bench -- manager [--entries 100000] [--members 50000] [--people 200]";
const base = "dc=example,dc=com";
const pageSize = 100;
const repeats = 30;
const requestsEach = 10;
const sessions = 20;

export async function benchManager(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      entries: { type: "string", default: "100000" },
      members: { type: "string", default: "50000" },
      people: { type: "string", default: "200" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const [entries, members, people] = [Number(values.entries), Number(values.members), Number(values.people)];
  await using cleanup = new AsyncDisposableStack();
  const first = cleanup.use(await startSlapd({ ldif: formatEntries(company(entries, members)) }));
  const second = cleanup.use(await startSlapd({ ldif: await first.dump() }));
  const manager = cleanup.use(await startManager({ configuration: { clusters: [clusterOf(first, second)] } }));
  const client = await manager.signIn("main", first.rootDn, first.rootPassword);
  const rows = [
    await firstPage(client, second),
    await manyPeople(manager, people),
    await streaming(manager, client, entries),
    await largeGroup(client, members),
    await comparison(client, entries),
  ];
  console.log(formatTable(["the manager", "measured", "beside it", "target", "met"], rows));
}

function clusterOf(...slapds: readonly Slapd[]): object {
  return {
    name: "main",
    nodes: slapds.map(({ port }) => ({ host: "127.0.0.1", port })),
    base_dn: base,
    bind_dn: slapds[0]!.rootDn,
    pool: { size: 8 },
  };
}

function company(people: number, members: number): LdifEntry[] {
  const dnOf = (number: number) => `uid=user${number},ou=people,${base}`;
  const containers = ["people", "groups"].map(
    (ou): LdifEntry => ({
      dn: `ou=${ou},${base}`,
      attributes: [
        ["objectClass", ["organizationalUnit"]],
        ["ou", [ou]],
      ],
    }),
  );
  return [
    {
      dn: base,
      attributes: [
        ["objectClass", ["dcObject", "organization"]],
        ["dc", ["example"]],
        ["o", ["example"]],
      ],
    },
    ...containers,
    ...Array.from(
      { length: people },
      (_, number): LdifEntry => ({
        dn: dnOf(number),
        attributes: [
          ["objectClass", ["inetOrgPerson", "posixAccount"]],
          ["uid", [`user${number}`]],
          ["cn", [`User ${number}`]],
          ["sn", [`Number ${number}`]],
          ["mail", [`user${number}@example.com`]],
          ["uidNumber", [String(10_000 + number)]],
          ["gidNumber", ["100"]],
          ["homeDirectory", [`/home/user${number}`]],
          // The same for all, so that loading them takes seconds.
          ["userPassword", [secretOfAll]],
        ],
      }),
    ),
    {
      dn: `cn=everybody,ou=groups,${base}`,
      attributes: [
        ["objectClass", ["groupOfNames"]],
        ["cn", ["everybody"]],
        ["member", Array.from({ length: members }, (_, number) => dnOf(number))],
      ],
    },
  ];
}

const password = "password of all";
const secretOfAll = ssha(password, "all");
const searchPath = "POST /api/v1/clusters/main/search";
const search = {
  base: `ou=people,${base}`,
  filter: "(objectClass=posixAccount)",
  attributes: ["uid", "cn", "mail"],
  limit: pageSize,
};

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

/** ldapsearch in one process: it connects, binds, asks for one page and ends. */
async function firstPage(client: ManagerClient, slapd: Slapd): Promise<string[]> {
  const query = ["-x", "-LLL", "-H", slapd.url, "-D", slapd.rootDn, "-w", slapd.rootPassword, "-b", search.base];
  const page = ["-E", `pr=${pageSize}/prompt`, search.filter, ...search.attributes];
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < repeats; round += 1) {
    ours.push(await timed(() => client.get(searchPath, { body: search })));
    // It asks for the next page on a terminal; its input ends there.
    theirs.push(await timed(() => runCommand("ldapsearch", [...query, ...page])));
  }
  const ratio = median(ours) / median(theirs);
  return [
    `the first page of ${pageSize} of 100,000, ms`,
    median(ours).toFixed(1),
    `${median(theirs).toFixed(1)} (ldapsearch, its start included)`,
    `≤ 1.5 ×: ${ratio.toFixed(2)}`,
    ratio <= 1.5 ? "yes" : "no",
  ];
}

async function manyPeople(manager: Manager, people: number): Promise<string[]> {
  const durations: number[] = [];
  let failed = 0;
  // Signing in is held back where one address does it often: some sessions, each of several people.
  const clients: ManagerClient[] = [];
  for (let person = 0; person < Math.min(people, sessions); person += 1) {
    clients.push(await manager.signIn("main", `uid=user${person},ou=people,${base}`, password));
  }
  await Promise.all(
    Array.from({ length: people }, async (_, person) => {
      for (let request = 0; request < requestsEach; request += 1) {
        const filter = `(uid=user${person * requestsEach + request})`;
        const body = { ...search, filter };
        const ms = await timed(async () => {
          const answer = await clients[person % clients.length]!.ask(searchPath, { body });
          if (answer.status !== 200) failed += 1;
        });
        durations.push(ms);
      }
    }),
  );
  durations.sort((one, other) => one - other);
  const p95 = durations[Math.floor((durations.length - 1) * 0.95)] ?? 0;
  return [`${people} people search at once, p95 ms`, p95.toFixed(0), `${failed} refused`, "", ""];
}

async function streaming(manager: Manager, client: ManagerClient, entries: number): Promise<string[]> {
  const { pid } = manager.process;
  const before = await residentBytes(pid);
  const work = (async () => {
    const headers = { accept: "application/x-ndjson", "content-type": "application/json" };
    const answer = await client.fetch(searchPath, { headers, body: JSON.stringify(search) });
    let lines = 0;
    for await (const piece of answer.body!) for (const byte of piece) if (byte === 10) lines += 1;
    return lines;
  })();
  const { result, most } = await peak(() => residentBytes(pid), work);
  const megabytes = (most - before) / 1_048_576;
  return [
    `memory while ${whole(entries)} entries are streamed, MB`,
    megabytes.toFixed(0),
    `${whole(result)} lines`,
    "≤ 64",
    megabytes <= 64 ? "yes" : "no",
  ];
}

async function largeGroup(client: ManagerClient, members: number): Promise<string[]> {
  const dn = encodeURIComponent(`cn=everybody,ou=groups,${base}`);
  const path = `GET /api/v1/clusters/main/members?dn=${dn}&limit=100`;
  let cursor = "";
  const opened = await timed(async () => {
    cursor = (await client.get<{ cursor: string }>(path)).cursor;
  });
  const next = await timed(() => client.get(`${path}&cursor=${encodeURIComponent(cursor)}`));
  return [`a group of ${whole(members)} opened, ms`, opened.toFixed(0), `${next.toFixed(0)} (its next page)`, "", ""];
}

async function comparison(client: ManagerClient, entries: number): Promise<string[]> {
  let end = "";
  const ms = await timed(async () => {
    const answer = await client.fetch("POST /api/v1/clusters/main/replication/diff", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ full: true }),
    });
    end = (await answer.text()).trim().split("\n").at(-1) ?? "";
  });
  const seconds = (ms / 1_000).toFixed(1);
  return [`two nodes of ${whole(entries)} entries compared, s`, seconds, end.slice(0, 60), "", ""];
}
