/**
 * The routes of the API as data: what each takes and gives, in zod. From the same table come the checks of requests, the
 * types of handlers and of the browser's client, and the OpenAPI document.
 */
import type { Readable } from "node:stream";
import { z } from "zod";
import type { Session } from "../sessions/session.ts";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Sent as they are produced, in place of JSON. */
export type StreamType =
  | "application/x-ndjson"
  | "text/ldif"
  | "text/csv"
  | "text/event-stream"
  | "application/octet-stream";

export interface Route {
  /** A sentence. */
  readonly summary: string;
  /** More, in Markdown. */
  readonly description?: string;
  /** Groups routes in the document: `entries`. */
  readonly tag: string;
  /** Who may ask: anybody, or who has signed in (which is where handlers begin to check roles). */
  readonly access: "public" | "session";
  /** The parts of the path in braces. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** JSON. */
  readonly body?: z.ZodType;
  /** The body is taken as a stream of one of these types, in place of JSON; the handler gets it as `input`. */
  readonly accepts?: readonly string[];
  /** 200, unless the handler's answer is empty (204) or `status` says otherwise. */
  readonly status?: number;
  readonly response?: z.ZodType;
  /** The answer may (or, without `response`, will) be a stream of these types, in place of JSON. */
  readonly streams?: readonly StreamType[];
  /** The largest JSON body in bytes; 1 MiB unless said. */
  readonly maxBodyBytes?: number;
  /**
   * Browsers are sent here, and show what they get: who asks for HTML is sent on to the page's sign-in screen with the code of
   * what went wrong, `/sign-in?problem=unavailable`, in place of problem details.
   */
  readonly isVisited?: true;
  /** It may answer 207, of the same shape, where a part of what was asked for was not done: see {@link PartialAnswer}. */
  readonly partial?: true;
}

/** `"GET /clusters/{cluster}/entry"`: below `/api/v1`. */
type RouteKey = `${Method} /${string}`;
export type Routes = Readonly<Record<RouteKey, Route>>;

/** Keeps the literal types. */
export function defineRoutes<const Table extends Routes>(table: Table): Table {
  return table;
}

type Output<Schema, Otherwise> = Schema extends z.ZodType ? z.output<Schema> : Otherwise;

/** What a handler gets. */
export interface ApiRequest<R extends Route = Route> {
  readonly params: Output<R["params"], Record<string, never>>;
  readonly query: Output<R["query"], Record<string, never>>;
  readonly body: Output<R["body"], undefined>;
  /** The body of a route that `accepts` a stream, and its media type. */
  readonly input: R extends { accepts: readonly string[] }
    ? { readonly type: string; readonly stream: Readable }
    : undefined;
  readonly session: R["access"] extends "session" ? Session : Session | undefined;
  /** Of the client, behind trusted proxies. */
  readonly address: string;
  /** This server as the client sees it, behind trusted proxies: `https://ldap.example.com`. */
  readonly origin: string;
  /** In the log and in the audit trail. */
  readonly requestId: string;
  /** Aborted when the client goes away, or the service ends. */
  readonly signal: AbortSignal;
  /** The first of `streams` that the client's `Accept` names; `undefined` where it wants JSON, or says nothing. */
  readonly wantsStream: StreamType | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The answer's. */
  setHeader(name: string, value: string | readonly string[]): void;
}

/** An answer that is sent piece by piece, at the client's pace. An error in the middle ends the connection without an end. */
export class StreamAnswer {
  readonly type: StreamType;
  readonly pieces: AsyncIterable<string | Uint8Array>;
  /** For `Content-Disposition`. */
  readonly fileName: string | undefined;
  constructor(type: StreamType, pieces: AsyncIterable<string | Uint8Array>, fileName?: string) {
    this.type = type;
    this.pieces = pieces;
    this.fileName = fileName;
  }
}

/** Answers by sending the browser elsewhere. */
export class RedirectAnswer {
  readonly location: string;
  constructor(location: string) {
    this.location = location;
  }
}

/** An answer that says what was done and what was not, each by itself: 207 (RFC 4918 §13), in the route's shape. */
export class PartialAnswer<Body = unknown> {
  readonly body: Body;
  constructor(body: Body) {
    this.body = body;
  }
}

/** 304: what the client has (`If-None-Match`) is what there is. */
export class NotModifiedAnswer {
  readonly status = 304;
}

type Json<R extends Route> = R["response"] extends z.ZodType ? z.input<R["response"]> : undefined;
type Answer<R extends Route> =
  | Json<R>
  | RedirectAnswer
  | NotModifiedAnswer
  | (R["partial"] extends true ? PartialAnswer<Json<R>> : never)
  | (R["streams"] extends readonly StreamType[] ? StreamAnswer : never);

export type Handlers<Table extends Routes> = {
  readonly [Key in keyof Table]: Table[Key] extends Route
    ? (request: ApiRequest<Table[Key]>) => Answer<Table[Key]> | Promise<Answer<Table[Key]>>
    : never;
};

/** Routes with what answers them: each part of the manager makes one. */
export interface ApiPart<Table extends Routes = Routes> {
  readonly routes: Table;
  readonly handlers: Handlers<Table>;
}

/** One whose handlers can be called as their routes say: by those of other paths. */
export type PartOf<Table extends Routes> = ApiPart & ApiPart<Table>;

export function apiPart<const Table extends Routes>(routes: Table, handlers: Handlers<Table>): PartOf<Table> {
  return { routes, handlers } as unknown as PartOf<Table>;
}

export const clusterParams = z.object({ cluster: z.string().min(1).max(100).describe("The cluster's name.") });
