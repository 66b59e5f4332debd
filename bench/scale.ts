/** The gateway with 10,000 and with 1,000,000 users from PostgreSQL: how long it loads, what a look-up costs, what a user weighs. */
import { parseArgs } from "node:util";
import { documentQueries, documentTables, type Postgres, ssha, startGateway, startPostgres } from "@espalier/tests/lab";
import { buildLoadGenerator, runLoad } from "./load-generator.ts";
import { megabytes, settledBytes } from "./memory.ts";
import { formatTable, whole } from "./table.ts";

/** Every user is in one group, and a group has this many. */
const usersPerGroup = 20;

const help = `npm run bench -- scale [--users 1000000] [--seconds 5]
  --users    the size that is compared with 10,000
  --seconds  how long each look-up is measured`;

export async function benchScale(parameters: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      users: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "5" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  await buildLoadGenerator();
  const sizes = [10, 10_000, Number(values.users)];
  const sized = [];
  for (const users of sizes) sized.push(await measureSize(users, Number(values.seconds)));
  const [empty] = sized;
  const lines = sized.map((size) => [
    whole(size.users),
    `${(size.loadMs / 1000).toFixed(1)} s`,
    ...size.lookups,
    megabytes(size.bytes),
    size === empty || empty === undefined
      ? ""
      : `${whole((size.bytes - empty.bytes) / (size.users - empty.users))} bytes`,
  ]);
  const head = [
    "users",
    "start to ready",
    "1 connection",
    "median",
    "16 connections",
    "median",
    "memory",
    "beyond the base, a user",
  ];
  console.log(formatTable(head, lines));
  console.log(
    `\nTargets: ready in under 90 s with 1,000,000 users; a look-up costs the same; at most 2,048 bytes a user.`,
  );
}

async function measureSize(users: number, seconds: number) {
  await using postgres = await startPostgres();
  await fillUniform(postgres, users);
  const environment = { SQL_URI: postgres.url, ...documentQueries("postgres"), LOG_LEVEL: "warn" };
  const started = performance.now();
  await using gateway = await startGateway({ environment, readyTimeoutMs: 600_000, discardsLog: true });
  const loadMs = performance.now() - started;
  const lookups: string[] = [];
  for (const connections of [1, 16]) {
    const load = { mode: "search", connections, filter: "(uid=user%d)", entries: 1, users } as const;
    const result = await runLoad(gateway.port, load, seconds);
    const isSound = result.faults === 0;
    lookups.push(isSound ? `${whole(result.operationsPerSecond)}/s` : "void", `${result.medianMicroseconds} µs`);
  }
  const bytes = await settledBytes(gateway.process.pid, 15);
  return { users, loadMs, lookups, bytes };
}

/** user0, user1, … made by the database itself, all with one password: a million rows take it seconds. */
async function fillUniform(postgres: Postgres, users: number): Promise<void> {
  const groups = Math.ceil(users / usersPerGroup);
  await postgres.psql(`
    ${documentTables("postgres").join(";\n")};
    INSERT INTO "Users" ("uidNumber", "uid", "gidNumber", "givenName", "cn", "sn", "mail", "homeDirectory", "userPassword", "status")
      SELECT 100000 + n, 'user' || n, 5000000 + n / ${usersPerGroup}, 'User', 'User Number' || n, 'Number' || n,
             'user' || n || '@example.com', '/home/user' || n, '${ssha("password", "everybody")}', 'active'
      FROM generate_series(0, ${users - 1}) n;
    INSERT INTO "Groups" ("gidNumber", "cn") SELECT 5000000 + n, 'group' || n FROM generate_series(0, ${groups - 1}) n;
    INSERT INTO "UserGroups" ("uidNumber", "gidNumber")
      SELECT 100000 + n, 5000000 + n / ${usersPerGroup} FROM generate_series(0, ${users - 1}) n;
    ANALYZE;`);
}
