/** The gateway: users and groups of an SQL database, served over LDAP. */
export { baseOf, type GatewayConfig, gatewaySection, listenersOf } from "./config.ts";
export { testGateway } from "./config-test.ts";
export { Gateway, type GatewayOptions } from "./gateway.ts";
export { gatewayMetrics } from "./metrics.ts";
export { GatewayProcesses, WorkerStartError } from "./processes/primary.ts";
export { PrimaryLink, startOf } from "./processes/worker.ts";
export { SourceError } from "./source/error.ts";
export {
  type DatabaseColumn,
  type DatabaseSurvey,
  hasPassword,
  surveyDatabase,
  tryQueries,
  withPassword,
} from "./source/survey.ts";
export { sqlTrigger } from "./source/trigger.ts";
