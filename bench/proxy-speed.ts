/** How fast: Espalier's proxy, HAProxy, stunnel and one that only copies bytes, in front of the same slapd, the same load, taken in turns. */
import { startHaproxy } from "@espalier/tests/lab";
import { type Load, type LoadResult, runLoad } from "./load-generator.ts";
import { connectionsTo, peak, processorSeconds } from "./process-figures.ts";
import {
  type Front,
  type FrontOptions,
  type ProxyMode,
  proxyConfiguration,
  startBareFront,
  startEspalier,
  startHaproxyFront,
  startStunnelFront,
} from "./proxy-fronts.ts";
import { asUser, byUid, churn, kept, type ProxySite, startSiteSlapd, users } from "./proxy-site.ts";
import { formatTable, median, whole } from "./table.ts";

interface Row {
  readonly work: string;
  readonly modes: readonly ProxyMode[];
  readonly load: Load;
  /** True: the servers' TLS is OpenSSL's, which resumes sessions; Debian's slapd, with GnuTLS, does not. */
  readonly resumes?: boolean;
  /** Beside a proxy that only copies bytes. */
  readonly bare?: boolean;
  /** What counts: operations unless said. */
  readonly unit?: "MB";
  /** The least ratio to HAProxy that was promised. */
  readonly target?: number;
  /** The largest share of HAProxy's 99th percentile that was promised. */
  readonly latencyTarget?: number;
}

const rows: readonly Row[] = [
  {
    work: "connect, bind, search, unbind",
    modes: ["session", "proxyauthz"],
    load: churn,
    target: 5,
    latencyTarget: 0.5,
  },
  {
    work: "the same, TLS sessions resumed",
    modes: ["session", "proxyauthz"],
    load: churn,
    resumes: true,
    target: 3,
  },
  { work: "searches on kept connections", modes: ["session", "proxyauthz"], load: kept, target: 1, bare: true },
  { work: "the same, 4 in flight on each", modes: ["session", "proxyauthz"], load: { ...kept, inFlight: 4 } },
  { work: "anonymous searches", modes: ["session"], load: { ...byUid, mode: "search", connections: 16 } },
  {
    work: `${whole(users)} entries in one search, MB/s`,
    modes: ["session", "proxyauthz"],
    load: { ...asUser, users, mode: "search", connections: 4, filter: "(objectClass=posixAccount)", entries: users },
    unit: "MB",
    target: 0.75,
  },
];

/** What was measured of one front at one work. */
interface Measured {
  readonly result: LoadResult;
  readonly proxyMicroseconds: number;
  readonly serverMicroseconds: number;
  readonly connections: number;
}

const head = [
  ...["work", "front", "a second", "ratio", "target", "met", "p50 ms", "p99 ms"],
  ...["proxy CPU µs", "slapd CPU µs", "upstream", "faults"],
];

/** @param only just the rows whose description has this text. */
export async function measureSpeed(site: ProxySite, only: string): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const slapd = cleanup.use(await startSiteSlapd(site));
  const { certificate } = site;
  const terminator = cleanup.use(await startHaproxy({ servers: [slapd.port], certificate }));
  const lines: string[][] = [];
  for (const row of rows.filter(({ work }) => work.includes(only))) {
    const server = row.resumes === true ? terminator.port : slapd.ldapsPort!;
    const options: FrontOptions = { servers: [server], authority: certificate.authority };
    await using fronts = new AsyncDisposableStack();
    const ours = await Promise.all(
      row.modes.map(async (mode) =>
        fronts.use(await startEspalier(proxyConfiguration(options, mode, slapd), `Espalier, ${mode}`)),
      ),
    );
    const haproxy = fronts.use(await startHaproxyFront(options));
    const stunnel = fronts.use(await startStunnelFront(options));
    const bare = row.bare === true ? [fronts.use(await startBareFront(options))] : [];
    const measured = await inTurns([...ours, haproxy, stunnel, ...bare], row.load, server, slapd.process.pid, site);
    for (const [front, rounds] of measured) {
      const line = formatRow(row, front, rounds, measured.get(haproxy) ?? []);
      console.log(line.join("  "));
      lines.push(line);
    }
  }
  console.log(`\n${formatTable(head, lines)}`);
}

async function inTurns(
  fronts: readonly Front[],
  load: Load,
  server: number,
  serverPid: number,
  { rounds, seconds }: ProxySite,
): Promise<Map<Front, Measured[]>> {
  const measured = new Map<Front, Measured[]>(fronts.map((front) => [front, []]));
  // Proxies run for days: what the first thousands of operations cost to compile is not what is measured.
  for (const front of fronts) await runLoad(front.port, load, 2);
  for (let round = 0; round < rounds; round += 1) {
    for (const front of fronts) measured.get(front)?.push(await measure(front, load, server, serverPid, seconds));
  }
  return measured;
}

async function measure(
  { port, pid }: Front,
  load: Load,
  server: number,
  serverPid: number,
  seconds: number,
): Promise<Measured> {
  const before = await Promise.all([processorSeconds(pid), processorSeconds(serverPid)]);
  const work = runLoad(port, load, seconds);
  const { result, most } = await peak(() => connectionsTo(pid, [server]), work);
  const after = await Promise.all([processorSeconds(pid), processorSeconds(serverPid)]);
  const each = (index: 0 | 1) => ((after[index] - before[index]) / result.operations) * 1e6;
  return { result, proxyMicroseconds: each(0), serverMicroseconds: each(1), connections: most };
}

function formatRow(row: Row, front: Front, rounds: readonly Measured[], haproxy: readonly Measured[]): string[] {
  const figure = (of: readonly Measured[], read: (measured: Measured) => number) => median(of.map(read));
  const rate = ({ result }: Measured) => (row.unit === "MB" ? result.bytesPerSecond / 1e6 : result.operationsPerSecond);
  const p99 = ({ result }: Measured) => result.p99Microseconds;
  const ratio = figure(rounds, rate) / figure(haproxy, rate);
  const latencyRatio = figure(rounds, p99) / figure(haproxy, p99);
  const faults = rounds.reduce((sum, { result }) => sum + result.faults, 0);
  const milliseconds = (microseconds: number) => (microseconds / 1000).toFixed(1);
  const isOurs = front.name.startsWith("Espalier");
  const promises = isOurs ? [row.target, row.latencyTarget] : [];
  const [target, latencyTarget] = promises;
  const isMet = ratio >= (target ?? 0) && latencyRatio <= (latencyTarget ?? Number.POSITIVE_INFINITY);
  return [
    row.work,
    front.name,
    whole(figure(rounds, rate)),
    ratio.toFixed(2),
    [
      ...(target === undefined ? [] : [`≥ ${target}`]),
      ...(latencyTarget === undefined ? [] : [`p99 ≤ ${latencyTarget}`]),
    ].join(", "),
    verdict(isOurs && target !== undefined, isMet && faults === 0),
    milliseconds(figure(rounds, ({ result }) => result.medianMicroseconds)),
    milliseconds(figure(rounds, p99)),
    whole(figure(rounds, ({ proxyMicroseconds }) => proxyMicroseconds)),
    whole(figure(rounds, ({ serverMicroseconds }) => serverMicroseconds)),
    whole(Math.max(...rounds.map(({ connections }) => connections))),
    whole(faults),
  ];
}

function verdict(isPromised: boolean, isMet: boolean): string {
  if (!isPromised) return "";
  return isMet ? "yes" : "no";
}
