/** The part of the API that shows findings. */
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import { type ApiPart, apiPart } from "../api/route.ts";
import { requireAnywhere } from "../sessions/require-anywhere.ts";
import { findingRoutes } from "./routes.ts";
import type { FindingSource } from "./source.ts";

type FindingsJson = z.input<(typeof findingRoutes)["GET /findings"]["response"]>;

/** @param source undefined where this process makes no checks. */
export function findingPart({ source }: { readonly source: FindingSource | undefined }): ApiPart {
  return apiPart(findingRoutes, {
    "GET /findings": ({ session }) => {
      requireAnywhere(session, "audit", "Findings are for auditors and administrators: ask for the role auditor.");
      return findingsJson(source);
    },
    "POST /findings/check-now": async ({ session }) => {
      requireAnywhere(session, "admin", "To look now is for administrators: ask for the role admin.");
      if (source === undefined) {
        throw new ApiError("unavailable", "This process makes no checks: run `espalier up`, which does.");
      }
      await source.checkNow();
      return findingsJson(source);
    },
  });
}

function findingsJson(source: FindingSource | undefined): FindingsJson {
  if (source === undefined) return { state: "off", isRunning: false, findings: [], unreadable: [] };
  const { lastRunAt, isRunning, intervalMs, findings, unreadable } = source.now();
  return {
    state: lastRunAt === undefined ? "waiting" : "known",
    ...(lastRunAt === undefined ? {} : { lastRunAt }),
    ...{ isRunning, intervalMs },
    findings: findings.map(({ references, ...finding }) => ({ ...finding, references: [...references] })),
    unreadable: unreadable.map(({ subject, message }) => ({ subject, message })),
  };
}
