/** Every route of the API. */
import { changeRoutes } from "../changes/routes.ts";
import { entryRoutes } from "../entries/routes.ts";
import { eventRoutes } from "../events/routes.ts";
import { findingRoutes } from "../findings/routes.ts";
import { monitoringRoutes } from "../monitoring/routes.ts";
import { notificationRoutes } from "../notifications/routes.ts";
import { passwordRoutes } from "../passwords/routes.ts";
import { readingRoutes } from "../reading/routes.ts";
import { replicationRoutes } from "../replication/routes.ts";
import { sessionRoutes } from "../sessions/routes.ts";
import { sloRoutes } from "../slos/routes.ts";
import { storyRoutes } from "../stories/routes.ts";
import { transferRoutes } from "../transfer/routes.ts";
import { defineRoutes } from "./route.ts";

export const apiRoutes = defineRoutes({
  ...sessionRoutes,
  ...readingRoutes,
  ...changeRoutes,
  ...entryRoutes,
  ...passwordRoutes,
  ...transferRoutes,
  ...monitoringRoutes,
  ...replicationRoutes,
  ...eventRoutes,
  ...storyRoutes,
  ...findingRoutes,
  ...sloRoutes,
  ...notificationRoutes,
});

export type ApiRoutes = typeof apiRoutes;
