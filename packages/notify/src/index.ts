/** Webhooks in, notifications out: what the command needs of the service. */
export {
  type ChannelOverview,
  type NotificationsOverview,
  NotifyAdministration,
  type RouteOverview,
} from "./administration.ts";
export { type UnlockOptions, unlockApprovals } from "./approvals/unlock.ts";
export type { SendOutcome } from "./channels/channel.ts";
export { type NotifyConfig, notifySection, routesOf } from "./config.ts";
export { testNotify } from "./config-test.ts";
export { enableChannel } from "./deliveries/channel-state.ts";
export { type DeadLetter, type DeadLetterFilter, DeadLetters } from "./deliveries/dead-letters.ts";
export type { Delivery } from "./deliveries/delivery.ts";
export { DeliveryError } from "./deliveries/delivery-error.ts";
export { type QueueState, readQueueState } from "./deliveries/queue-state.ts";
export { listRejections, type Rejection } from "./hooks/rejections.ts";
export { notifyMetrics } from "./metrics.ts";
export { NotifyService, type NotifyServiceOptions } from "./service.ts";
export { parseSloDefinitions, SloDefinitionError } from "./slo/definition.ts";
export { formatSloRules } from "./slo/rules.ts";
export { notifyStoreMigrations } from "./store-migrations.ts";
export { sendTestMessage } from "./test-message.ts";
