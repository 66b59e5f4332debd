/**
 * Web Push: a message to browsers that subscribed (RFC 8030), encrypted (RFC 8291), signed (RFC 8292).
 *
 * What the service worker gets is JSON: `{title, body, tag, status, severity, url, actions}`. `tag` and the `Topic` of RFC
 * 8030 §5.4 are the same in every attempt, so that a second one replaces the first.
 */
import { createHash, randomBytes as cryptoRandomBytes } from "node:crypto";
import type { Severity } from "@espalier/service";
import type { HttpClient } from "../outbound/http-client.ts";
import type { Channel, SendOutcome } from "./channel.ts";
import type { WebPushConfig } from "./config.ts";
import { httpClient } from "./http-channel.ts";
import { outcomeOfError, outcomeOfResponse, type StatusRules } from "./http-outcome.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine, utf8Length } from "./readable.ts";
import { type HideSecrets, secretHider, urlSecrets } from "./secrets.ts";
import type { ChannelSurroundings } from "./surroundings.ts";
import { TakenBy } from "./taken-by.ts";
import { parseVapidKey, type VapidKey, vapidAuthorization } from "./vapid.ts";
import { encryptPush, maxPlaintextBytes, type SubscriptionKeys } from "./web-push-encryption.ts";

/** RFC 8030 §7.3: 404 and 410 say that the subscription is no more; 400 and 413 speak of the message. */
const rules: StatusRules = { failed: [400, 413], disabled: [404, 410] };

/** RFC 8030 §5.3. `low` waits for power or Wi-Fi. */
const urgencies: Readonly<Record<Severity, string>> = {
  critical: "high",
  high: "high",
  medium: "normal",
  low: "low",
  info: "low",
};

/** How long a push service keeps it for a browser that is away. */
const timeToLiveSeconds = 86_400;

interface Subscription {
  readonly endpoint: URL;
  readonly keys: SubscriptionKeys;
}

export class WebPushChannel implements Channel {
  readonly name: string;
  readonly kind = "web-push";
  readonly concurrency: number;
  readonly #subscriptions: readonly Subscription[];
  /** Those that the push service has ended. */
  readonly #gone = new Set<Subscription>();
  readonly #taken = new TakenBy<Subscription>();
  readonly #vapid: VapidKey;
  readonly #subject: string;
  readonly #client: HttpClient;
  readonly #hide: HideSecrets;
  readonly #publicUrl: string | undefined;
  readonly #now: () => number;
  readonly #randomBytes: (length: number) => Buffer;

  constructor(config: WebPushConfig, surroundings: ChannelSurroundings) {
    this.name = surroundings.name;
    this.concurrency = config.concurrency;
    this.#vapid = parseVapidKey(config.vapid.privateKey.reveal());
    this.#subject = config.vapid.subject;
    this.#subscriptions = config.subscriptions.map(({ endpoint, keys }) => ({
      endpoint: new URL(endpoint.reveal()),
      keys: { p256dh: Buffer.from(keys.p256dh, "base64url"), auth: Buffer.from(keys.auth.reveal(), "base64url") },
    }));
    this.#client = httpClient({ ca: config.ca, timeoutMs: config.timeout }, surroundings);
    this.#hide = secretHider(this.#subscriptions.flatMap(({ endpoint }) => urlSecrets(endpoint)));
    this.#publicUrl = surroundings.publicUrl;
    this.#now = surroundings.now ?? Date.now;
    this.#randomBytes = surroundings.randomBytes ?? cryptoRandomBytes;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    const { deliveryId } = message;
    const live = this.#subscriptions.filter((subscription) => !this.#gone.has(subscription));
    if (live.length === 0) return { status: "disabled", reason: "every subscription has ended: subscribe again" };
    const payload = pushPayload(message, this.#publicUrl);
    const asked = this.#taken.rest(deliveryId, live);
    const outcomes = await Promise.all(
      asked.map(async (subscription) => {
        const outcome = await this.#push(subscription, message, payload, signal);
        if (outcome.status === "disabled") this.#gone.add(subscription);
        if (outcome.status === "delivered") this.#taken.add(deliveryId, [subscription]);
        return outcome;
      }),
    );
    const outcome = gravest(outcomes, asked.length < live.length);
    if (outcome.status !== "retry") this.#taken.forget(deliveryId);
    return outcome;
  }

  async #push(
    { endpoint, keys }: Subscription,
    message: Message,
    payload: Buffer,
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    try {
      const response = await this.#client.request(
        {
          method: "POST",
          url: endpoint,
          headers: {
            authorization: vapidAuthorization(this.#vapid, endpoint, this.#subject, this.#now()),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            ttl: String(timeToLiveSeconds),
            urgency: urgencies[message.severity],
            topic: createHash("sha256").update(message.deliveryId).digest("base64url").slice(0, 32),
          },
          body: encryptPush(payload, keys, this.#randomBytes(16), this.#randomBytes(32)),
        },
        signal,
      );
      return outcomeOfResponse(response, rules, this.#hide, this.#now());
    } catch (error) {
      return outcomeOfError(error, this.#hide, signal);
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

/** A browser that can be reached later is reason to try again; otherwise one that took it is enough. */
function gravest(outcomes: readonly SendOutcome[], wasTaken: boolean): SendOutcome {
  const retry = outcomes.find(({ status }) => status === "retry");
  if (retry !== undefined) return retry;
  const delivered = outcomes.filter(({ status }) => status === "delivered").length;
  if (delivered > 0 || wasTaken) {
    return { status: "delivered", detail: `${delivered} of ${outcomes.length} subscriptions` };
  }
  const failed = outcomes.find(({ status }) => status === "failed");
  return failed ?? outcomes[0] ?? { status: "disabled", reason: "every subscription has ended: subscribe again" };
}

export function pushPayload(message: Message, publicUrl: string | undefined): Buffer {
  const title = fitText(readableLine(message.title), { limit: 200 });
  const facts = { title, tag: message.deliveryId, status: message.status, severity: message.severity };
  // Browsers show two.
  const actions = message.actions.slice(0, 2).map((action) => ({
    label: fitText(readableLine(action.label), { limit: 80 }),
    url: action.url,
  }));
  const encode = (body: string, links: typeof actions) =>
    Buffer.from(JSON.stringify({ ...facts, body, url: publicUrl, actions: links }));
  const links = encode("", actions).length <= maxPlaintextBytes ? actions : [];
  const room = maxPlaintextBytes - encode("", links).length;
  return encode(fitText(message.text, { limit: room, measure: jsonLength }), links);
}

/** Bytes of a text inside of a JSON string. */
function jsonLength(text: string): number {
  return utf8Length(JSON.stringify(text)) - 2;
}
