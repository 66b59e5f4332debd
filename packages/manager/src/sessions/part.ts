/** What answers the routes of sessions. */

import { ApiError } from "../api/problem.ts";
import { apiPart, type PartOf, RedirectAnswer } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import type { ManagerConfig } from "../config.ts";
import { type Cookies, oidcCookie, sessionCookie } from "./cookies.ts";
import type { SessionEvents } from "./events.ts";
import { personKey } from "./names.ts";
import { randomId } from "./new-session.ts";
import { connectionsOf } from "./oidc/people.ts";
import { type OidcSignIns, signInSeconds } from "./oidc/providers.ts";
import type { OpenSession } from "./open-session.ts";
import { sessionRoutes } from "./routes.ts";
import type { SecondFactors } from "./second-factors.ts";
import type { SessionList } from "./session-list.ts";
import { asOpenSession } from "./session-of.ts";
import type { Opened, Sessions } from "./sessions.ts";
import type { SharedLogin } from "./shared-login.ts";
import { SessionView } from "./view.ts";

export interface SessionPartNeeds {
  readonly clusters: Clusters;
  readonly sessions: Sessions;
  readonly sessionList: SessionList;
  readonly secondFactors: SecondFactors;
  readonly sharedLogin: SharedLogin;
  readonly oidc: OidcSignIns;
  readonly cookies: Cookies;
  readonly events: SessionEvents;
  readonly config: Pick<ManagerConfig, "contextPath" | "sessions" | "oidc">;
}

interface Answering {
  readonly origin: string;
  setHeader(name: string, value: string | readonly string[]): void;
}

