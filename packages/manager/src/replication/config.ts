/** How replication is watched: the keys of `manager.replication`. */
import { duration } from "@espalier/service";
import { z } from "zod";

export const replicationConfig = z.strictObject({
  interval: duration({ min: 5_000, max: 3_600_000 })
    .prefault("60s")
    .describe(
      "How often the lag of the nodes is noted, of clusters that have `bind_dn` and `bind_password`: the manager has no other account to look with.",
    ),
  lagThreshold: duration({ min: 1_000, max: 30 * 86_400_000 })
    .prefault("60s")
    .describe("`replication.lagging` is reported for a node that is further behind than this, twice in a row."),
  keepDays: z.number().int().min(1).max(3_650).default(30).describe("How long the history is kept."),
});

export type ReplicationConfig = z.output<typeof replicationConfig>;
