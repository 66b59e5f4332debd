/** The sections that every service has: `log` and `metrics`. */
import { z } from "zod";
import { logLevels } from "../log/level.ts";
import { hostPort } from "./address-schema.ts";
import { defineSection } from "./section.ts";

export const logSection = defineSection({
  name: "log",
  description: "The log: one JSON object a line on standard output.",
  schema: z.object({
    level: z
      .preprocess((value) => (typeof value === "string" ? levelOf(value.toLowerCase()) : value), z.enum(logLevels))
      .prefault("info"),
  }),
  environment: {
    LOG_LEVEL: {
      path: ["level"],
      description: "The least severe lines that are written. Any letter case; `warning` and `critical` as well.",
    },
  },
});

/** Python's names too: the manager's predecessor had them. */
function levelOf(text: string): string {
  return { warning: "warn", critical: "fatal" }[text] ?? text;
}

export const metricsSection = defineSection({
  name: "metrics",
  description: "The HTTP listener for `/metrics`, `/health`, `/readyz` and `/livez`.",
  schema: z.object({
    listen: z.union([z.literal("off"), hostPort()]).prefault("127.0.0.1:9400"),
  }),
  environment: {
    METRICS_LISTEN: {
      path: ["listen"],
      description: "Where to listen, or `off`. It answers anybody who can reach it, so keep it on a private address.",
    },
  },
});
