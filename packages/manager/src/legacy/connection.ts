/**
 * The old paths about being connected. To connect is to sign in as the cluster's `bind_dn`: it opens a session of one's own, where
 * it once opened the cluster to everybody.
 */
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { anonymous } from "../sessions/identities.ts";
import type { sessionRoutes } from "../sessions/routes.ts";
import { asOpenSession } from "../sessions/session-of.ts";
import type { legacyRoutes } from "./routes.ts";

type ConnectionKeys =
  | "POST /api/connection/connect"
  | "GET /api/connection/status"
  | "GET /api/password/check/{cluster}"
  | "DELETE /api/password/cache/{cluster}";

export interface LegacyConnectionNeeds {
  readonly clusters: Clusters;
  /** What answers the routes of sessions. */
  readonly sessions: Handlers<typeof sessionRoutes>;
}

export function legacyConnection({
  clusters,
  sessions,
}: LegacyConnectionNeeds): Pick<Handlers<typeof legacyRoutes>, ConnectionKeys> {
  return {
    "POST /api/connection/connect": async (request) => {
      const { cluster_name: cluster, bind_password: password, second_factor: secondFactor } = request.body;
      const { bind_dn: name } = clusters.get(cluster).config;
      if (name === undefined) {
        throw new ApiError("invalid_request", `${cluster} has no bind_dn: sign in with POST /api/v1/session.`);
      }
      const { session } = request;
      const body = { cluster, name, password, ...(secondFactor === undefined ? {} : { secondFactor }) };
      const isOfAnother = session !== undefined && asOpenSession(session).row.home_cluster !== cluster;
      const opened = await (isOfAnother
        ? sessions["POST /session/clusters"]({ ...request, session, body })
        : sessions["POST /session"]({ ...request, body }));
      if (!("csrfToken" in opened)) throw new TypeError("signing in gives a session");
      return {
        status: "success",
        message: `Signed in to ${cluster} as ${name}. Send the cookie with each request, and csrf_token as X-CSRF-Token with those that change something.`,
        base_dn: await clusters
          .get(cluster)
          .baseDn(anonymous)
          .catch(() => ""),
        csrf_token: opened.csrfToken,
      };
    },

    "GET /api/connection/status": () => ({ status: "ready" }),

    "GET /api/password/check/{cluster}": ({ params, session }) => ({
      cached: session.clusters.includes(clusters.get(params.cluster).name),
    }),

    "DELETE /api/password/cache/{cluster}": async (request) => {
      const { name } = clusters.get(request.params.cluster);
      if (request.session.clusters.includes(name)) {
        await sessions["DELETE /session/clusters/{cluster}"]({ ...request, params: { cluster: name } });
      }
      return { status: "success", message: `Your connection to ${name} has ended, and its secret was dropped.` };
    },
  };
}
