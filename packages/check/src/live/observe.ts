/** Looks at everything at once; whatever hangs, it has ended after ten seconds. */
import { observeBackups } from "../backup/observe-backups.ts";
import type { Unreadable } from "../engine/project.ts";
import type { BackupReceipts } from "../observed/backup-receipts.ts";
import type { ObservedHost, ObservedQueue, ObservedStorage } from "../observed/system.ts";
import { Authorities } from "./authorities.ts";
import { type EndpointLook, observeEndpoint } from "./endpoint.ts";
import { observeHost } from "./host.ts";
import { type NodeLook, observeNode } from "./node.ts";
import type { Observation, Unseen } from "./observation.ts";
import { deadline, reasonOf } from "./probe.ts";
import { RefusedBinds } from "./refused-binds.ts";
import { type NamedReplica, observeReplication } from "./replication.ts";
import { serversOf } from "./srv.ts";
import { observeStorage } from "./storage.ts";
import { type EndpointTarget, type LiveTargets, type NodeTarget, nodeUrl } from "./targets.ts";

export interface ObserveOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Kept from one look to the next by who looks again and again. */
  readonly refused?: RefusedBinds;
}

/** Each look has a time of its own, which is shorter. */
const wholeMs = 9_500;
const lookUpMs = 2_000;
const systemMs = 5_000;
const noSignal = new AbortController().signal;

/** Never throws: what could not be looked at is part of the answer. */
export async function observe(targets: LiveTargets, options: ObserveOptions): Promise<Observation> {
  const { now, refused = new RefusedBinds() } = options;
  const signal = deadline(wholeMs, options.signal ?? noSignal);
  const authorities = new Authorities();
  await using stack = new AsyncDisposableStack();
  const system = observeSystem(targets, signal);
  const found = await Promise.all(targets.nodes.map((node) => serversOf(node, deadline(lookUpMs, signal))));
  const nodes = found.flatMap((each) => each.nodes);
  const endpoints = distinct([...nodes.flatMap(endpointOf), ...targets.endpoints]);
  const [nodeLooks, endpointLooks] = await Promise.all([
    Promise.all(nodes.map((node) => observeNode(node, { authorities, refused, signal, now }, stack))),
    Promise.all(endpoints.map((endpoint) => observeEndpoint(endpoint, authorities, { signal, now }))),
  ]);
  const replication = await replicationOf(nodeLooks, { signal, now });
  const offered = endpointLooks.filter((look) => !isWithoutTls(look, nodes));
  const seen = [...nodeLooks, ...offered];
  const rest = await system;
  return {
    documents: {
      endpoint: offered.map(({ endpoint }) => endpoint),
      node: nodeLooks.map(({ node }) => node),
      replication,
      clock: seen.flatMap(({ clock }) => clock ?? []),
      ...rest.documents,
    },
    unseen: [
      ...found.flatMap(unseenDomains),
      ...unseenNodes(nodes, nodeLooks),
      ...unseenEndpoints(offered),
      ...rest.unseen,
    ],
    unreadable: [
      ...found.flatMap(({ failure }) =>
        failure === undefined ? [] : [{ subject: failure.target.name, message: failure.reason }],
      ),
      ...unreadableEndpoints(offered, nodeLooks),
      ...authorities.unreadable,
      ...rest.unreadable,
    ],
  };
}

/** Of a server that speaks TLS, whichever way. */
function endpointOf(node: NodeTarget): EndpointTarget[] {
  const { security, host, port, serverName, verification, caFiles } = node;
  if (security === "none") return [];
  const protocol = security === "ldaps" ? "ldaps" : "starttls";
  const url = nodeUrl(node);
  // What clients of a listener of our own call it is not known, unless somebody has said so.
  const name = serverName ?? (verification === "unknown" ? undefined : host);
  return [{ url, protocol, host, port, serverName: name, caFiles }];
}

/** One look for each address and name; the first said wins. */
function distinct(targets: readonly EndpointTarget[]): EndpointTarget[] {
  const keyOf = ({ host, port, serverName }: EndpointTarget) => JSON.stringify([host, port, serverName]);
  return [...new Map(targets.toReversed().map((target) => [keyOf(target), target])).values()].reverse();
}

/** StartTLS that nobody insists on, and that is not offered: no endpoint, and nothing wrong with one. */
function isWithoutTls({ endpoint }: EndpointLook, nodes: readonly NodeTarget[]): boolean {
  if (endpoint.failure === undefined || endpoint.protocol !== "starttls") return false;
  const own = nodes.filter((node) => nodeUrl(node) === endpoint.url);
  return own.length > 0 && own.every(({ security }) => security === "starttls-if-offered");
}

