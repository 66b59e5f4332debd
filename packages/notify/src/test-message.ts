/** One message to one channel, at once and past the queue: whether it arrives can be seen there. */
import { randomUUIDv7 } from "node:crypto";
import type { Logger, StoredEvent } from "@espalier/service";
import type { SendOutcome } from "./channels/channel.ts";
import type { NotifyConfig } from "./config.ts";
import { createChannels } from "./notifier.ts";

const timeoutMs = 60_000;

/** `undefined` where the configuration has no such channel. @throws ConfigurationError */
export async function sendTestMessage(
  config: NotifyConfig,
  name: string,
  logger: Logger,
): Promise<SendOutcome | undefined> {
  const own = config.channels[name];
  if (own === undefined) return undefined;
  const [channel] = createChannels({ ...config, channels: { [name]: own } }, logger);
  if (channel === undefined) return undefined;
  const now = Date.now();
  const event: StoredEvent = {
    id: randomUUIDv7(),
    position: 0,
    type: "notify.test",
    severity: "info",
    subject: name,
    source: "notify",
    time: now,
    audit: false,
  };
  try {
    return await channel.send(
      {
        deliveryId: randomUUIDv7(),
        attempt: 1,
        events: [event],
        status: "information",
        severity: "info",
        title: `[info] Test of the channel ${name}`,
        text: `If you read this, the channel ${name} works. It was sent by "espalier notify test ${name}" at ${new Date(now).toISOString()}.`,
        actions: [],
      },
      AbortSignal.timeout(timeoutMs),
    );
  } finally {
    await channel.close();
  }
}
