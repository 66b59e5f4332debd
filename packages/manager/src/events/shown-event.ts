/** An event as the API shows it, to those whose roles let them see it. */
import type { StoredEvent } from "@espalier/service";
import type { z } from "zod";
import { ApiError } from "../api/problem.ts";
import type { Session } from "../sessions/session.ts";
import type { eventSchema } from "./routes.ts";

/**
 * What happened on a cluster is for its own auditors; what is of no cluster (a proxy's backend, a webhook) for those of any.
 *
 * @throws ApiError
 */
export function visibleTo(session: Session): (event: StoredEvent) => boolean {
  const audited = new Set(session.clusters.filter((cluster) => session.may("audit", cluster)));
  if (audited.size === 0) {
    throw new ApiError("not_allowed", "The timeline is for auditors and administrators: ask for the role auditor.");
  }
  return ({ data }) => typeof data?.cluster !== "string" || audited.has(data.cluster);
}

export function eventJson({ id, position, time, type, severity, subject, source, actor, data, audit }: StoredEvent) {
  const json: z.input<typeof eventSchema> = { id, position, time, type, severity, subject, source, audit };
  return { ...json, ...(actor === undefined ? {} : { actor }), ...(data === undefined ? {} : { data }) };
}
