/** Serves routes over HTTP: checks what comes in, hands it to the handlers, and sends what they give, or problem details. */
import { Readable } from "node:stream";
import type { Logger } from "@espalier/service";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Session } from "../sessions/session.ts";
import { ApiError } from "./problem.ts";
import { asApiError } from "./problem-of-error.ts";
import {
  type ApiPart,
  type ApiRequest,
  NotModifiedAnswer,
  PartialAnswer,
  RedirectAnswer,
  type Route,
  StreamAnswer,
  type StreamType,
} from "./route.ts";

export interface ServeOptions {
  readonly parts: readonly ApiPart[];
  /** Below which the routes are: `/api/v1`. */
  readonly prefix: string;
  /**
   * Who asks. Called before a request is read further, for every route; refuses what no session may send (another origin,
   * too many requests) by throwing.
   *
   * @throws ApiError
   */
  readonly authenticate: (request: FastifyRequest, route: Route) => Promise<Session | undefined>;
  /** The service ends: streams of events end with it, other requests may finish. */
  readonly closing: AbortSignal;
  /** The time for finishing is up; as soon as `closing` unless said. */
  readonly dropped?: AbortSignal;
  readonly logger: Logger;
  /** The path of the page's sign-in screen, where there is a page. */
  readonly signInPath?: string;
  /** How what went wrong is sent: as problem details, unless said. */
  readonly errorBody?: (error: ApiError) => ErrorBody;
}

export interface ErrorBody {
  readonly type: string;
  /** JSON. */
  readonly body: unknown;
}

const defaultMaxBodyBytes = 1024 * 1024;

