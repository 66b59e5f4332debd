/** The routes of service level objectives: what is promised, and what of the budget for failures is left. */
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";

const tag = "slos";
const state = z
  .enum(["off", "away", "known"])
  .describe("`off`: no Prometheus is configured (`manager.prometheus`). `away`: it does not answer.");
const problem = z.string().optional().describe("Why nothing is known.");
const name = z.string().describe("As the definition file has it: `webhook-availability`.");

const alertSchema = z.object({
  name: z.string(),
  severity: z.string().describe("`page` or `ticket`."),
  window: z.string().optional().describe("The long one of its two: `1h`."),
  state: z.enum(["pending", "firing"]),
  since: z.number().int().describe("Milliseconds since 1970."),
  summary: z.string(),
});

const windowSchema = z.object({
  window: z.string().describe("`5m`, `1h`, `3d` …"),
  burnRate: z
    .number()
    .optional()
    .describe("How many times faster than the period allows the budget goes; absent where nothing was counted."),
  events: z.number().optional().describe("That were counted in it; absent where that is not known."),
});

const objectiveSchema = z
  .object({
    name,
    description: z.string().optional(),
    period: z.string().optional().describe("That the promise is kept over: `30d`."),
    target: z.number().optional().describe("Share of the events that are to go well: 0.999."),
    attained: z
      .number()
      .optional()
      .describe("Share of the period's events that went well; absent where nothing was counted, or nobody looks."),
    budgetLeft: z
      .number()
      .optional()
      .describe("Share of the period's budget that is left: 1 is all of it, less than 0 that the promise is broken."),
    events: z.number().optional().describe("Of the period."),
    windows: z.array(windowSchema).describe("The shortest first."),
    alerts: z.array(alertSchema).describe("Those that fire first."),
    problem: z.string().optional().describe("Why Prometheus cannot evaluate one of its rules."),
  })
  .describe("A service level objective, as Prometheus has it.");

export const sloRoutes = defineRoutes({
  "GET /slos": {
    summary: "What is promised, whether it is kept, and what of the budget for failures is left.",
    description:
      "For auditors and administrators of any cluster. The figures are those of the rules that `espalier slo generate` writes, out of the configured Prometheus; what it does not know is absent.",
    tag,
    access: "session",
    response: z.object({ state, problem, objectives: z.array(objectiveSchema) }),
  },
  "GET /slos/history": {
    summary: "What was left of the budgets over time.",
    tag,
    access: "session",
    query: z.object({ range: z.enum(["day", "week", "month"]).default("week") }),
    response: z.object({
      ...{ state, problem },
      from: z.number().int().describe("Milliseconds since 1970: of the first figure."),
      stepMs: z.number().int().describe("From each figure to the next."),
      objectives: z.array(
        z.object({ name, budgetLeft: z.array(z.number().nullable()).describe("`null` where it is not known.") }),
      ),
    }),
  },
});
