/** The checks of what runs: what the command needs of them. */
export { CheckService, type CheckServiceOptions, type CheckState } from "./check-service.ts";
export type { CurrentFinding } from "./current-finding.ts";
export { checkMetrics } from "./metrics.ts";
