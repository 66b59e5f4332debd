/**
 * Webhooks out, signed as Standard Webhooks has it: `{type, timestamp, data}`, the same bytes in every attempt, `webhook-id`
 * the same too. Anything but 2xx and 410 is tried again, as that specification has it.
 */
import type { WebhookConfig } from "./config.ts";
import { HttpChannel, wellFormedJson } from "./http-channel.ts";
import type { Message } from "./message.ts";
import { urlSecrets } from "./secrets.ts";
import { parseSigningKey, signatures } from "./standard-webhooks.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

/** What a receiver reads. `type` is that of the events, or `notification.digest` where they are of several. */
export function webhookPayload(message: Message): object {
  const types = new Set(message.events.map(({ type }) => type));
  const newest = message.events.at(-1)!;
  return {
    type: types.size === 1 ? newest.type : "notification.digest",
    timestamp: new Date(newest.time).toISOString(),
    data: {
      deliveryId: message.deliveryId,
      status: message.status,
      severity: message.severity,
      title: message.title,
      text: message.text,
      actions: message.actions.map(({ label, url }) => ({ label, url })),
      events: message.events.map(({ id, type, severity, subject, source, actor, time, data }) => ({
        id,
        type,
        severity,
        subject,
        source,
        actor,
        time: new Date(time).toISOString(),
        data,
      })),
    },
  };
}

export function webhookChannel(config: WebhookConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url.reveal());
  const keys = config.secrets.map((secret) => parseSigningKey(secret.reveal()));
  return new HttpChannel(
    {
      kind: "webhook",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      rules: { failed: [], disabled: [410] },
      secrets: [...urlSecrets(url), ...config.secrets.map((secret) => secret.reveal())],
      compose: (message, nowMs) => {
        const body = wellFormedJson(webhookPayload(message));
        const timestamp = Math.floor(nowMs / 1_000);
        return {
          method: "POST",
          url,
          headers: {
            "content-type": "application/json",
            "webhook-id": message.deliveryId,
            "webhook-timestamp": String(timestamp),
            "webhook-signature": signatures(keys, message.deliveryId, timestamp, body),
          },
          body,
        };
      },
    },
    surroundings,
  );
}
