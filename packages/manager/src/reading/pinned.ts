/** Reads that hold a connection for longer than one call of {@link Cluster.read}: the next node takes over only while nothing has come. */
import { asApiError } from "../api/problem-of-error.ts";
import type { Cluster, PinnedConnection, WorkOptions } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import type { NodeConnection } from "../clusters/node-connection.ts";
import { isBusy, isLost } from "../clusters/node-failure.ts";

export interface Begun<T> {
  readonly pinned: PinnedConnection;
  readonly value: T;
}

/**
 * Pins a connection and begins to read on it; where its node is lost before `begin` has given anything, another is pinned.
 * The caller releases it.
 *
 * @throws ApiError
 */
export async function beginPinned<T>(
  cluster: Cluster,
  identity: Identity,
  options: WorkOptions,
  begin: (connection: NodeConnection) => Promise<T>,
): Promise<Begun<T>> {
  for (let left = cluster.nodes().length; ; left -= 1) {
    const pinned = await cluster.pin(identity, options);
    try {
      return { pinned, value: await begin(pinned.connection) };
    } catch (error) {
      pinned.release();
      if (left <= 0 || options.signal?.aborted === true || !isLoss(error)) {
        throw asApiError(error, pinned.connection.node);
      }
    }
  }
}

/** The server went away, or says that it cannot work; not that it was silent for long, which another would be too. */
export function isLoss(error: unknown): boolean {
  return isLost(error) || isBusy(error);
}
