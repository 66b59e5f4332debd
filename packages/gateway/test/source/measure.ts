import { monitorEventLoopDelay } from "node:perf_hooks";
import { startMariadb } from "../../../../tests/lab/mariadb.ts";
import { startPostgres } from "../../../../tests/lab/postgres.ts";
import { parseUser } from "../../src/source/row.ts";
import { openSource } from "../../src/source/source.ts";
import { directorySql, documentedQueries, inBackticks } from "./directory.ts";

async function reads(label: string, source: ReturnType<typeof openSource>, callers: number) {
  let n = 0,
    bad = 0;
  const t0 = performance.now(),
    end = t0 + 2000;
  const cpu0 = process.cpuUsage();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) {
        const name = "user" + (1 + Math.floor(Math.random() * 10000));
        const r = await source.user(name);
        if (r?.username !== name) bad++;
        n++;
      }
    }),
  );
  const dt = performance.now() - t0;
  const cpu = process.cpuUsage(cpu0);
  console.log(
    label,
    "callers",
    callers,
    Math.round((n / dt) * 1000) + "/s",
    "bad",
    bad,
    "cpu us/read",
    Math.round((cpu.user + cpu.system) / n),
  );
}
if (process.argv[2] !== "maria") {
  await using pg = await startPostgres();
  const N = Number(process.argv[3] ?? 10000);
  await pg.psql(
    directorySql +
      `INSERT INTO "Users" SELECT n, 'user'||(n-10000), 3001, 'Given', 'Surname', 'Given Surname '||n, 'user'||n||'@example.com', '/home/user'||n, repeat('x', 80) FROM generate_series(10001, ${10000 + N}) n; INSERT INTO "Groups" SELECT n, 'group'||n FROM generate_series(4000,4499) n; INSERT INTO "UserGroups" SELECT n, 4000 + (n*7+k*131) % 500 FROM generate_series(10001,${10000 + N}) n, generate_series(0,2) k ON CONFLICT DO NOTHING; ANALYZE`,
  );
  const source = openSource({ url: pg.url, queries: documentedQueries });
  for (const c of [1, 16, 64]) await reads("pg", source, c);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  let t = performance.now(),
    n = 0;
  const names: string[] = [];
  for await (const b of source.users()) {
    n += b.length;
    for (const r of b) {
      const p = parseUser(r);
      if ("user" in p) names.push(p.user.username);
    }
  }
  loop.disable();
  console.log(
    "users",
    n,
    Math.round(performance.now() - t) + "ms",
    "loop p99",
    loop.percentile(99) / 1e6,
    "max",
    loop.max / 1e6,
    "rss",
    Math.round(process.memoryUsage().rss / 1e6),
  );
  const loop2 = monitorEventLoopDelay({ resolution: 1 });
  loop2.enable();
  t = performance.now();
  n = 0;
  let biggest = 0;
  for await (const b of source.memberships(names)) {
    n += b.length;
    biggest = Math.max(biggest, b.length);
  }
  loop2.disable();
  console.log(
    "memberships",
    n,
    Math.round(performance.now() - t) + "ms",
    "loop p99",
    loop2.percentile(99) / 1e6,
    "max",
    loop2.max / 1e6,
    "rss",
    Math.round(process.memoryUsage().rss / 1e6),
  );
  await source.close();
} else {
  await using my = await startMariadb();
  await my.sql(
    directorySql.replaceAll('"', "`") +
      "INSERT INTO Users SELECT seq, CONCAT('user', seq-10000), 3001, 'Given','Surname','Given Surname','a@b','/home/u',REPEAT('x',80) FROM seq_10001_to_20000; INSERT INTO UserGroups SELECT seq, 3001 FROM seq_10001_to_20000; ANALYZE TABLE Users",
  );
  const source = openSource({ url: my.url, queries: inBackticks(documentedQueries) });
  for (const c of [1, 16, 64]) await reads("maria", source, c);
  const names: string[] = [];
  let t = performance.now();
  for await (const b of source.users()) for (const r of b) names.push(String(r.username));
  console.log("users", names.length, performance.now() - t);
  t = performance.now();
  let n = 0;
  for await (const b of source.memberships(names)) n += b.length;
  console.log("memberships", n, performance.now() - t);
  await source.close();
}
