/** What clients see while an administrator drains a server, reloads the configuration, or restarts the proxy. */
import { setTimeout as delay } from "node:timers/promises";
import { type ProxyServer, startProxy } from "@espalier/tests/lab";
import { type Load, runLoad } from "./load-generator.ts";
import { type FrontOptions, type ProxyMode, proxyConfiguration } from "./proxy-fronts.ts";
import { churn, kept, type ProxySite, startSiteSlapd } from "./proxy-site.ts";
import { formatTable, whole } from "./table.ts";

const loadSeconds = 8;
const beginAfterMs = 2_000;
const betweenMs = 2_000;

interface Act {
  readonly name: string;
  readonly load: Load;
  readonly work: string;
  perform(proxy: ProxyServer, configuration: object, cleanup: AsyncDisposableStack): Promise<void>;
}

async function drain(proxy: ProxyServer): Promise<void> {
  await succeeds(proxy, "drain", "s1");
  await delay(betweenMs);
  await succeeds(proxy, "ready", "s1");
}

async function reload(proxy: ProxyServer, configuration: object): Promise<void> {
  await proxy.reconfigure({ ...configuration, affinity: { afterWrite: "1s" } });
  await delay(betweenMs);
  await proxy.reconfigure(configuration);
}

async function restart(proxy: ProxyServer, _configuration: object, cleanup: AsyncDisposableStack): Promise<void> {
  cleanup.use(await proxy.startSuccessor());
  await proxy.process.terminate(30_000);
}

const work = { kept: "searches, kept", churn: "connect, bind, search" };

const acts: readonly Act[] = [
  { name: "drain a server, and take it back", load: kept, work: work.kept, perform: drain },
  { name: "drain a server, and take it back", load: churn, work: work.churn, perform: drain },
  { name: "reload, twice", load: kept, work: work.kept, perform: reload },
  { name: "reload, twice", load: churn, work: work.churn, perform: reload },
  { name: "restart beside a second process", load: churn, work: work.churn, perform: restart },
];

export async function measureAdministration(site: ProxySite): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const slapds = [cleanup.use(await startSiteSlapd(site)), cleanup.use(await startSiteSlapd(site))] as const;
  const servers = slapds.map(({ ldapsPort }) => ldapsPort!);
  const options: FrontOptions = { servers, authority: site.certificate.authority };
  const lines: string[][] = [];
  for (const mode of ["session", "proxyauthz"] as const) {
    for (const act of acts) lines.push(await measure(act, mode, proxyConfiguration(options, mode, slapds[0])));
  }
  const head = ["administration", "work", "Espalier", "a second", "longest ms", "failed", "target", "met"];
  console.log(`\n${formatTable(head, lines)}`);
}

async function measure(act: Act, mode: ProxyMode, configuration: object): Promise<string[]> {
  await using cleanup = new AsyncDisposableStack();
  const proxy = cleanup.use(await startProxy({ configuration }));
  await runLoad(proxy.port, act.load, 2);
  const working = runLoad(proxy.port, act.load, loadSeconds);
  await delay(beginAfterMs);
  await act.perform(proxy, configuration, cleanup);
  const { operationsPerSecond, maxMicroseconds, faults } = await working;
  return [
    ...[act.name, act.work, mode, whole(operationsPerSecond), whole(maxMicroseconds / 1000), whole(faults)],
    ...["0", faults === 0 ? "yes" : "no"],
  ];
}

async function succeeds(proxy: ProxyServer, ...words: string[]): Promise<void> {
  const { exitCode, stderr } = await proxy.control(...words);
  if (exitCode !== 0) throw new Error(`espalier proxy ${words.join(" ")} ended with ${exitCode}: ${stderr}`);
}
