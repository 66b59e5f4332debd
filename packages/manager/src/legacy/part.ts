/** What answers the old paths: the parts of the new API, asked as they were. */
import { type ApiPart, apiPart } from "../api/route.ts";
import { legacyClusters } from "./clusters.ts";
import { type LegacyConnectionNeeds, legacyConnection } from "./connection.ts";
import { type LegacyMonitoringNeeds, legacyMonitoring } from "./monitoring.ts";
import { legacyReading } from "./reading.ts";
import { legacyRoutes } from "./routes.ts";
import { type LegacyWritingNeeds, legacyWriting } from "./writing.ts";

export interface LegacyNeeds extends LegacyConnectionNeeds, LegacyWritingNeeds, LegacyMonitoringNeeds {}

export function legacyPart(needs: LegacyNeeds): ApiPart {
  return apiPart(legacyRoutes, {
    ...legacyClusters(needs),
    ...legacyConnection(needs),
    ...legacyReading(needs),
    ...legacyWriting(needs),
    ...legacyMonitoring(needs),
  });
}
