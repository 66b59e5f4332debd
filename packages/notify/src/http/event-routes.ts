/** `GET /events`, a page of the event log, and `GET /events/stream`, events as they come. Both need an API key. */
import { Readable } from "node:stream";
import {
  EventError,
  type EventLog,
  type EventQuery,
  type Logger,
  parseLastEventId,
  type Severity,
  type StoredEvent,
  StoreError,
  serverSentEvents,
  serverSentEventsHeaders,
} from "@espalier/service";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import type { ApiKeys } from "./api-keys.ts";

export interface EventRoutesOptions {
  readonly log: EventLog;
  readonly keys: ApiKeys;
  readonly logger: Logger;
  /** Ends the streams. */
  readonly closing: AbortSignal;
}

const maxStreams = 100;
const parameters = new Set([
  ...["type", "severity", "subject", "audit", "from", "until", "order", "limit", "cursor", "after"],
]);

class ParameterError extends Error {}

export function eventRoutes({ log, keys, logger, closing }: EventRoutesOptions): FastifyPluginAsync {
  let streams = 0;
  return async (app) => {
    app.get("/events", { preHandler: keys.require, config: { endpoint: "events" } }, async (request, reply) => {
      try {
        return await log.query(queryOf(request.query));
      } catch (error) {
        return answerError(error, reply);
      }
    });
    app.get(
      "/events/stream",
      { preHandler: keys.require, config: { endpoint: "events_stream" } },
      async (request, reply) => {
        if (streams >= maxStreams) {
          return reply.code(503).header("retry-after", "10").send({ error: "too many streams are open" });
        }
        const query = request.query as Readonly<Record<string, unknown>>;
        let filter: EventQuery;
        let after: number;
        try {
          filter = queryOf(request.query);
          // What is wrong with it is told before the stream begins.
          await log.query({ ...filter, limit: 1 });
          const last = parseLastEventId(request.headers["last-event-id"]) ?? parseLastEventId(query.after as string);
          after = last ?? (await log.headPosition());
        } catch (error) {
          return answerError(error, reply);
        }
        const { types, severities, subject, audit } = filter;
        const gone = new AbortController();
        const signal = AbortSignal.any([gone.signal, closing]);
        const asked = { after, filter: defined({ types, severities, subject, audit }), signal, format };
        async function* pieces() {
          streams += 1;
          try {
            yield* serverSentEvents(log, asked);
          } finally {
            streams -= 1;
          }
        }
        const stream = Readable.from(pieces(), { objectMode: false });
        // The client comes again with the last id that it had.
        stream.once("error", (error) => {
          if (!gone.signal.aborted && !(error instanceof StoreError))
            logger.error("a stream of events failed", { error });
        });
        reply.raw.once("close", () => gone.abort());
        return reply.headers(serverSentEventsHeaders).send(stream);
      },
    );
  };
}

/** Neither JSON nor a type has a line end in it. */
function format(event: StoredEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n`;
}

/** @throws ParameterError */
function queryOf(written: unknown): EventQuery {
  const query = written as Readonly<Record<string, string | readonly string[]>>;
  const unknown = Object.keys(query).find((name) => !parameters.has(name));
  if (unknown !== undefined)
    throw new ParameterError(`${unknown} is no parameter: there are ${[...parameters].join(", ")}`);
  const order = one(query, "order");
  if (order !== undefined && order !== "newest" && order !== "oldest") {
    throw new ParameterError("order must be newest or oldest");
  }
  const audit = one(query, "audit");
  if (audit !== undefined && audit !== "true") throw new ParameterError("audit must be true, or left out");
  return defined({
    types: several(query, "type"),
    severities: several(query, "severity") as Severity[] | undefined,
    subject: one(query, "subject"),
    audit: audit === undefined ? undefined : true,
    from: time(query, "from"),
    until: time(query, "until"),
    order: order === undefined ? undefined : (`${order} first` as const),
    limit: number(query, "limit"),
    cursor: one(query, "cursor"),
  });
}

type Parameters = Readonly<Record<string, string | readonly string[]>>;

function one(query: Parameters, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === "string") return value;
  throw new ParameterError(`${name} can be given once`);
}

function several(query: Parameters, name: string): string[] | undefined {
  const value = query[name];
  return value === undefined ? undefined : [value].flat();
}

function number(query: Parameters, name: string): number | undefined {
  const text = one(query, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new ParameterError(`${name} must be a number`);
  return Number(text);
}

/** Milliseconds since 1970, or ISO 8601. */
function time(query: Parameters, name: string): number | undefined {
  const text = one(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isNaN(value)) throw new ParameterError(`${name} must be a time such as 2026-01-31T12:00:00Z`);
  return value;
}

/** Without the members that are `undefined`. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}

function answerError(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof EventError || error instanceof ParameterError)
    return reply.code(400).send({ error: error.message });
  if (error instanceof StoreError) {
    return reply.code(503).header("retry-after", "10").send({ error: "the store is away at the moment" });
  }
  throw error;
}
