/** `notify.deliveries`: how often and for how long it is tried, and what is kept. */
import { duration } from "@espalier/service";
import { z } from "zod";

const dayMs = 86_400_000;
const age = () => duration({ min: dayMs, max: 36_500 * dayMs });

export const deliveriesConfig = z.strictObject({
  retries: z
    .array(duration())
    .min(1)
    .max(50)
    .prefault(["0s", "5s", "5m", "30m", "2h", "5h", "10h", "10h"])
    .describe("The wait before each attempt; up to a tenth more or less, so that not all come at once."),
  concurrency: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(64)
    .describe("Messages that one node sends at the same time over all its channels."),
  lease: duration({ min: 1_000, max: 3_600_000 })
    .prefault("60s")
    .describe("After so long another node takes over what a node was sending; an attempt has three quarters of it."),
  disableAfter: duration({ min: 3_600_000 })
    .prefault("5d")
    .describe("A channel that fails for so long without a success is not tried any more, which another one is told."),
  keep: age().prefault("30d").describe("How long deliveries that arrived, and incidents that are over, are listed."),
  keepDead: age().prefault("90d").describe("How long those that did not arrive can be sent again."),
});

export type DeliveriesConfig = z.output<typeof deliveriesConfig>;
