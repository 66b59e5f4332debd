/** How long a search waits while the gateway reads 100,000 users again, of whom some changed. */
import { parseArgs } from "node:util";
import {
  fillPostgres,
  type Gateway,
  ldapsearch,
  type Postgres,
  startGateway,
  startPostgres,
  uniformPopulation,
  until,
} from "@espalier/tests/lab";
import { buildLoadGenerator, runLoad } from "./load-generator.ts";
import { formatTable, whole } from "./table.ts";

const baseDn = "dc=example,dc=com";

const help = `npm run bench -- refresh [--users 100000] [--changes 100] [--rounds 5]
  --users    in the directory
  --changes  rows changed before each refresh
  --rounds   refreshes with changes that are watched`;

export async function benchRefresh(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      users: { type: "string", default: "100000" },
      changes: { type: "string", default: "100" },
      rounds: { type: "string", default: "5" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  const users = Number(values.users);
  const changes = Number(values.changes);
  await buildLoadGenerator();
  await using postgres = await startPostgres();
  const sql = await fillPostgres(postgres, uniformPopulation({ users, groups: users / 20, groupsPerUser: 1 }));
  await using gateway = await startGateway({
    environment: { ...sql, LDAP_BASE_DN: baseDn, LOG_LEVEL: "warn" },
    readyTimeoutMs: 120_000,
    discardsLog: true,
  });
  const lines = [["unchanged rows", "", ...(await watchSearches(gateway, users, 12))]];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const [figures, tookMs] = await Promise.all([
      watchSearches(gateway, users, 12),
      changeRows(postgres, gateway, { round, changes, users }),
    ]);
    lines.push([`${changes} changed rows`, `${(tookMs / 1000).toFixed(1)} s`, ...figures]);
  }
  const head = [`12 s with ${whole(users)} users`, "served after", "searches/s", "median", "longest"];
  console.log(formatTable(head, lines));
  console.log("\nTarget: no search waits longer than 20 ms.");
}

/** One connection that searches again and again, its next request sent when the answer to the last has come. */
async function watchSearches(gateway: Gateway, users: number, seconds: number): Promise<string[]> {
  const load = { mode: "search", connections: 1, filter: "(uid=user%d)", entries: 1, users } as const;
  const { operationsPerSecond, medianMicroseconds, maxMicroseconds, faults } = await runLoad(
    gateway.port,
    load,
    seconds,
  );
  if (faults > 0) return ["void", "", ""];
  return [whole(operationsPerSecond), `${medianMicroseconds} µs`, `${(maxMicroseconds / 1000).toFixed(1)} ms`];
}

/** Changes rows all over the table and returns how many milliseconds later the last of them is served. */
async function changeRows(
  postgres: Postgres,
  gateway: Gateway,
  { round, changes, users }: { round: number; changes: number; users: number },
): Promise<number> {
  const step = Math.floor(users / changes);
  const last = step * (changes - 1);
  await postgres.psql(
    `UPDATE "Users" SET "cn" = 'Changed ${round}' WHERE ("uidNumber" - 100000) % ${step} = 0 AND "uidNumber" <= ${100_000 + last}`,
  );
  const committed = performance.now();
  const filter = `(&(uid=user${last})(cn=Changed ${round}))`;
  await until(
    "the last change to be served",
    async () => (await ldapsearch(gateway.url, { base: baseDn, filter, attributes: ["1.1"] })).entries.length === 1,
    { timeoutMs: 60_000, intervalMs: 100 },
  );
  return performance.now() - committed;
}
