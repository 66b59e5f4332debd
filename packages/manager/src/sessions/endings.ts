/** What follows when sessions have been removed from the store: their directory connections are let go of, and it is told. */
import type { CloseReason, SessionEvents } from "./events.ts";
import type { SessionInstruments } from "./metrics.ts";
import { identityKey } from "./open-session.ts";
import type { EndedSession } from "./rows.ts";

export interface EndingsOptions {
  readonly events: SessionEvents;
  readonly instruments: SessionInstruments;
  /** Connections with this identity are not needed any more. */
  readonly dropped: (cluster: string, identityKey: string) => void;
}

export class Endings {
  readonly #options: EndingsOptions;

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  ended(sessions: readonly EndedSession[], reason: CloseReason): void {
    for (const session of sessions) {
      this.#removed(session, reason);
      this.#options.events.closed({ cluster: session.home_cluster, dn: session.dn }, session.id, reason);
    }
  }

  /** @param by who ended it */
  revoked(session: EndedSession, by: { readonly dn: string; readonly address: string }): void {
    this.#removed(session, "revoked");
    this.#options.events.revoked({ cluster: session.home_cluster, dn: session.dn }, session.id, by);
  }

  /** A session has another secret for a cluster, or none. */
  released(session: string, { cluster, generation }: EndedSession["connections"][number]): void {
    this.#options.dropped(cluster, identityKey(session, cluster, generation));
  }

  #removed({ id, connections }: EndedSession, reason: string): void {
    for (const connection of connections) this.released(id, connection);
    this.#options.instruments.ended.labels({ reason }).inc();
  }
}
