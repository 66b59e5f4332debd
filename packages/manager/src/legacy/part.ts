/** What answers the old paths: the parts of the new API, asked as they were. */
import { type ApiPart, apiPart, type Handlers } from "../api/route.ts";
import type { passwordRoutes } from "../passwords/routes.ts";
import type { replicationRoutes } from "../replication/routes.ts";
import type { sessionRoutes } from "../sessions/routes.ts";
import { legacyClusters } from "./clusters.ts";
import { legacyConnection } from "./connection.ts";
import { type LegacyMonitoringNeeds, legacyMonitoring } from "./monitoring.ts";
import { legacyReading } from "./reading.ts";
import { legacyRoutes } from "./routes.ts";
import { type LegacyWritingNeeds, legacyWriting } from "./writing.ts";

export interface LegacyNeeds extends Omit<LegacyWritingNeeds, "passwords">, Omit<LegacyMonitoringNeeds, "replication"> {
  /** Of `sessionPart`. */
  readonly sessionPart: ApiPart;
  readonly passwordPart: ApiPart;
  readonly replicationPart: ApiPart;
}

export function legacyPart(needs: LegacyNeeds): ApiPart {
  const { clusters } = needs;
  const passwords = needs.passwordPart.handlers as unknown as Handlers<typeof passwordRoutes>;
  const sessions = needs.sessionPart.handlers as unknown as Handlers<typeof sessionRoutes>;
  const replication = needs.replicationPart.handlers as unknown as Handlers<typeof replicationRoutes>;
  return apiPart(legacyRoutes, {
    ...legacyClusters({ clusters }),
    ...legacyConnection({ clusters, sessions }),
    ...legacyReading({ clusters }),
    ...legacyWriting({ ...needs, passwords }),
    ...legacyMonitoring({ ...needs, replication }),
  });
}
