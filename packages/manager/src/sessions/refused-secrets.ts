/** What is dropped when a directory refuses to bind with a secret again: the secret, and with the cluster that a session was opened by the session itself. */
import { type Store, sql } from "@espalier/service";
import type { Clusters } from "../clusters/cluster.ts";
import type { Endings } from "./endings.ts";
import type { SessionEvents } from "./events.ts";
import { type IdentityKeyParts, parseIdentityKey } from "./open-session.ts";
import { deleteSessions } from "./rows.ts";

export interface RefusedSecretsOptions {
  readonly clusters: Clusters;
  readonly store: Store;
  readonly events: SessionEvents;
  readonly endings: Endings;
}

const reason = "the directory refused its password";

export class RefusedSecrets {
  readonly #options: RefusedSecretsOptions;

  constructor(options: RefusedSecretsOptions) {
    this.#options = options;
  }

  /** @param key of the refused identity; one that is no session's means nothing here. @throws StoreError */
  async drop(key: string): Promise<void> {
    const parts = parseIdentityKey(key);
    if (parts === undefined) return;
    if (parts.isShared) return this.#dropShared(parts);
    const { session, cluster, generation } = parts;
    const { store, events, endings } = this.#options;
    // Whoever acts through the account of the configuration cannot help that it is refused.
    const own = sql`session_id = ${session} AND cluster = ${cluster} AND generation = ${generation}
      AND acts_as IN ('self', 'shared')`;
    // Of an attempt to sign in there is nothing to drop, and no commit to wait for.
    if ((await store.first(sql`SELECT 1 FROM manager_connections WHERE ${own}`)) === undefined) return;
    const { ended, disconnected } = await store.write(async (transaction) => {
      const ended = await deleteSessions(
        transaction,
        sql`id = ${session} AND home_cluster = ${cluster}
          AND EXISTS (SELECT 1 FROM manager_connections WHERE ${own})`,
      );
      const disconnected = await transaction.all<{ readonly dn: string }>(
        sql`DELETE FROM manager_connections WHERE ${own} RETURNING dn`,
      );
      return { ended, disconnected };
    });
    endings.ended(ended, reason);
    for (const { dn } of disconnected) events.disconnected({ cluster, dn }, session, reason);
    endings.released(session, { cluster, generation });
  }

  async #dropShared({ cluster, generation }: IdentityKeyParts): Promise<void> {
    const { clusters, store, events } = this.#options;
    const removed = await store.write((transaction) =>
      transaction.run(
        sql`DELETE FROM manager_shared_passwords WHERE cluster = ${cluster} AND generation = ${generation}`,
      ),
    );
    const { bind_dn: dn = "" } = clusters.get(cluster).config;
    if (removed > 0) events.sharedPassword("refused", { cluster, dn }, undefined);
  }
}
