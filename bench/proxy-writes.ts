/** Writes while the write node is lost: what the clients were told, and what the servers' own logs say was executed. */
import { setTimeout as delay } from "node:timers/promises";
import { type AddRequest, ResultCode } from "@espalier/ldap";
import {
  type FaultName,
  faultNames,
  faults,
  Relay,
  type SlapdMirror,
  startHaproxy,
  startProxy,
  startSlapdMirror,
  Wire,
} from "@espalier/tests/lab";
import { type FrontOptions, proxyConfiguration } from "./proxy-fronts.ts";
import { baseDn, type ProxySite } from "./proxy-site.ts";
import { formatTable, whole } from "./table.ts";

const writers = 8;
/** Between two writes of one writer: many more than the nodes replicate would prove nothing more. */
const pauseMs = 10;
const faultAfterMs = 2_000;
const faultForMs = 6_000;
const afterwardsMs = 2_000;

/** What became of each write, by the name of its entry. */
interface Outcomes {
  readonly done: Set<string>;
  /** Answered with something that says that it was not done. */
  readonly refused: Set<string>;
  /** Answered with `other`, as what may have been done is. */
  readonly inDoubt: Set<string>;
  /** The connection ended in place of an answer. */
  readonly dropped: Set<string>;
  /** Nothing came for 20 seconds. */
  readonly stuck: Set<string>;
}

export async function measureWrites(site: ProxySite): Promise<void> {
  const lines: string[][] = [];
  for (const fault of faultNames) {
    for (const isOurs of [true, false]) lines.push(await measure(site, fault, isOurs));
  }
  const head = [
    ...["fault", "front", "written", "refused", "in doubt", "dropped", "stuck"],
    ...["executed twice", "done but not executed", "refused but executed", "events", "met"],
  ];
  console.log(`\n${formatTable(head, lines)}`);
}

async function measure({ certificate, ldif }: ProxySite, fault: FaultName, isOurs: boolean): Promise<string[]> {
  await using cleanup = new AsyncDisposableStack();
  const options = { certificate, ldif, nodes: 2, serviceAccount: true, logsOperations: true };
  const mirror = cleanup.use(await startSlapdMirror(options));
  const [first, second] = mirror.nodes;
  const relay = cleanup.use(await Relay.start(first!.ldapsPort!));
  const front: FrontOptions = { servers: [relay.port, second!.ldapsPort!], authority: certificate.authority };
  const write = { backends: ["s1", "s2"], failover: "automatic", holdDown: "2s" };
  // To anonymous clients slapd does not say whether it takes writes.
  const health = { bind: { dn: first!.serviceDn, password: first!.servicePassword } };
  const configuration = proxyConfiguration(front, "session", first!, { write, health });
  const proxy = isOurs ? cleanup.use(await startProxy({ configuration })) : undefined;
  const port = proxy?.port ?? cleanup.use(await startHaproxy(front)).port;
  const isOver = new AbortController();
  const outcomes: Outcomes = {
    ...{ done: new Set(), refused: new Set(), inDoubt: new Set(), dropped: new Set(), stuck: new Set() },
  };
  const writing = Array.from({ length: writers }, (_, index) =>
    keepWriting(port, mirror, index, outcomes, isOver.signal),
  );
  const running = first!.process;
  await delay(faultAfterMs);
  const losable = { process: running, relay, restart: () => first!.restart() };
  await faults[fault].begin(losable);
  await delay(faultForMs);
  await faults[fault].end(losable);
  await delay(afterwardsMs);
  isOver.abort();
  await Promise.all(writing);
  const logs = new Set([running, first!.process, second!.process]);
  const added = count(
    [...logs].flatMap(({ log }) => Array.from(log.matchAll(/ADD dn="cn=([^,]+),/g), ([, name]) => name!)),
  );
  const twice = [...added.values()].filter((times) => times > 1).length;
  const lost = [...outcomes.done].filter((name) => !added.has(name)).length;
  const wronglyRefused = [...outcomes.refused].filter((name) => added.has(name)).length;
  const events = proxy?.events("write.in-doubt").length;
  const isMet = twice + lost + wronglyRefused === 0 && events === outcomes.inDoubt.size + outcomes.dropped.size;
  return [
    ...[fault, isOurs ? "Espalier" : "HAProxy", whole(outcomes.done.size), whole(outcomes.refused.size)],
    ...[whole(outcomes.inDoubt.size), whole(outcomes.dropped.size), whole(outcomes.stuck.size)],
    ...[whole(twice), whole(lost), whole(wronglyRefused), events === undefined ? "" : whole(events)],
    isOurs ? (isMet ? "yes" : "no") : "",
  ];
}

/** Adds one entry after the other as the root DN; a connection that ended is made anew. */
async function keepWriting(
  port: number,
  { nodes }: SlapdMirror,
  writer: number,
  outcomes: Outcomes,
  isOver: AbortSignal,
): Promise<void> {
  const { rootDn, rootPassword } = nodes[0]!;
  for (let number = 0; !isOver.aborted; ) {
    using wire = await Wire.connect(`ldap://127.0.0.1:${port}`).catch(() => undefined);
    const isBound = wire !== undefined && (await wire.bind(rootDn, rootPassword).catch(() => undefined)) === 0;
    if (!isBound) await delay(50);
    while (isBound && !wire.isClosed && !isOver.aborted) {
      number += 1;
      const name = `w${writer}-${number}`;
      outcomes[await writeOnce(wire, name)].add(name);
      await delay(pauseMs);
    }
  }
}

async function writeOnce(wire: Wire, name: string): Promise<keyof Outcomes> {
  const add: AddRequest = {
    type: "addRequest",
    entry: `cn=${name},${baseDn}`,
    attributes: [
      { type: "objectClass", values: [Buffer.from("organizationalRole")] },
      { type: "cn", values: [Buffer.from(name)] },
    ],
  };
  try {
    const { protocolOp } = (await wire.request(add)).last;
    if (!("resultCode" in protocolOp)) return "refused";
    if (protocolOp.resultCode === ResultCode.success) return "done";
    return protocolOp.resultCode === ResultCode.other ? "inDoubt" : "refused";
  } catch {
    return wire.isClosed ? "dropped" : "stuck";
  }
}

function count(names: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return times;
}
