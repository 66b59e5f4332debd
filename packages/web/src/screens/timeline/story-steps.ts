/** The story of an event in the order in which it happened, and how it stands. */
import type { ApiOutput } from "../../api/client.ts";
import type { StatusKind } from "../../parts/status.tsx";

export type StoryJson = ApiOutput<"GET /events/{id}/story">;
type Incident = StoryJson["incidents"][number];

export type StoryStep =
  | { readonly kind: "event"; readonly at: number; readonly event: StoryJson["events"][number] }
  | { readonly kind: "delivery"; readonly at: number; readonly delivery: StoryJson["deliveries"][number] }
  /** Not yet: as long as nobody acknowledges. */
  | { readonly kind: "escalation"; readonly at: number; readonly escalation: Incident["escalations"][number] };

/** What is of the same moment: first what happened, then whom it was told to. */
const ranks: Readonly<Record<StoryStep["kind"], number>> = { event: 0, delivery: 1, escalation: 2 };

export function stepsOf({ events, deliveries, incidents }: StoryJson): readonly StoryStep[] {
  const steps: StoryStep[] = [
    ...events.map((event) => ({ kind: "event" as const, at: event.time, event })),
    ...deliveries.map((delivery) => ({ kind: "delivery" as const, at: delivery.createdAt, delivery })),
    // Those who were told have their messages.
    ...incidents.flatMap(({ escalations }) =>
      escalations.flatMap((escalation) =>
        escalation.firedAt === undefined ? [{ kind: "escalation" as const, at: escalation.dueAt, escalation }] : [],
      ),
    ),
  ];
  return steps.sort((one, other) => one.at - other.at || ranks[one.kind] - ranks[other.kind]);
}

/** Nothing more comes of it, as far as the data say. */
export function isOver({ incidents, deliveries }: StoryJson): boolean {
  const isUnderWay = deliveries.some(({ state }) => state === "pending" || state === "sending");
  return !isUnderWay && incidents.every(({ closedAt }) => closedAt !== undefined);
}

/** Undefined of what nobody has to see to, as far as the data say. */
export function standingOf({ incidents }: StoryJson): { readonly kind: StatusKind; readonly text: string } | undefined {
  const last = incidents.at(-1);
  if (last === undefined) return undefined;
  const { acknowledged, closedAt } = last;
  const by = acknowledged && (acknowledged.by === "link" ? "somebody, by a link in a message" : acknowledged.by);
  if (closedAt !== undefined) return { kind: "good", text: "It is over" };
  return by === undefined
    ? { kind: "bad", text: "It is open, and nobody has taken it on" }
    : { kind: "warning", text: `It is open, and was taken on by ${by}` };
}
