/** Makes the channel that a configuration describes. */
import type { Channel } from "./channel.ts";
import type { ChannelConfig } from "./config.ts";
import { discordChannel } from "./discord.ts";
import { httpTemplateChannel } from "./http-template.ts";
import { MailChannel } from "./mail.ts";
import { mattermostChannel } from "./mattermost.ts";
import { ntfyChannel } from "./ntfy.ts";
import { slackChannel } from "./slack.ts";
import type { ChannelSurroundings } from "./surroundings.ts";
import { SyslogChannel } from "./syslog.ts";
import { teamsChannel } from "./teams.ts";
import { WebPushChannel } from "./web-push.ts";
import { webhookChannel } from "./webhook.ts";

/** @throws Error with a sentence when a file that the configuration names cannot be read. */
export function createChannel(config: ChannelConfig, surroundings: ChannelSurroundings): Channel {
  switch (config.kind) {
    case "mail":
      return new MailChannel(config, surroundings);
    case "webhook":
      return webhookChannel(config, surroundings);
    case "ntfy":
      return ntfyChannel(config, surroundings);
    case "slack":
      return slackChannel(config, surroundings);
    case "mattermost":
      return mattermostChannel(config, surroundings);
    case "teams":
      return teamsChannel(config, surroundings);
    case "discord":
      return discordChannel(config, surroundings);
    case "web-push":
      return new WebPushChannel(config, surroundings);
    case "http":
      return httpTemplateChannel(config, surroundings);
    case "syslog":
      return new SyslogChannel(config, surroundings);
  }
}
