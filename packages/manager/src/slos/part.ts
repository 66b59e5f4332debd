/** The part of the API that shows service level objectives. */
import { type ApiPart, apiPart } from "../api/route.ts";
import { requireAnywhere } from "../sessions/require-anywhere.ts";
import type { Session } from "../sessions/session.ts";
import { sloRoutes } from "./routes.ts";
import type { SloReader } from "./slo-reader.ts";

/** @param reader undefined where no Prometheus is configured */
export function sloPart({ reader }: { readonly reader: SloReader | undefined }): ApiPart {
  const requireAuditor = (session: Session) =>
    requireAnywhere(session, "audit", "Promises are for auditors and administrators: ask for the role auditor.");
  return apiPart(sloRoutes, {
    "GET /slos": ({ session }) => {
      requireAuditor(session);
      return reader?.read() ?? { state: "off", objectives: [] };
    },
    "GET /slos/history": ({ session, query }) => {
      requireAuditor(session);
      return reader?.readHistory(query.range) ?? { state: "off", from: 0, stepMs: 1, objectives: [] };
    },
  });
}
