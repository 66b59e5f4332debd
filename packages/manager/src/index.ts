/** The public names of `@espalier/manager`: what the command needs of the service. */
export { apiRoutes } from "./api/routes.ts";
export { type ManagerConfig, managerSection } from "./config.ts";
export { testManager } from "./config-test.ts";
export type { FindingSource, FindingsNow, ShownFinding } from "./findings/source.ts";
export { managerMetrics } from "./metrics.ts";
export type { NotificationSource } from "./notifications/source.ts";
export { ManagerService, type ManagerServiceOptions } from "./service.ts";
export { KeyFileError } from "./sessions/key-file.ts";
export { managerStoreMigrations } from "./store-migrations.ts";
