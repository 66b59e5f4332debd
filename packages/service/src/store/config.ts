/** The `store` section of the configuration. */
import { z } from "zod";
import { duration } from "../configuration/quantity-schema.ts";
import { secret } from "../configuration/secret.ts";
import { defineSection } from "../configuration/section.ts";
import { StoreError } from "./error.ts";
import { parseStoreUrl } from "./url.ts";

const dayMs = 86_400_000;

/** Nothing waits for as long as this: it is compared with the time of events. */
const age = () => duration({ min: dayMs, max: 36_500 * dayMs });

export const storeSection = defineSection({
  name: "store",
  description: "Where events and what else must outlive the processes is kept.",
  schema: z.object({
    url: secret()
      .superRefine((url, context) => {
        try {
          parseStoreUrl(url.reveal());
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          context.addIssue({ code: "custom", message: error.message.replace(/^store\.url |\.$/g, "") });
        }
      })
      .prefault("sqlite:data/espalier.db"),
    retention: z
      .object({
        critical: age().prefault("400d").describe("How long events of that severity are kept."),
        high: age().prefault("400d").describe("Likewise."),
        medium: age().prefault("180d").describe("Likewise."),
        low: age().prefault("90d").describe("Likewise."),
        info: age().prefault("30d").describe("Likewise."),
        audit: z
          .union([z.literal("forever"), age()])
          .prefault("forever")
          .describe(
            "How long events of the audit trail are kept, whatever their severity; what goes is itself an event of it.",
          ),
      })
      .prefault({}),
    dedupeWindow: duration({ min: 1_000, max: 400 * dayMs })
      .prefault("1h")
      .describe("For how long after an event another one with its dedupe key is not stored again."),
  }),
  environment: {
    STORE_URL: {
      path: ["url"],
      description:
        "`sqlite:` and a path, which is made if it is not there; or `postgres://` and so on, where several nodes share the store.",
    },
  },
});

export type StoreConfig = z.output<typeof storeSection.schema>;
