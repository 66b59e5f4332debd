/** Discord's webhooks: one embed, in which `allowed_mentions` lets nobody be called. https://docs.discord.com/developers/resources/webhook */
import { colours, gravityOf } from "./appearance.ts";
import type { ChatConfig } from "./config.ts";
import { HttpChannel, jsonRequest } from "./http-channel.ts";
import { escapeDiscord, linksParagraph } from "./markdown.ts";
import type { Message } from "./message.ts";
import { fitText, readableLine } from "./readable.ts";
import { urlSecrets } from "./secrets.ts";
import type { ChannelSurroundings } from "./surroundings.ts";

/** Of one embed; 6,000 in all. */
const limits = { title: 256, description: 4_096 };

export function discordPayload(message: Message): object {
  const links = linksParagraph(message.actions, escapeDiscord, limits.description / 2);
  const text = fitText(message.text, {
    limit: limits.description - links.length,
    escapeCharacter: escapeDiscord,
  });
  const description = `${text}${links}`;
  return {
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: fitText(readableLine(message.title), {
          limit: limits.title,
          escapeCharacter: escapeDiscord,
        }),
        ...(description.trim() === "" ? {} : { description }),
        color: Number.parseInt(colours[gravityOf(message)].slice(1), 16),
        timestamp: new Date(message.events.at(-1)!.time).toISOString(),
      },
    ],
  };
}

export function discordChannel(config: ChatConfig, surroundings: ChannelSurroundings): HttpChannel {
  const url = new URL(config.url.reveal());
  // Without it Discord answers before it has looked at the message.
  url.searchParams.set("wait", "true");
  return new HttpChannel(
    {
      kind: "discord",
      concurrency: config.concurrency,
      timeoutMs: config.timeout,
      ca: config.ca,
      // 404 is a webhook that was deleted: Discord bars addresses that go on asking.
      rules: { failed: [400, 413], disabled: [404, 410] },
      secrets: urlSecrets(new URL(config.url.reveal())),
      compose: (message) => jsonRequest(url, discordPayload(message)),
    },
    surroundings,
  );
}
