/** Strangers' searches at a 389 Directory Server, with the proxy in front of it and without. */
import { startDirectory389, startProxy } from "@espalier/tests/lab";
import { type LoadResult, runLoad } from "./load-generator.ts";
import { baseDn, byUid, type ProxySite } from "./proxy-site.ts";
import { formatTable, median, whole } from "./table.ts";

const crowds = [4, 8, 16, 64];

export async function measureDirectory389(site: ProxySite): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(await startDirectory389({ baseDn, ldif: site.ldif }));
  const configuration = { tiers: [{ backends: [server.url] }] };
  const proxy = cleanup.use(await startProxy({ configuration, discardsLog: true }));
  const lines: string[][] = [];
  for (const connections of crowds) {
    const load = { ...byUid, mode: "search", connections } as const;
    const [direct, through]: [LoadResult[], LoadResult[]] = [[], []];
    for (let round = 0; round < site.rounds; round += 1) {
      direct.push(await runLoad(server.port, load, site.seconds));
      through.push(await runLoad(proxy.port, load, site.seconds));
    }
    const [without, withProxy] = [rate(direct), rate(through)];
    lines.push([
      `${connections} clients`,
      ...[whole(without), p99(direct), whole(withProxy), p99(through), (withProxy / without).toFixed(2)],
      whole([...direct, ...through].reduce((sum, { faults }) => sum + faults, 0)),
    ]);
  }
  const head = ["389 Directory Server", "searches/s", "p99 ms", "through the proxy", "p99 ms", "ratio", "failed"];
  console.log(`\n${formatTable(head, lines)}`);
}

function rate(results: readonly LoadResult[]): number {
  return median(results.map(({ operationsPerSecond }) => operationsPerSecond));
}

function p99(results: readonly LoadResult[]): string {
  return (median(results.map(({ p99Microseconds }) => p99Microseconds)) / 1000).toFixed(1);
}
