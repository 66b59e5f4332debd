/** What belongs to no cluster, such as findings and notifications: who may do it on any. */
import { ApiError } from "../api/problem.ts";
import type { Action, Session } from "./session.ts";

/** @param sentence what the refused are told @throws ApiError `not_allowed` */
export function requireAnywhere(session: Session, action: Action, sentence: string): void {
  if (!session.clusters.some((cluster) => session.may(action, cluster))) throw new ApiError("not_allowed", sentence);
}