export function sessionPart(needs: SessionPartNeeds): PartOf<typeof sessionRoutes> {
  const { clusters, sessions, sessionList, secondFactors, sharedLogin, oidc, cookies, events, config } = needs;
  const view = new SessionView(needs);
  const maxAgeSeconds = Math.floor(config.sessions.maxAge / 1_000);
  const setCookie = ({ origin, setHeader }: Answering, { token }: Opened) =>
    setHeader("set-cookie", cookies.write(sessionCookie, origin, token, maxAgeSeconds));
  const removeCookie = ({ origin, setHeader }: Answering) =>
    setHeader("set-cookie", cookies.write(sessionCookie, origin, "", 0));

  return apiPart(sessionRoutes, {
    "GET /session/options": () => ({
      clusters: clusters.all.map(({ name, config: { description } }) => ({ name, description })),
      oidc: Object.entries(config.oidc).map(([name, { label = name }]) => ({ name, label })),
    }),

    "GET /session": async ({ session, query }) => {
      const open = asOpenSession(session);
      return view.of(query.refresh === "true" ? await sessions.reload(open, { readsRoles: true }) : open);
    },

    "POST /session": async (request) => {
      const { body, address, headers } = request;
      const cluster = clusters.get(body.cluster);
      const opened = await sessions.signIn(
        { ...body, cluster, address, userAgent: userAgentOf(headers) },
        request.session && asOpenSession(request.session),
      );
      setCookie(request, opened);
      return view.of(opened.session);
    },

    "DELETE /session": async (request) => {
      await sessions.end(request.session.id, "signed out");
      removeCookie(request);
      return undefined;
    },

    "GET /sessions": async ({ session }) => {
      const open = asOpenSession(session);
      const list = await sessionList.visibleTo(open);
      return { sessions: list.map((each) => view.listed(each, open)) };
    },

    "DELETE /sessions/{id}": async (request) => {
      const { session, params, address } = request;
      await sessionList.revoke(asOpenSession(session), params.id, address);
      if (params.id === session.id) removeCookie(request);
      return undefined;
    },

    "POST /session/clusters": async ({ session, body, address }) => {
      const open = asOpenSession(session);
      const cluster = clusters.get(body.cluster);
      if ("name" in body) return view.of(await sessions.connect(open, { ...body, cluster, address }));
      if (!body.shared) await sharedLogin.leave(open, body.cluster);
      else if (body.password === undefined) await sharedLogin.use(open, body.cluster, address);
      else await sharedLogin.give(open, body.cluster, body.password, address);
      return view.of(await sessions.reload(open));
    },

    "DELETE /session/clusters/{cluster}": async (request) => {
      const open = asOpenSession(request.session);
      await sessions.disconnect(open, request.params.cluster);
      if (request.params.cluster === open.row.home_cluster) removeCookie(request);
      return undefined;
    },

    "POST /session/totp": ({ session }) => secondFactors.enrol(ownerOf(asOpenSession(session))),

    "POST /session/totp/confirm": async ({ session, body, address }) => {
      const open = asOpenSession(session);
      const owner = ownerOf(open);
      if (await secondFactors.isEnrolled(owner.person)) {
        const verdict = await secondFactors.require(owner.person, body.code);
        if (verdict === "recovery code") events.secondFactor("recovery_code_used", owner, { dn: open.name, address });
        await sessions.factorGiven(open);
        return {};
      }
      const recoveryCodes = await secondFactors.confirm(owner.person, body.code);
      await sessions.factorGiven(open);
      events.secondFactor("enrolled", owner, { dn: open.name, address });
      return { recoveryCodes: [...recoveryCodes] };
    },

    "DELETE /session/totp": async ({ session, body, address }) => {
      const open = asOpenSession(session);
      const by = { dn: open.name, address };
      if ("code" in body) {
        const owner = ownerOf(open);
        await secondFactors.require(owner.person, body.code);
        await secondFactors.remove(owner.person);
        events.secondFactor("removed", owner, by);
        return undefined;
      }
      const { cluster, dn } = body;
      open.connection(clusters.get(cluster).name);
      if (!open.hasRole("admin", cluster)) {
        throw new ApiError("not_allowed", `You need the role admin everywhere in ${cluster} for this.`);
      }
      if (!(await secondFactors.remove(personKey(cluster, dn)))) {
        throw new ApiError("not_found", `${dn} has no second factor.`);
      }
      events.secondFactor("reset", { cluster, dn }, by);
      return undefined;
    },

    "POST /session/recovery-codes": async ({ session, body, address }) => {
      const open = asOpenSession(session);
      const owner = ownerOf(open);
      await secondFactors.require(owner.person, body.code);
      const recoveryCodes = await secondFactors.renewRecoveryCodes(owner.person);
      events.secondFactor("recovery_codes_made", owner, { dn: open.name, address });
      return { recoveryCodes: [...recoveryCodes] };
    },

    "GET /session/oidc/{provider}": async ({ params, query, origin, setHeader }) => {
      const { url, state } = await oidc.begin(params.provider, query.returnTo);
      setHeader("set-cookie", cookies.write(oidcCookie, origin, state, signInSeconds));
      return new RedirectAnswer(url);
    },

    "GET /session/oidc/{provider}/callback": async (request) => {
      const { params, address, origin, headers, setHeader } = request;
      const { cookie } = headers;
      const state = cookies.read(oidcCookie, origin, typeof cookie === "string" ? cookie : undefined);
      const { opened, returnTo } = await sessions.counted("oidc", async () => {
        const provider = oidc.provider(params.provider);
        const { claims, returnTo } = await oidc.finish(params.provider, answerOf(request.query), state);
        const connections = await connectionsOf(provider, clusters, claims);
        if (connections === undefined) {
          const reason = "there is no such person";
          events.refused({ provider: params.provider, name: claims.sub, address, reason });
          throw new ApiError("not_allowed", "No entry of the directory is yours. Ask an administrator for one.");
        }
        const [{ cluster, dn }] = connections;
        const isEnrolled = await secondFactors.isEnrolled(personKey(cluster.name, dn));
        const opened = await sessions.open({
          ...{ id: randomId(), method: "oidc", provider: params.provider, factor: isEnrolled ? "wanted" : "none" },
          ...{ connections, address, userAgent: userAgentOf(headers) },
          replaces: request.session && asOpenSession(request.session),
        });
        return { opened, returnTo };
      });
      setHeader("set-cookie", [
        cookies.write(sessionCookie, origin, opened.token, maxAgeSeconds),
        cookies.write(oidcCookie, origin, "", 0),
      ]);
      return new RedirectAnswer(returnTo ?? `${config.contextPath}/`);
    },
  });
}

function ownerOf({ row }: OpenSession) {
  return { person: row.person, cluster: row.home_cluster, dn: row.dn };
}

function userAgentOf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string | undefined {
  const value = headers["user-agent"];
  return typeof value === "string" ? value : undefined;
}

/** What is there of it. */
function answerOf(query: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(given);
}
