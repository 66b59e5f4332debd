/** Mattermost's incoming webhooks: one message attachment, whose text is Markdown. https://developers.mattermost.com/integrate/reference/message-attachments/ */
import { colours, gravityOf } from "./appearance.ts";
import type { ChatConfig } from "./config.ts";
import { HttpChannel, jsonRequest, messageRefused } from "./http-channel.ts";
import { escapeMattermost, linksParagraph } from "./markdown.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine } from "./readable.ts";
import { urlSecrets } from "./secrets.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

/** A post has 16,383 characters, on servers with an old database 4,000. */
const limits = { title: 256, text: 4_000 };

export function mattermostPayload(message: Message): object {
  const title = fitText(readableLine(message.title), {
    limit: limits.title,
    escapeCharacter: escapeMattermost,
  });
  const links = linksParagraph(message.actions, escapeMattermost, limits.text / 2);
  const text = fitText(message.text, {
    limit: limits.text - links.length,
    escapeCharacter: escapeMattermost,
  });
  return { attachments: [{ fallback: title, color: colours[gravityOf(message)], title, text: `${text}${links}` }] };
}

export function mattermostChannel(config: ChatConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url.reveal());
  return new HttpChannel(
    {
      kind: "mattermost",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      rules: messageRefused,
      secrets: urlSecrets(url),
      compose: (message) => jsonRequest(url, mattermostPayload(message)),
    },
    surroundings,
  );
}
