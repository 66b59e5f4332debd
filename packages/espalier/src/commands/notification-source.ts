/** What the manager shows of notifications: the notification service's own view of the store, put behind the manager's interface. */
import type { NotificationSource } from "@espalier/manager";
import { DeliveryError, NotifyAdministration, type NotifyConfig } from "@espalier/notify";
import type { EventStore, Logger } from "@espalier/service";

export function notificationSource(
  config: () => NotifyConfig,
  { store, log }: Pick<EventStore, "store" | "log">,
  logger: Logger,
): NotificationSource {
  const administration = new NotifyAdministration({ config, store, log, logger });
  return {
    overview: () => administration.overview(),
    deliveries: (filter, page) => administration.deliveries(filter, page),
    delivery: (id) => administration.delivery(id).catch(undefinedIfUnknown),
    story: (event) => administration.story(event),
    replay: (id, actor) => administration.replay(id, actor).then(() => undefined, sentenceOf),
    replayAll: (channel, actor) => administration.replayAll(channel, actor),
    async test(channel) {
      const outcome = await administration.test(channel);
      if (outcome === undefined) return undefined;
      const isDelivered = outcome.status === "delivered";
      const detail = isDelivered ? outcome.detail : outcome.reason;
      return { isDelivered, ...(detail === undefined ? {} : { detail }) };
    },
    enable: (channel, actor) => administration.enable(channel, actor),
    rejections: (limit) => administration.rejections(limit),
    approvals: async (filter) =>
      (await administration.approvals(filter)).map(({ decidedAt, ...approval }) => ({
        ...approval,
        ...(decidedAt === undefined ? {} : { decidedAt }),
      })),
    lockedUsers: () => administration.lockedUsers(),
    unlock: (username, actor) => administration.unlock(username, actor),
  };
}

function undefinedIfUnknown(error: unknown): undefined {
  if (error instanceof DeliveryError && error.code === "ERR_DELIVERY_UNKNOWN") return undefined;
  throw error;
}

/** A sentence begins with a capital letter. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof DeliveryError)) throw error;
  return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
}
