/** The route of an event's story: what is linked to it by what events, deliveries and incidents say of each other. */
import { severities } from "@espalier/service";
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";
import { eventSchema } from "../events/routes.ts";
import { deliverySchema } from "../notifications/routes.ts";

const time = z.number().int().describe("Milliseconds since 1970.");

const incidentSchema = z.object({
  id: z.string(),
  severity: z.enum(severities as ["critical", "high", "medium", "low", "info"]).describe("The gravest so far."),
  openedAt: time,
  acknowledged: z.object({ at: time, by: z.string() }).optional().describe("Who has taken it on."),
  closedAt: time.optional().describe("Nobody is told of it any more."),
  escalations: z
    .array(
      z.object({
        route: z.string(),
        channels: z.array(z.string()).readonly().describe("None where the route does not have the step any more."),
        dueAt: time,
        firedAt: time.optional().describe("When they were told."),
      }),
    )
    .readonly()
    .describe("Who is told while nobody acknowledges."),
});

export const storySchema = z.object({
  events: z
    .array(eventSchema)
    .readonly()
    .describe("Those of the same matter, the one that was asked for among them, in their order."),
  deliveries: z
    .array(deliverySchema.extend({ tells: z.array(z.string()).readonly().describe("Ids of events of the story.") }))
    .readonly()
    .describe("Messages that tell of them; as long as they are kept."),
  incidents: z.array(incidentSchema).readonly().describe("As long as they are kept."),
});

export const storyRoutes = defineRoutes({
  "GET /events/{id}/story": {
    summary: "What came of an event: who was told, who took it on, how it ended.",
    description:
      "Only what the data link: events of one problem until its end, an approval with its decision, messages with what they tell of, acknowledgements with what they name. For whoever sees the event.",
    tag: "events",
    access: "session",
    params: z.object({ id: z.uuid() }),
    response: storySchema.extend({
      hasNotifications: z
        .boolean()
        .describe("False: this manager runs without notifications, and knows the event alone."),
    }),
  },
});
