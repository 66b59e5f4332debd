/** Routes about notifications: who is told of what, what arrived, and logins that wait for a person. */
import { severities } from "@espalier/service";
import { z } from "zod";
import { defineRoutes } from "../api/route.ts";
import { eventSchema } from "../events/routes.ts";

const tag = "notifications";
const severity = z.enum(severities as ["critical", "high", "medium", "low", "info"]);
const time = z.number().int().describe("Milliseconds since 1970.");
const channelParams = z.object({ channel: z.string().min(1).max(63).describe("A channel's name.") });
const deliveryParams = z.object({ id: z.uuid().describe("A delivery's.") });
const nothing = z.object({});

const deliveryStates = ["pending", "sending", "delivered", "dead", "expired"] as const;
const approvalStates = ["pending", "approved", "rejected", "expired", "unavailable"] as const;

export const overviewSchema = z.object({
  sources: z
    .array(z.object({ name: z.string(), verifier: z.string().describe("How senders prove who they are.") }))
    .readonly()
    .describe("Who may send webhooks."),
  channels: z
    .array(
      z.object({
        name: z.string(),
        kind: z.string().describe("`mail`, `webhook`, `ntfy` …"),
        state: z
          .enum(["works", "fails", "paused", "disabled", "unknown"])
          .describe("`unknown`: nothing has been sent to it lately. `disabled`: it is not tried any more."),
        at: time.optional().describe("Since when it fails or is disabled, until when it is paused."),
        reason: z.string().optional().describe("Why it was disabled."),
        pending: z.number().int().describe("Deliveries that wait or are being sent."),
        dead: z.number().int().describe("Deliveries that were given up."),
        lastDeliveredAt: time.optional(),
      }),
    )
    .readonly(),
  routes: z
    .array(
      z.object({
        name: z.string(),
        types: z.array(z.string()).readonly().describe("Of events; all, where there are none."),
        severities: z.array(severity).readonly(),
        subjects: z.array(z.string()).readonly().describe("All, where there are none."),
        channels: z.array(z.string()).readonly(),
        escalates: z
          .array(z.object({ afterMs: z.number().int(), channels: z.array(z.string()).readonly() }))
          .readonly()
          .describe("Who is told later, while nobody acknowledges."),
        isDigest: z.boolean().describe("Several events are told in one message."),
      }),
    )
    .readonly(),
  hasApprovals: z.boolean().describe("Whether logins can wait for a person's yes."),
});

export const deliverySchema = z.object({
  id: z.string(),
  channel: z.string(),
  route: z.string(),
  state: z.enum(deliveryStates).describe("`dead`: given up; `expired`: nobody needed to hear of it any more."),
  severity,
  createdAt: time,
  dueAt: time.describe("Of a pending one: not before."),
  attempts: z.number().int(),
  events: z.number().int().describe("That it tells of."),
  reason: z.string().optional().describe("Why the last attempt failed."),
  finishedAt: time.optional(),
});

export const deliveryStorySchema = deliverySchema.extend({
  told: z.array(eventSchema).readonly().describe("Those that the log still has."),
  failures: z.array(z.object({ attempt: z.number().int(), time, reason: z.string() })).readonly(),
});

export const approvalSchema = z.object({
  id: z.string(),
  username: z.string(),
  realm: z.string().describe("The directory; empty where the program that asks does not say."),
  service: z.string().describe("Where the person logs in."),
  address: z.string().describe("From where; empty where it is not known."),
  state: z.enum(approvalStates).describe("`unavailable`: nobody could be asked."),
  requestedAt: time,
  expiresAt: time,
  decidedAt: time.optional(),
  isDisowned: z.boolean().describe("The person has said that it was somebody else."),
});

export const lockedUserSchema = z.object({
  username: z.string(),
  realm: z.string(),
  until: time,
  reason: z.string(),
});

export const rejectionSchema = z.object({
  id: z.string(),
  time,
  source: z.string(),
  address: z.string(),
  statusCode: z.number().int(),
  reason: z.string(),
  body: z.string().describe("Its beginning, without what looks like a secret."),
  bodyBytes: z.number().int(),
});

export const notificationRoutes = defineRoutes({
  "GET /notifications": {
    summary: "Who is told of what, and whether it arrives.",
    description: "404 where this manager runs without notifications.",
    tag,
    access: "session",
    response: overviewSchema,
  },
  "GET /notifications/deliveries": {
    summary: "Messages, the newest first.",
    tag,
    access: "session",
    query: z.object({
      state: z.enum(deliveryStates).optional(),
      channel: z.string().max(63).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      cursor: z.uuid().optional().describe("Of the page before."),
    }),
    response: z.object({ deliveries: z.array(deliverySchema).readonly(), cursor: z.string().optional() }),
  },
  "GET /notifications/deliveries/{id}": {
    summary: "One message: what it tells of, and each attempt that failed.",
    tag,
    access: "session",
    params: deliveryParams,
    response: deliveryStorySchema,
  },
  "POST /notifications/deliveries/{id}/replay": {
    summary: "Sends a message again that was given up.",
    tag,
    access: "session",
    params: deliveryParams,
    body: nothing,
  },
  "POST /notifications/replay": {
    summary: "Sends all messages again that were given up.",
    tag,
    access: "session",
    body: z.object({ channel: z.string().max(63).optional().describe("Only those to this one.") }),
    response: z.object({
      replayed: z.number().int(),
      skipped: z.number().int().describe("Left as they are, since their channels are disabled."),
    }),
  },
  "POST /notifications/channels/{channel}/test": {
    summary: "Sends one message to a channel at once, past the queue.",
    tag,
    access: "session",
    params: channelParams,
    body: nothing,
    response: z.object({
      isDelivered: z.boolean(),
      detail: z.string().optional().describe("What the other side said, or why it has not taken the message."),
    }),
  },
  "POST /notifications/channels/{channel}/enable": {
    summary: "Lets a disabled channel be tried again.",
    tag,
    access: "session",
    params: channelParams,
    body: nothing,
    response: z.object({ wasDisabled: z.boolean() }),
  },
  "GET /notifications/rejections": {
    summary: "Webhooks that were refused, the newest first.",
    tag,
    access: "session",
    query: z.object({ limit: z.coerce.number().int().min(1).max(200).default(50) }),
    response: z.object({ rejections: z.array(rejectionSchema).readonly() }),
  },
  "GET /approvals": {
    summary: "Logins that waited for a person's yes, the newest first, and users who are not asked for a while.",
    tag,
    access: "session",
    query: z.object({
      state: z.enum(approvalStates).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    response: z.object({
      approvals: z.array(approvalSchema).readonly(),
      locked: z.array(lockedUserSchema).readonly(),
    }),
  },
  "POST /approvals/unlock": {
    summary: "Lets a user be asked again.",
    tag,
    access: "session",
    body: z.object({ username: z.string().min(1).max(256) }),
    response: z.object({ locks: z.number().int().describe("That were taken away.") }),
  },
});
