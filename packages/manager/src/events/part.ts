/** The timeline of the store, shown to those whose roles let them see it. */
import {
  EventError,
  type EventFilter,
  type EventLog,
  parseLastEventId,
  type StoredEvent,
  serverSentEvents,
  serverSentEventsHeaders,
} from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import { type ApiPart, apiPart, StreamAnswer } from "../api/route.ts";
import { eventRoutes } from "./routes.ts";
import { eventJson, visibleTo } from "./shown-event.ts";

export interface EventPartNeeds {
  readonly log: EventLog;
}

const maxStreams = 100;
/** Pages that are looked through for one answer, where most events are other clusters'. */
const maxPages = 10;

export function eventPart({ log }: EventPartNeeds): ApiPart {
  let streams = 0;
  return apiPart(eventRoutes, {
    "GET /events": async ({ query, session }) => {
      const maySee = visibleTo(session);
      const { limit, cursor: given, from, until } = query;
      // Before the events are looked for: what is stored meanwhile may then be told twice, and is never missed.
      const position = await log.headPosition();
      const events: StoredEvent[] = [];
      let cursor = given;
      for (let page = 0; page < maxPages; page += 1) {
        const asked = { ...filterOf(query), ...defined({ from, until, cursor }), limit: limit - events.length };
        const found = await log.query(asked).catch(asInvalid);
        events.push(...found.events.filter(maySee));
        cursor = found.cursor;
        if (cursor === undefined || events.length >= limit) break;
      }
      return { events: events.map(eventJson), position, ...defined({ cursor }) };
    },
    "GET /events/stream": async ({ query, session, signal, headers, setHeader }) => {
      const maySee = visibleTo(session);
      if (streams >= maxStreams) throw new ApiError("unavailable", "Too many streams are open.", { retryAfter: 10 });
      const filter = filterOf(query);
      // What is wrong with it is told before the stream begins.
      await log.query({ ...filter, limit: 1 }).catch(asInvalid);
      const last = parseLastEventId(headers["last-event-id"] as string | undefined) ?? query.after;
      const after = last ?? (await log.headPosition());
      // Without a type of its own: the browser tells all of one stream to one listener.
      const format = (event: StoredEvent) =>
        maySee(event) ? `data: ${JSON.stringify(eventJson(event))}\n` : undefined;
      async function* pieces() {
        streams += 1;
        try {
          yield* serverSentEvents(log, { after, filter, signal, format });
        } finally {
          streams -= 1;
        }
      }
      for (const [name, value] of Object.entries(serverSentEventsHeaders)) setHeader(name, value);
      return new StreamAnswer("text/event-stream", pieces());
    },
    "GET /events/{id}": async ({ params, session }) => {
      const maySee = visibleTo(session);
      const event = await log.get(params.id);
      if (event === undefined || !maySee(event))
        throw new ApiError("not_found", "There is no such event, or no longer.");
      return eventJson(event);
    },
  });
}

interface FilterQuery {
  readonly type?: readonly string[] | undefined;
  readonly severity?: EventFilter["severities"] | undefined;
  readonly subject?: string | undefined;
  readonly audit?: "true" | undefined;
}

function filterOf({ type: types, severity: severities, subject, audit }: FilterQuery): EventFilter {
  return defined({ types, severities, subject, audit: audit === undefined ? undefined : true });
}

function asInvalid(error: unknown): never {
  if (error instanceof EventError) throw new ApiError("invalid_request", error.message, { cause: error });
  throw error;
}

/** Without the members that are `undefined`. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
