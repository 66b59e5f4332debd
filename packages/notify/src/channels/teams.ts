/**
 * Microsoft Teams, through a Workflows webhook: an Adaptive Card made of TextRuns, which know no Markdown, so that nothing in
 * them is a link or a mention. https://adaptivecards.io/explorer/RichTextBlock.html
 */
import { type Gravity, gravityOf } from "./appearance.ts";
import type { ChatConfig } from "./config.ts";
import { HttpChannel, jsonRequest, messageRefused } from "./http-channel.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine } from "./readable.ts";
import { urlSecrets } from "./secrets.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

/** Teams takes 28 KB a message and shows six buttons. */
const limits = { bytes: 27_000, title: 256, label: 80, actions: 6 };

/** Teams' own names, which it fits to its theme. */
const colours: Readonly<Record<Gravity, string>> = {
  critical: "Attention",
  high: "Attention",
  medium: "Warning",
  low: "Accent",
  info: "Default",
  resolved: "Good",
};

export function teamsPayload(message: Message): object {
  // A line costs a block around it, so how much text there is room for is only known from what comes out.
  for (let length = 16_384; length > 1; length /= 2) {
    const payload = card(message, fitText(message.text, { limit: length }));
    if (Buffer.byteLength(JSON.stringify(payload)) <= limits.bytes) return payload;
  }
  return card({ ...message, actions: [] }, "");
}

function card(message: Message, text: string): object {
  const title = fitText(readableLine(message.title), { limit: limits.title });
  const lines = text.trim() === "" ? [] : text.split("\n");
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          msteams: { width: "Full" },
          body: [
            richText({
              type: "TextRun",
              text: title,
              size: "Large",
              weight: "Bolder",
              color: colours[gravityOf(message)],
            }),
            // A no-break space keeps an empty line's height.
            ...lines.map((line) => richText({ type: "TextRun", text: line === "" ? "\u00a0" : line })),
          ],
          actions: message.actions.slice(0, limits.actions).map((action) => ({
            type: "Action.OpenUrl",
            title: fitText(readableLine(action.label), { limit: limits.label }),
            url: action.url,
          })),
        },
      },
    ],
  };
}

function richText(run: object): object {
  return { type: "RichTextBlock", inlines: [run] };
}

export function teamsChannel(config: ChatConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url.reveal());
  return new HttpChannel(
    {
      kind: "teams",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      rules: messageRefused,
      secrets: urlSecrets(url),
      compose: (message) => jsonRequest(url, teamsPayload(message)),
    },
    surroundings,
  );
}
