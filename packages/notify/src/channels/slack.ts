/**
 * Slack's incoming webhooks, as blocks of `plain_text`, in which nothing is a link, a mention or a format; `&`, `<` and `>`
 * are escaped because they start those everywhere else. https://docs.slack.dev/reference/block-kit/blocks
 */
import { gravityOf, symbols } from "./appearance.ts";
import type { ChatConfig } from "./config.ts";
import { HttpChannel, jsonRequest } from "./http-channel.ts";
import type { Message } from "./message.ts";
import { type EscapeCharacter, fitText, readable, readableLine } from "./readable.ts";
import { urlSecrets } from "./secrets.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export const escapeSlack: EscapeCharacter = (character) => entities[character] ?? character;

const limits = { header: 150, section: 3_000, button: 75, url: 3_000, buttons: 25 };

export function slackPayload(message: Message): object {
  const title = `${symbols[gravityOf(message)]} ${readableLine(message.title)}`;
  const actions = message.actions.filter(({ url }) => url.length <= limits.url).slice(0, limits.buttons);
  return {
    // What a telephone announces; the blocks are what is read.
    text: fitText(title, { limit: limits.section, escapeCharacter: escapeSlack }),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: plainText(title, limits.header) },
      // A section must not be empty.
      ...(readable(message.text).trim() === ""
        ? []
        : [{ type: "section", text: plainText(message.text, limits.section) }]),
      ...(actions.length === 0
        ? []
        : [
            {
              type: "actions",
              elements: actions.map(({ label: text, url }) => ({
                type: "button",
                text: plainText(text, limits.button),
                url,
              })),
            },
          ]),
    ],
  };
}

function plainText(text: string, limit: number): object {
  return { type: "plain_text", emoji: false, text: fitText(text, { limit, escapeCharacter: escapeSlack }) };
}

export function slackChannel(config: ChatConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url.reveal());
  return new HttpChannel(
    {
      kind: "slack",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      // 404 is `no_service` or `no_team`, 410 `channel_is_archived`: neither comes back by itself.
      rules: { failed: [400, 413], disabled: [404, 410] },
      secrets: urlSecrets(url),
      compose: (message) => jsonRequest(url, slackPayload(message)),
    },
    surroundings,
  );
}
