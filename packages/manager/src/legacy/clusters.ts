/** The old paths about clusters, and about being connected to one. */
import { ApiError } from "../api/problem.ts";
import type { Handlers } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { clusterHealth, shownCluster } from "./cluster-shown.ts";
import type { legacyRoutes } from "./routes.ts";

type ClusterKeys = Extract<keyof typeof legacyRoutes, `GET /api/clusters/${string}`>;

export function legacyClusters({
  clusters,
}: {
  readonly clusters: Clusters;
}): Pick<Handlers<typeof legacyRoutes>, ClusterKeys> {
  return {
    "GET /api/clusters/list": async ({ session }) => ({
      clusters: await Promise.all(clusters.all.map((cluster) => shownCluster(cluster, session))),
    }),
    "GET /api/clusters/get/{name}": ({ params, session }) => shownCluster(clusters.get(params.name), session),
    "GET /api/clusters/health/{name}": ({ params }) => clusterHealth(clusters.get(params.name).nodes()),
    "GET /api/clusters/form/{name}": ({ params }) => {
      const form = clusters.get(params.name).config.user_creation_form;
      if (form === undefined) throw new ApiError("not_found", "This cluster has no user_creation_form.");
      return form;
    },
    "GET /api/clusters/columns/{name}": ({ params }) => clusters.get(params.name).config.table_columns,
    "GET /api/clusters/password-policy/{name}": ({ params }) => clusters.get(params.name).config.password_policy,
  };
}
