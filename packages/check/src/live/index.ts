/**
 * Observation of a running system. `liveTargetsOf` in the command's package says what to look at:
 *
 *     const observation = await observe(liveTargetsOf(configuration), { now: Date.now });
 *     const report = check(withObservation(project, observation), rules, { profile, now: Date.now() });
 */
export { type HealthRow, type HealthStatus, rowsOf } from "./health-rows.ts";
export type { Observation, ObservedDocuments, ObservedKind, Unseen } from "./observation.ts";
export { withObservation } from "./observation.ts";
export type { ObserveOptions } from "./observe.ts";
export { observe } from "./observe.ts";
export type { EndpointTarget, LiveTargets, NodeTarget, StorageTarget } from "./targets.ts";
