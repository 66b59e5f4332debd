/** A replicated directory whose nodes are reached through relays: each can be lost in each way, and comes back. */
import type { LosableServer } from "./fault.ts";
import { Relay } from "./relay.ts";
import { type SlapdMirror, type SlapdMirrorOptions, startSlapdMirror } from "./slapd-mirror.ts";

export interface LosableNode extends LosableServer {
  /** `127.0.0.1:port` of its relay: what the proxy calls a backend that it was given by `url` alone. */
  readonly name: string;
  /** ldaps, through the relay. */
  readonly url: string;
}

export interface LosableMirror extends AsyncDisposable {
  readonly mirror: SlapdMirror;
  readonly nodes: readonly LosableNode[];
}

export async function startLosableMirror(options: SlapdMirrorOptions): Promise<LosableMirror> {
  await using cleanup = new AsyncDisposableStack();
  const mirror = cleanup.use(await startSlapdMirror(options));
  const nodes: LosableNode[] = [];
  for (const slapd of mirror.nodes) {
    const relay = cleanup.use(await Relay.start(slapd.ldapsPort!));
    const name = `127.0.0.1:${relay.port}`;
    nodes.push({
      ...{ name, relay, url: `ldaps://${name}` },
      get process() {
        return slapd.process;
      },
      restart: () => slapd.restart(),
    });
  }
  const resources = cleanup.move();
  return { mirror, nodes, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
