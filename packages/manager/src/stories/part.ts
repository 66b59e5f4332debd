/** The part of the API that tells what came of an event. */
import type { EventLog } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { type ApiPart, apiPart } from "../api/route.ts";
import { eventJson, visibleTo } from "../events/shown-event.ts";
import type { NotificationSource } from "../notifications/source.ts";
import { storyRoutes } from "./routes.ts";

export interface StoryPartNeeds {
  readonly log: EventLog;
  /** Undefined where this process knows nothing of notifications. */
  readonly source: NotificationSource | undefined;
}

export function storyPart({ log, source }: StoryPartNeeds): ApiPart {
  return apiPart(storyRoutes, {
    "GET /events/{id}/story": async ({ params, session }) => {
      const maySee = visibleTo(session);
      const event = await log.get(params.id);
      if (event === undefined || !maySee(event)) {
        throw new ApiError("not_found", "There is no such event, or no longer.");
      }
      if (source === undefined) {
        return { hasNotifications: false, events: [eventJson(event)], deliveries: [], incidents: [] };
      }
      const { events, ...rest } = await source.story(event);
      return { hasNotifications: true, events: events.filter(maySee).map(eventJson), ...rest };
    },
  });
}
