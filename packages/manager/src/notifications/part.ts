/** The part of the API that shows notifications and approvals, to auditors; administrators also act on them. */
import { ApiError } from "../api/problem.ts";
import { type ApiPart, apiPart } from "../api/route.ts";
import { eventJson, visibleTo } from "../events/shown-event.ts";
import { requireAnywhere } from "../sessions/require-anywhere.ts";
import type { Session } from "../sessions/session.ts";
import { notificationRoutes } from "./routes.ts";
import type { NotificationSource } from "./source.ts";

export interface NotificationNeeds {
  /** Undefined where this process knows nothing of notifications. */
  readonly source: NotificationSource | undefined;
}

export function notificationPart({ source }: NotificationNeeds): ApiPart {
  const known = (): NotificationSource => {
    if (source !== undefined) return source;
    throw new ApiError("not_found", "This manager runs without notifications: its configuration has none.");
  };
  const seenBy = (session: Session): NotificationSource => {
    requireAnywhere(session, "audit", "Notifications are for auditors and administrators: ask for the role auditor.");
    return known();
  };
  const administeredBy = (session: Session): NotificationSource => {
    requireAnywhere(session, "admin", "That is for administrators: ask for the role admin.");
    return known();
  };
  return apiPart(notificationRoutes, {
    "GET /notifications": ({ session }) => seenBy(session).overview(),

    "GET /notifications/deliveries": ({ session, query }) => {
      const { state, channel, limit, cursor: before } = query;
      return seenBy(session).deliveries({ states: state && [state], channel }, { limit, before });
    },

    "GET /notifications/deliveries/{id}": async ({ session, params }) => {
      const story = await seenBy(session).delivery(params.id);
      if (story === undefined) throw new ApiError("not_found", "There is no such delivery, or no longer.");
      const { told, ...delivery } = story;
      return { ...delivery, told: told.filter(visibleTo(session)).map(eventJson) };
    },

    "POST /notifications/deliveries/{id}/replay": async ({ session, params }) => {
      const problem = await administeredBy(session).replay(params.id, session.name);
      if (problem !== undefined) throw new ApiError("conflict", problem);
    },

    "POST /notifications/replay": ({ session, body }) => administeredBy(session).replayAll(body.channel, session.name),

    "POST /notifications/channels/{channel}/test": async ({ session, params }) => {
      const outcome = await administeredBy(session).test(params.channel);
      if (outcome === undefined) throw new ApiError("not_found", "There is no channel of that name.");
      return outcome;
    },

    "POST /notifications/channels/{channel}/enable": async ({ session, params }) => ({
      wasDisabled: await administeredBy(session).enable(params.channel, session.name),
    }),

    "GET /notifications/rejections": async ({ session, query }) => ({
      rejections: await seenBy(session).rejections(query.limit),
    }),

    "GET /approvals": async ({ session, query }) => {
      const source = seenBy(session);
      const [approvals, locked] = await Promise.all([source.approvals(query), source.lockedUsers()]);
      return { approvals, locked };
    },

    "POST /approvals/unlock": async ({ session, body }) => ({
      locks: await administeredBy(session).unlock(body.username, session.name),
    }),
  });
}
