/** ntfy: a message to a topic, published as JSON. https://docs.ntfy.sh/publish/#publish-as-json */
import type { Severity } from "@espalier/service";
import { type Gravity, gravityOf } from "./appearance.ts";
import { basicAuthorization } from "./authorization.ts";
import type { NtfyConfig } from "./config.ts";
import { HttpChannel, jsonRequest, messageRefused } from "./http-channel.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine, utf8Length } from "./readable.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

/** Beyond 4,096 bytes ntfy makes the text a file to download; it has room for three buttons. */
const limits = { title: 250, textBytes: 4_000, label: 80, actions: 3 };

/** 5 rings on and on, 1 makes no sound. */
const priorities: Readonly<Record<Severity, number>> = { critical: 5, high: 4, medium: 3, low: 2, info: 1 };
const ordinaryPriority = 3;

/** ntfy shows these as symbols before the title. */
const tags: Readonly<Partial<Record<Gravity, string>>> = {
  critical: "rotating_light",
  high: "warning",
  resolved: "white_check_mark",
};

export function ntfyPayload(message: Message, topic: string): object {
  const tag = tags[gravityOf(message)];
  const priority = priorities[message.severity];
  return {
    topic,
    title: fitText(readableLine(message.title), { limit: limits.title }),
    message: fitText(message.text, { limit: limits.textBytes, measure: utf8Length }),
    // That it is over must not wake anybody.
    priority: message.status === "resolved" ? Math.min(priority, ordinaryPriority) : priority,
    tags: tag === undefined ? [] : [tag],
    actions: message.actions.slice(0, limits.actions).map((action) => ({
      action: "view",
      label: fitText(readableLine(action.label), { limit: limits.label }),
      url: action.url,
    })),
  };
}

export function ntfyChannel(config: NtfyConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url);
  const topic = config.topic.reveal();
  const authorization =
    config.token !== undefined
      ? `Bearer ${config.token.reveal()}`
      : config.user !== undefined && config.password !== undefined
        ? basicAuthorization(config.user, config.password.reveal())
        : undefined;
  return new HttpChannel(
    {
      kind: "ntfy",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      rules: messageRefused,
      secrets: [topic, config.token?.reveal() ?? "", config.password?.reveal() ?? "", authorization ?? ""],
      compose: (message) =>
        jsonRequest(url, ntfyPayload(message, topic), authorization === undefined ? {} : { authorization }),
    },
    surroundings,
  );
}
