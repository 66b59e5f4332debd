/** `notify.routes`: who hears of which events, and when. */
import { duration, type Severity } from "@espalier/service";
import { z } from "zod";
import { neverEnds } from "./quiet-hours.ts";
import { severityRange } from "./severity-range.ts";
import { isTimeZone } from "./wall-clock.ts";

const dayMs = 86_400_000;

const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const timeZone = z
  .string()
  .refine(isTimeZone, "must be a time zone of the IANA database such as Europe/Berlin, or UTC")
  .describe("Such as `Europe/Berlin`; its daylight saving time is kept.");

/** Minutes since midnight. */
const timeOfDay = z.string().transform((text, context) => {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours !== undefined) return Number(hours) * 60 + Number(minutes);
  context.addIssue("must be a time of the day such as 07:30");
  return z.NEVER;
});

const eventTypePattern = z
  .string()
  .regex(
    /^(\*|[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*\.\*|[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+)$/,
    "must be a type such as backend.down, or backend.* for all below it, or * for all",
  );

const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.union([item, z.array(item).min(1)]).transform((written) => [written].flat() as z.output<Item>[]);

const channels = z.array(z.string().min(1)).min(1, "must name a channel").describe("Names of channels that are told.");

const quietHours = z
  .strictObject({
    from: timeOfDay.describe("As `22:00`."),
    to: timeOfDay.describe(
      "As `07:00`: the first minute that is not quiet; on the next day when it is not after `from`.",
    ),
    timeZone,
    days: z
      .array(z.enum(weekdays))
      .min(1)
      .default([...weekdays])
      .describe("`mon`, `tue` …: the days on which the quiet time begins."),
    except: z
      .union([z.literal(false).transform((): readonly Severity[] => []), severityRange()])
      .prefault("critical")
      .describe("Severities that are sent at any time; `false` for none."),
  })
  .transform(({ days, ...rest }) => ({ ...rest, days: days.map((day) => weekdays.indexOf(day)) }))
  .refine((hours) => !neverEnds(hours), "must leave a time that is not quiet");

const digest = z.union([
  duration({ min: 1_000 }).transform((everyMs) => ({ everyMs })),
  z.strictObject({ at: oneOrMore(timeOfDay).describe("As `08:00`, or several."), timeZone }),
]);

const groupFields = ["type", "subject", "severity", "source"] as const;

const route = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("What deliveries are listed under; `route 1` and so on by its place unless set."),
    match: z
      .strictObject({
        type: oneOrMore(eventTypePattern).optional().describe("`backend.down`, `backend.*` for all below it, `*`."),
        severity: severityRange().optional().describe("`high+` for high and graver, `low` for that alone, or a list."),
        subject: oneOrMore(z.string().min(1)).optional().describe("`*` in it stands for any characters."),
      })
      .default({})
      .describe("All that is given must hold."),
    channels,
    dedupe: duration({ min: 1_000 })
      .optional()
      .describe(
        "For how long the same of the same subject and severity is not told again, unless it was over meanwhile.",
      ),
    group: z
      .strictObject({
        by: z.array(z.enum(groupFields)).default([]).describe("Events that agree in these are told together."),
        wait: duration({ min: 1 }).prefault("30s").describe("For how long the first of them waits for others."),
      })
      .optional(),
    digest: digest
      .optional()
      .describe("All events in one message: `1h` after the first of them, or `at` times of the day in a `timeZone`."),
    quietHours: quietHours.optional().describe("When events wait, to be told together at the end."),
    escalate: z
      .array(
        z.strictObject({
          after: duration({ min: 1_000, max: 30 * dayMs }).describe("After the first message."),
          channels,
        }),
      )
      .min(1)
      .optional()
      .describe("Whom to tell as well when nobody acknowledges and it is not over."),
    resolve: z.boolean().default(true).describe("Whether those who were told of a problem are told that it is over."),
  })
  .superRefine(({ digest, group, escalate = [] }, context) => {
    if (digest !== undefined && group !== undefined) {
      context.addIssue({ code: "custom", path: ["group"], message: "and digest contradict: a digest has all events" });
    }
    if (digest !== undefined && escalate.length > 0) {
      context.addIssue({
        code: "custom",
        path: ["escalate"],
        message: "and digest contradict: what may wait for a digest is not urgent",
      });
    }
    for (const [index, step] of escalate.entries()) {
      if (index > 0 && step.after <= escalate[index - 1]!.after) {
        const path = ["escalate", index, "after"];
        context.addIssue({ code: "custom", path, message: "must be later than that of the step before" });
      }
    }
  });

export const routesConfig = z
  .array(route)
  .transform((routes) => routes.map((each, index) => ({ ...each, name: each.name ?? `route ${index + 1}` })))
  .superRefine((routes, context) => {
    const names = new Set<string>();
    for (const [index, { name }] of routes.entries()) {
      if (names.has(name)) context.addIssue({ code: "custom", path: [index, "name"], message: "is used twice" });
      names.add(name);
    }
  });

export type Route = z.output<typeof routesConfig>[number];

export interface UnknownChannel {
  /** Below `notify.routes`. */
  readonly path: readonly (string | number)[];
  readonly channel: string;
}

/** What routes name and `notify.channels` does not have. */
export function unknownChannels(routes: readonly Route[], known: ReadonlySet<string>): readonly UnknownChannel[] {
  const named = routes.flatMap((route, index) => [
    ...route.channels.map((channel, at) => ({ path: [index, "channels", at], channel })),
    ...(route.escalate ?? []).flatMap((step, stepIndex) =>
      step.channels.map((channel, at) => ({ path: [index, "escalate", stepIndex, "channels", at], channel })),
    ),
  ]);
  return named.filter(({ channel }) => !known.has(channel));
}