export function serveApi(app: FastifyInstance, { parts, prefix, ...options }: ServeOptions): void {
  for (const { routes, handlers } of parts) {
    for (const [key, route] of Object.entries(routes)) {
      const [method = "", path = ""] = key.split(" ");
      const handler = handlers[key as keyof typeof handlers] as (request: ApiRequest) => unknown;
      app.route({
        method,
        url: `${prefix}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
        bodyLimit: route.maxBodyBytes ?? defaultMaxBodyBytes,
        config: { endpoint: `${prefix}${path}` },
        onRequest: async (request) => {
          (request as Authenticated).session = await options.authenticate(request, route);
        },
        handler: (request, reply) => answer(request, reply, route, handler, options),
        errorHandler: (error, request, reply) => {
          const { signInPath } = options;
          const problem = asApiError(error);
          if (route.isVisited !== true || signInPath === undefined || !accepts(request, "text/html")) {
            return sendProblem(problem, request, reply, options);
          }
          logFailure(problem, request, options);
          reply.header("x-request-id", request.id);
          return reply.redirect(`${signInPath}?problem=${problem.code}`, 303);
        },
      });
    }
  }
}

type Authenticated = FastifyRequest & { session?: Session | undefined };

async function answer(
  request: Authenticated,
  reply: FastifyReply,
  route: Route,
  handler: (request: ApiRequest) => unknown,
  { closing, dropped = closing }: Pick<ServeOptions, "closing" | "dropped">,
): Promise<unknown> {
  const { session } = request;
  if (route.access === "session" && session === undefined) throw new ApiError("not_signed_in", "Sign in first.");
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort(new ApiError("timed_out", "The client went away."));
  });
  const input = inputOf(request, route);
  const given = await handler({
    params: checked(route.params, request.params, "the path"),
    query: checked(route.query, request.query, "the query"),
    body: route.accepts === undefined ? checked(route.body, jsonOf(request, route), "the body") : undefined,
    input: input as never,
    session: session as Session,
    address: request.ip,
    origin: `${request.protocol}://${request.host}`,
    requestId: request.id,
    signal: AbortSignal.any([gone.signal, isEndless(route) ? closing : dropped]),
    wantsStream: streamWanted(request, route),
    headers: request.headers,
    setHeader: (name, value) => void reply.header(name, value),
  });
  reply.header("x-request-id", request.id);
  if (given instanceof StreamAnswer) return sendStream(reply, given, gone);
  if (given instanceof RedirectAnswer) return reply.redirect(given.location, 303);
  if (given instanceof NotModifiedAnswer) return reply.code(304).send();
  if (given === undefined) return reply.code(route.status ?? 204).send();
  const [status, body] = given instanceof PartialAnswer ? [207, given.body] : [route.status ?? 200, given];
  return reply.code(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
}

function isEndless({ streams = [] }: Route): boolean {
  return streams.includes("text/event-stream");
}

function sendStream(
  reply: FastifyReply,
  { type, pieces, fileName }: StreamAnswer,
  gone: AbortController,
): FastifyReply {
  reply.type(type === "application/octet-stream" ? type : `${type}; charset=utf-8`);
  if (fileName !== undefined) {
    const ascii = fileName.replaceAll(/[^\w.-]/g, "_");
    reply.header(
      "content-disposition",
      `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    );
  }
  const stream = Readable.from(pieces, { objectMode: false });
  stream.once("error", (error) => gone.abort(error));
  return reply.send(stream);
}

/** @throws ApiError */
export async function sendProblem(
  error: ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
  { logger, errorBody = problemDetails }: Pick<ServeOptions, "logger" | "errorBody">,
): Promise<FastifyReply> {
  logFailure(error, request, { logger });
  const { retryAfter } = error.extra;
  if (retryAfter !== undefined) reply.header("retry-after", String(Math.ceil(retryAfter)));
  const { type, body } = errorBody(error);
  return reply
    .code(error.status)
    .header("x-request-id", request.id)
    .type(`${type}; charset=utf-8`)
    .send(JSON.stringify(body));
}

/** Those of the client are its own. */
function logFailure(error: ApiError, request: FastifyRequest, { logger }: Pick<ServeOptions, "logger">): void {
  if (error.status < 500) return;
  logger.error(error.message, {
    request_id: request.id,
    route: request.routeOptions.url,
    code: error.code,
    error: error.cause,
  });
}

function problemDetails(error: ApiError): ErrorBody {
  return { type: "application/problem+json", body: error.toProblem() };
}

function jsonOf(request: FastifyRequest, route: Route): unknown {
  const body = request.body as Buffer | undefined;
  if (route.body === undefined || body === undefined || body.length === 0) return undefined;
  const [type = ""] = (request.headers["content-type"] ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") {
    throw new ApiError("unsupported_media_type", "The body must be JSON, sent as application/json.");
  }
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new ApiError("invalid_request", `The body is not JSON: ${(error as Error).message}`);
  }
}

function inputOf(request: FastifyRequest, route: Route): { type: string; stream: Readable } | undefined {
  if (route.accepts === undefined) return undefined;
  const [type = ""] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
  if (!route.accepts.includes(type.trim()) || !(request.body instanceof Readable)) {
    throw new ApiError("unsupported_media_type", `The body must be one of ${route.accepts.join(", ")}.`);
  }
  return { type: type.trim(), stream: request.body };
}

function checked(schema: z.ZodType | undefined, value: unknown, what: string): never {
  if (schema === undefined) return (what === "the body" ? undefined : {}) as never;
  const result = schema.safeParse(value);
  if (result.success) return result.data as never;
  const errors = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const [first] = errors;
  const where = first === undefined || first.path === "" ? "" : ` at ${first.path}`;
  throw new ApiError("invalid_request", `What ${what} says${where} cannot be taken: ${first?.message ?? "unknown"}`, {
    errors,
  });
}

function streamWanted(request: FastifyRequest, route: Route): StreamType | undefined {
  const wanted = route.streams?.find((type) => accepts(request, type));
  return wanted ?? (route.response === undefined ? route.streams?.[0] : undefined);
}

/** Whether the client names the media type: not where it takes anything. */
function accepts({ headers }: FastifyRequest, type: string): boolean {
  return (headers.accept ?? "").split(",").some((part) => (part.split(";")[0] ?? "").trim().toLowerCase() === type);
}
