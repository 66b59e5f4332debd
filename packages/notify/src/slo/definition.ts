/** The definition file of service level objectives: what is promised, and how Prometheus counts whether it is kept. */
import { parseDuration } from "@espalier/service";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, "must be lower case letters, digits and hyphens, such as webhook-availability");

const selectorAdvice =
  'must be a metric with its labels and nothing around it, such as requests_total{code!~"5.."}, or a list of them';

const selectors = (description: string) =>
  z
    .union([z.string(), z.array(z.string()).min(1)], { error: selectorAdvice })
    .transform((written) => [written].flat().map((text) => text.trim()))
    .refine((texts) => texts.every((text) => /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^{}]*\})?$/.test(text)), {
      error: selectorAdvice,
    })
    .describe(description);

/** Events are counted by counters, or several that are added up: of all of them, and of either the good or the bad ones. */
const indicator = z
  .strictObject({
    total: selectors("Counts every event."),
    good: selectors("Counts those that went well.").optional(),
    bad: selectors("Counts those that did not.").optional(),
  })
  .refine(({ good, bad }) => (good === undefined) !== (bad === undefined), {
    error: "needs one of good and bad, and not both",
  });

const objective = z.strictObject({
  name,
  description: z.string().min(1),
  objective: z
    .number()
    .gt(0, "must be above 0")
    .lt(100, "must be below 100: a promise of everything has no budget to spend")
    .describe("Per cent of the events that go well over the period."),
  period: z
    .string()
    .default("30d")
    .refine((text) => isDays(text), "must be whole days, such as 30d"),
  indicator,
  minimumEvents: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe("An alert needs so many events in its long window: below that, a ratio says nothing."),
  badEvents: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("So many bad events in 6 hours are a ticket whatever the ratio: for what happens seldom."),
  labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()).default({}),
  runbook: z.string().optional(),
});

const definitions = z
  .strictObject({
    objectives: z.array(objective).min(1),
  })
  .superRefine(({ objectives }, context) => {
    const seen = new Set<string>();
    for (const [index, each] of objectives.entries()) {
      if (seen.has(each.name)) {
        context.addIssue({ code: "custom", path: ["objectives", index, "name"], message: "is used twice" });
      }
      seen.add(each.name);
    }
  });

export type Objective = z.output<typeof objective>;

/** A definition file that cannot be used; each line of the message has its place. */
export class SloDefinitionError extends Error {
  override readonly name = "SloDefinitionError";
}

/** @throws SloDefinitionError with every problem there is, by `file:line:column`. */
export function parseSloDefinitions(text: string, file: string): readonly Objective[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    // The library's message goes on with the place and a picture of it.
    const problems = document.errors.map(
      ({ pos, message }) => `${at(pos[0])}: ${message.replace(/ at line \d+, column \d+:[\s\S]*$/, "")}`,
    );
    throw new SloDefinitionError(problems.join("\n"));
  }
  const { data, error } = definitions.safeParse(document.toJS());
  if (data !== undefined) return data.objectives;
  const problems = error.issues.map(({ path, message }) => {
    let node: unknown;
    for (let length = path.length; node === undefined && length >= 0; length--) {
      node = document.getIn(path.slice(0, length), true);
    }
    const range = (node as { range?: readonly [number, number, number] } | undefined)?.range;
    return `${at(range?.[0] ?? 0)}: ${path.join(".") || "the file"}: ${message}`;
  });
  throw new SloDefinitionError(problems.join("\n"));
}

function isDays(text: string): boolean {
  if (!/^\d+d$/.test(text)) return false;
  return parseDuration(text) !== undefined && text !== "0d";
}
