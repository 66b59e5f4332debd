/** Several OpenLDAP servers that replicate each other over ldaps: a write to any of them reaches them all. */
import type { ServerCertificate } from "./certificates.ts";
import { runCommand } from "./command.ts";
import { freePort } from "./ports.ts";
import { type Slapd, type SlapdOptions, startSlapd } from "./slapd.ts";
import { until } from "./until.ts";

export interface SlapdMirrorOptions {
  /** dc=example,dc=com unless said. */
  readonly baseDn?: string;
  /** Every entry, the base's first, in LDIF; every node starts with it. */
  readonly ldif: string;
  /** Of all nodes; it names 127.0.0.1. */
  readonly certificate: ServerCertificate;
  /** Three unless said. */
  readonly nodes?: number;
  readonly serviceAccount?: boolean;
  readonly logsOperations?: boolean;
  readonly overlays?: readonly string[];
  readonly passwordReader?: string;
}

export interface SlapdMirror extends AsyncDisposable {
  readonly nodes: readonly Slapd[];
  readonly baseDn: string;
  /** Of each node that runs and answers, its contextCSN: where it is in the changes of every node. RFC 4533; sorted. */
  contextCsns(): Promise<string[][]>;
  /** Resolves when every node answers and all have the same contextCSN. */
  agreed(timeoutMs?: number): Promise<void>;
}

/** Starts the nodes with the same content. */
export async function startSlapdMirror(options: SlapdMirrorOptions): Promise<SlapdMirror> {
  const { nodes: count = 3, ldif, serviceAccount = false, ...common } = options;
  const ports: { ldap: number; ldaps: number }[] = [];
  while (ports.length < count) ports.push({ ldap: await freePort(), ldaps: await freePort() });
  const urls = ports.map(({ ldaps }) => `ldaps://127.0.0.1:${ldaps}`);
  await using cleanup = new AsyncDisposableStack();
  const start = async (index: number, content: Pick<SlapdOptions, "ldif" | "serviceAccount">) => {
    const own = urls[index];
    const replication = { serverId: index + 1, providers: urls.filter((url) => url !== own) };
    return cleanup.use(await startSlapd({ ...common, ...content, ports: ports[index]!, replication }));
  };
  const first = await start(0, { ldif, serviceAccount });
  // The other nodes get what the first made of it, with its entryUUIDs and entryCSNs: there is nothing to replicate yet.
  const content = { ldif: await first.dump() };
  const others = ports.slice(1).map((_, index) => start(index + 1, content));
  const nodes = [first, ...(await Promise.all(others))];
  const contextCsns = async () => {
    const found = await Promise.all(nodes.map(contextCsn));
    return found.filter((csns) => csns !== undefined);
  };
  const agreed = async (timeoutMs = 30_000) => {
    await until(
      "the nodes to have the same contextCSN",
      async () => {
        const found = await contextCsns();
        return found.length === nodes.length && new Set(found.map(String)).size === 1;
      },
      { timeoutMs, intervalMs: 100 },
    );
  };
  await agreed();
  const resources = cleanup.move();
  return {
    ...{ nodes, baseDn: first.baseDn, contextCsns, agreed },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** `undefined` where the node does not run, or does not answer within a second. */
async function contextCsn(node: Slapd): Promise<string[] | undefined> {
  const search = ["-x", "-LLL", "-o", "ldif-wrap=no", "-o", "nettimeout=1", "-l", "1", "-H", node.url];
  const { exitCode, stdout } = await runCommand(
    "ldapsearch",
    [...search, "-b", node.baseDn, "-s", "base", "contextCSN"],
    { timeoutMs: 2_000 },
  );
  return exitCode === 0 ? (stdout.match(/^contextCSN: .*$/gm) ?? []).sort() : undefined;
}