async function replicationOf(
  looks: readonly NodeLook[],
  options: { readonly signal: AbortSignal; readonly now: () => number },
) {
  const replicas = looks.flatMap(({ node: { group, name }, replica }) =>
    replica === undefined ? [] : [{ group, replica: { ...replica, name } satisfies NamedReplica }],
  );
  const groups = Map.groupBy(replicas, ({ group }) => group);
  const observed = [...groups].map(([group, own]) =>
    observeReplication(
      group,
      own.map(({ replica }) => replica),
      options,
    ),
  );
  return (await Promise.all(observed)).flat();
}

function unseenDomains({ failure }: Awaited<ReturnType<typeof serversOf>>): Unseen[] {
  // Which servers there were nobody knows now.
  return failure === undefined
    ? []
    : [
        { kind: "node", subjects: [] },
        { kind: "endpoint", subjects: [] },
      ];
}

function unseenNodes(targets: readonly NodeTarget[], looks: readonly NodeLook[]): Unseen[] {
  return looks.flatMap(({ node: { name, failure }, replica }, index): Unseen[] => {
    const isGone = failure !== undefined;
    const isSilent = targets[index]?.isReplica === true && replica === undefined;
    return [
      ...(isGone ? [{ kind: "node" as const, subjects: [name] }, unseenClock(name)] : []),
      ...(isGone || isSilent ? [{ kind: "replication" as const, subjects: [name] }] : []),
    ];
  });
}

function unseenEndpoints(looks: readonly EndpointLook[]): Unseen[] {
  return looks.flatMap(({ endpoint: { failure, url } }) =>
    failure === undefined ? [] : [{ kind: "endpoint" as const, subjects: [url] }, unseenClock(url)],
  );
}

/** This machine's clock is judged by all that tell theirs. */
function unseenClock(source: string): Unseen {
  return { kind: "clock", subjects: [source, "this machine"] };
}

/** Where a server could not be reached as a node either, the rules about nodes say so. */
function unreadableEndpoints(looks: readonly EndpointLook[], nodes: readonly NodeLook[]): Unreadable[] {
  const gone = new Set(nodes.flatMap(({ node }) => (node.failure === undefined ? [] : [node.url])));
  return looks.flatMap(({ endpoint: { failure, url } }) =>
    failure === undefined || gone.has(url)
      ? []
      : [{ subject: url, message: `no TLS connection came about: ${failure}` }],
  );
}

interface System {
  readonly documents: {
    readonly storage: readonly ObservedStorage[];
    readonly queue: readonly ObservedQueue[];
    readonly host: readonly ObservedHost[];
    readonly backupReceipts: readonly BackupReceipts[];
  };
  readonly unseen: readonly Unseen[];
  readonly unreadable: readonly Unreadable[];
}

async function observeSystem({ storage, queue, backups, host }: LiveTargets, signal: AbortSignal): Promise<System> {
  const unseen: Unseen[] = [];
  const unreadable: Unreadable[] = [];
  const attempt = async <T>(kind: Unseen["kind"], subject: string, look: () => Promise<T>): Promise<T[]> => {
    try {
      return [await inTime(look(), signal)];
    } catch (error) {
      unseen.push({ kind, subjects: kind === "storage" ? [subject] : [] });
      unreadable.push({ subject, message: `it could not be looked at: ${reasonOf(error)}` });
      return [];
    }
  };
  const [storages, queues, hosts, receipts] = await Promise.all([
    Promise.all(storage.map((target) => attempt("storage", target.name, () => observeStorage(target)))),
    queue === undefined ? [] : attempt("queue", "queue", () => queue(deadline(systemMs, signal))),
    host ? inTime(observeHost(), signal).catch(() => undefined) : undefined,
    backups === undefined
      ? []
      : attempt("backupReceipts", backups.directory, () => observeBackups(backups, dataPathsOf(storage))),
  ]);
  return {
    documents: {
      storage: storages.flat(),
      queue: queues,
      host: hosts === undefined ? [] : [hosts],
      backupReceipts: receipts.map(({ documents }) => documents),
    },
    unseen,
    unreadable: [...unreadable, ...receipts.flatMap((each) => each.unreadable)],
  };
}

/** For work that may not heed a signal: a disk of the network that hangs. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new DOMException("", "TimeoutError")), systemMs);
  const end = () => over.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** Where what is backed up lies on this machine. */
function dataPathsOf(storage: LiveTargets["storage"]): readonly string[] {
  return storage.filter(({ name }) => name !== "backups").map(({ path }) => path);
}
