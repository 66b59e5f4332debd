/**
 * What a request has to pass before any part of the API sees it: its origin, the limits on how many there are, its session, the
 * token that shows that the session's own page sent it, and a second factor where the session needs one first.
 */
import { networkOf, TokenBuckets } from "@espalier/service/http";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../api/problem.ts";
import type { Route } from "../api/route.ts";
import type { ManagerConfig } from "../config.ts";
import { type Cookies, sessionCookie } from "./cookies.ts";
import type { SessionInstruments } from "./metrics.ts";
import { type OpenSession, restrictionProblem } from "./open-session.ts";
import { openToRestricted } from "./routes.ts";
import type { Sessions } from "./sessions.ts";
import { isSame } from "./vault.ts";

export interface GuardOptions {
  readonly sessions: Sessions;
  readonly cookies: Cookies;
  readonly config: Pick<ManagerConfig, "publicUrl" | "allowedOrigins" | "rateLimits">;
  readonly instruments: SessionInstruments;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

/** Of `serveApi`. @throws ApiError */
export type Authenticate = (request: FastifyRequest, route: Route) => Promise<OpenSession | undefined>;

const maxKeys = 10_000;
const tokenPattern = /^[A-Za-z0-9_-]{43}$/;
/** They change nothing (RFC 9110 §9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export function createGuard(options: GuardOptions): Authenticate {
  const { sessions, cookies, config, instruments, monotonic: now } = options;
  const { session: ofSession, strangers: ofStrangers } = config.rateLimits;
  const perSession = new TokenBuckets({ average: ofSession, burst: Math.ceil(ofSession / 3), maxKeys, now });
  const perNetwork = new TokenBuckets({ average: ofStrangers, burst: Math.ceil(ofStrangers / 2), maxKeys, now });
  const refuse = (reason: string, error: ApiError): never => {
    instruments.refusedRequests.labels({ reason }).inc();
    throw error;
  };
  const take = (buckets: TokenBuckets, key: string) => {
    if (buckets.take(key)) return;
    const retryAfter = buckets.retryAfterSeconds(key);
    refuse("rate", new ApiError("too_many_requests", "There are too many requests. Send fewer.", { retryAfter }));
  };

  /** The session of the cookie. A token is looked up once its sender, if a stranger, may ask at all. */
  const sessionOf = async (request: FastifyRequest): Promise<OpenSession | undefined> => {
    const network = networkOf(request.ip);
    const token = cookies.read(sessionCookie, originOf(request), request.headers.cookie);
    if (token === undefined || !tokenPattern.test(token)) {
      take(perNetwork, network);
      return undefined;
    }
    // Strangers at the same address do not stop those who are signed in.
    if (!sessions.isKnown(token) && perNetwork.isEmpty(network)) take(perNetwork, network);
    const session = await sessions.find(token);
    if (session === undefined) {
      take(perNetwork, network);
      return undefined;
    }
    take(perSession, session.id);
    return session;
  };

  return async (request, route) => {
    const changes = !safeMethods.has(request.method);
    if (changes && !isOwnOrigin(request, config)) {
      refuse("origin", new ApiError("wrong_origin", "Pages of this origin may not change anything here."));
    }
    const session = await sessionOf(request);
    if (route.access === "public") return session;
    if (session === undefined) return refuse("not_signed_in", new ApiError("not_signed_in", "Sign in first."));
    const given = request.headers["x-csrf-token"];
    if (changes && !(typeof given === "string" && isSame(given, session.keys.csrfToken))) {
      refuse(
        "csrf",
        new ApiError("wrong_origin", "The header X-CSRF-Token must have what GET /session gives as csrfToken."),
      );
    }
    if (session.restriction !== undefined && !openToRestricted.has(route)) {
      refuse("second_factor", restrictionProblem(session.restriction));
    }
    return session;
  };
}

/** As the request's client sees this server, behind trusted proxies. */
function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

/** Browsers say where a request comes from, and pages cannot say otherwise; programs say nothing. */
function isOwnOrigin(
  request: FastifyRequest,
  { publicUrl, allowedOrigins }: Pick<ManagerConfig, "publicUrl" | "allowedOrigins">,
): boolean {
  const { origin } = request.headers;
  if (origin !== undefined) return origin === (publicUrl ?? originOf(request)) || allowedOrigins.includes(origin);
  const site = request.headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none";
}
