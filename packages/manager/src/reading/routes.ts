/** The routes that read. */
import { defineRoutes } from "../api/route.ts";
import { clusterRoutes } from "./cluster-routes.ts";
import { entryRoutes } from "./entry-routes.ts";
import { groupRoutes } from "./group-routes.ts";
import { savedSearchRoutes } from "./saved-search-routes.ts";
import { schemaRoutes } from "./schema-routes.ts";
import { searchRoutes } from "./search-routes.ts";

export const readingRoutes = defineRoutes({
  ...clusterRoutes,
  ...entryRoutes,
  ...searchRoutes,
  ...groupRoutes,
  ...schemaRoutes,
  ...savedSearchRoutes,
});
