/** What clients see while one of two servers is lost in each of the ways in which servers are lost. */
import { setTimeout as delay } from "node:timers/promises";
import { type FaultName, faultNames, faults, type LosableServer, Relay } from "@espalier/tests/lab";
import { type Load, type LoadResult, runLoad } from "./load-generator.ts";
import { type Front, type FrontOptions, proxyConfiguration, startEspalier, startHaproxyFront } from "./proxy-fronts.ts";
import { churn, kept, type ProxySite, startSiteSlapd } from "./proxy-site.ts";
import { formatTable, whole } from "./table.ts";

/** When, in a load that begins with a second of warm-up, the server is lost, and for how long it stays so. */
const faultAfterMs = 3_000;
const loadSeconds = 14;

/** The check's time-out, after which a hung server is given up. */
const hungMs = 2_000;

/** How much longer than without the fault an operation may take. */
const addedMs: Readonly<Record<FaultName, number>> = { killed: 50, frozen: hungMs, reset: 50, "black-holed": hungMs };

const loads: readonly { readonly work: string; readonly load: Load }[] = [
  { work: "searches, kept", load: kept },
  { work: "connect, bind, search", load: churn },
];

export async function measureFaults(site: ProxySite): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const first = cleanup.use(await startSiteSlapd(site));
  const second = cleanup.use(await startSiteSlapd(site));
  const relay = cleanup.use(await Relay.start(first.ldapsPort!));
  const options: FrontOptions = { servers: [relay.port, second.ldapsPort!], authority: site.certificate.authority };
  const starters: readonly (() => Promise<Front>)[] = [
    () => startEspalier(proxyConfiguration(options, "session", first), "Espalier, session"),
    () => startEspalier(proxyConfiguration(options, "proxyauthz", first), "Espalier, proxyauthz"),
    () => startHaproxyFront(options),
  ];
  const lines: string[][] = [];
  const longestWithout = new Map<string, number>();
  for (const fault of [undefined, ...faultNames]) {
    for (const { work, load } of loads) {
      for (const start of starters) {
        await using front = await start();
        const losable = { process: first.process, relay, restart: () => first.restart() };
        const result = await loadWithFault(front, load, fault, losable);
        const key = `${work} ${front.name}`;
        if (fault === undefined) longestWithout.set(key, result.maxMicroseconds);
        const line = formatLine(fault, work, front, result, longestWithout.get(key) ?? 0);
        console.log(line.join("  "));
        lines.push(line);
      }
    }
  }
  const head = ["fault", "work", "front", "a second", "failed", "longest ms", "without", "target", "met"];
  console.log(`\n${formatTable(head, lines)}`);
}

async function loadWithFault(
  front: Front,
  load: Load,
  fault: FaultName | undefined,
  server: LosableServer,
): Promise<LoadResult> {
  // What was compiled before does not count as waiting for a server.
  await runLoad(front.port, load, 2);
  const working = runLoad(front.port, load, loadSeconds);
  await delay(faultAfterMs);
  if (fault === undefined) return working;
  await faults[fault].begin(server);
  try {
    return await working;
  } finally {
    await faults[fault].end(server);
  }
}

function formatLine(
  fault: FaultName | undefined,
  work: string,
  front: Front,
  result: LoadResult,
  withoutUs: number,
): string[] {
  const added = (result.maxMicroseconds - withoutUs) / 1000;
  const allowed = fault === undefined ? 0 : addedMs[fault];
  const isPromised = front.name.startsWith("Espalier") && fault !== undefined;
  return [
    ...[fault ?? "none", work, front.name, whole(result.operationsPerSecond), whole(result.faults)],
    ...[whole(result.maxMicroseconds / 1000), whole(withoutUs / 1000)],
    isPromised ? `0 failed, + ${whole(allowed)} ms` : "",
    isPromised ? (result.faults === 0 && added <= allowed ? "yes" : "no") : "",
  ];
}
