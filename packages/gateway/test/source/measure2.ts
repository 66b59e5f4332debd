import { startPostgres } from "../../../../tests/lab/postgres.ts";
import { openSource } from "../../src/source/source.ts";
import { directorySql, documentedQueries } from "./directory.ts";
await using pg = await startPostgres();
const N = Number(process.argv[2]);
await pg.psql(directorySql + `INSERT INTO "Users" SELECT n, 'user'||(n-10000), 3001, 'Given', 'Surname', 'Given Surname '||n, 'user'||n||'@example.com', '/home/user'||n, repeat('x', 80) FROM generate_series(10001, ${10000+N}) n; INSERT INTO "Groups" SELECT n, 'group'||n FROM generate_series(4000,4499) n; INSERT INTO "UserGroups" SELECT n, 4000 + (n*7+k*131) % 500 FROM generate_series(10001,${10000+N}) n, generate_series(0,2) k ON CONFLICT DO NOTHING; ANALYZE`);
const source = openSource({ url: pg.url, queries: documentedQueries });
for (let round = 0; round < 3; round++) {
  const cpu = process.cpuUsage(); const t = performance.now(); let n = 0, b = 0; const names: string[] = [];
  for await (const batch of source.users()) { n += batch.length; b++; for (const r of batch) names.push(r.username as string); }
  const used = process.cpuUsage(cpu);
  console.log("users", n, "ms", Math.round(performance.now()-t), "cpu ms/batch", ((used.user+used.system)/1000/b).toFixed(2), "rss", Math.round(process.memoryUsage().rss/1e6));
  const t2 = performance.now(); let m = 0; const cpu2 = process.cpuUsage(); b = 0;
  for await (const batch of source.memberships(names)) { m += batch.length; b++ }
  const used2 = process.cpuUsage(cpu2);
  console.log("memberships", m, "ms", Math.round(performance.now()-t2), "cpu ms/batch", ((used2.user+used2.system)/1000/b).toFixed(2));
}
await source.close();
