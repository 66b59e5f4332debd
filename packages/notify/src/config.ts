/** The `notify` section of espalier.yaml, and what must agree in it. */
import { defineSection, duration, hostPort, network, secret } from "@espalier/service";
import { z } from "zod";
import { approvalsConfig } from "./approvals/config.ts";
import { channelConfig } from "./channels/config.ts";
import { deliveriesConfig } from "./deliveries/config.ts";
import { canarySource, sourcesConfig } from "./hooks/config.ts";
import { type Route, routesConfig, unknownChannels } from "./routes/config.ts";

const channelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, "must be letters, digits, - and _")
  .refine((name) => name !== canarySource, "is the name of a channel that the service has for itself");

const channelKinds: readonly unknown[] = channelConfig.options.map(({ shape }) => shape.kind.value);

/** A channel that is named as a kind is of that kind, and mail is sent through the server of the sender's domain. */
function withImpliedKeys(written: unknown): unknown {
  if (typeof written !== "object" || written === null || Array.isArray(written)) return written;
  return Object.fromEntries(
    Object.entries(written as Record<string, unknown>).map(([name, channel]) => {
      if (typeof channel !== "object" || channel === null || Array.isArray(channel)) return [name, channel];
      const { kind = channelKinds.includes(name) ? name : undefined, ...keys } = channel as Record<string, unknown>;
      const [, domain] = /@([^@\s]+)$/.exec(typeof keys.user === "string" ? keys.user : "") ?? [];
      const implied =
        kind === "mail" && keys.host === undefined && domain !== undefined ? { host: `smtp.${domain}` } : {};
      return [name, { ...(kind === undefined ? {} : { kind }), ...implied, ...keys }];
    }),
  );
}

export const notifySection = defineSection({
  name: "notify",
  description: "Webhooks in, notifications out.",
  schema: z
    .strictObject({
      listen: hostPort().prefault("127.0.0.1:5000").describe("Where webhooks and the API are served."),
      publicUrl: z
        .string()
        .refine(
          (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
          "must be an http or https URL",
        )
        .optional()
        .describe("Where people reach this service, for the links in messages; without it there are none."),
      trustedProxies: z
        .array(network())
        .default([])
        .describe("Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."),
      apiKeys: z
        .array(secret().refine((key) => key.reveal().length >= 20, "must have 20 characters or more"))
        .default([])
        .describe("Who has one of them may read events and ask for approvals."),
      sources: sourcesConfig.prefault({}).describe("Who may send webhooks, by the name in `/hooks/NAME`."),
      channels: z
        .preprocess(withImpliedKeys, z.record(channelName, channelConfig))
        .default({})
        .describe("Where messages go, by name. A channel that is named as a kind is of that kind."),
      routes: routesConfig
        .optional()
        .describe("Who hears of which events; without it every channel hears of everything."),
      outbound: z
        .strictObject({
          allow: z
            .array(network())
            .default([])
            .describe("Networks that are not public and that channels may connect to over HTTP nevertheless."),
        })
        .prefault({}),
      deliveries: deliveriesConfig.prefault({}),
      approvals: approvalsConfig
        .optional()
        .describe("Logins that wait for a person's yes or no; without it there are none."),
      canary: z
        .union([z.literal("off"), duration({ min: 1_000, max: 3_600_000 })])
        .prefault("60s")
        .describe("How often an event of the service's own goes the whole way, or `off`."),
      drainTimeout: duration({}).default(10_000).describe("The longest that ending may take after SIGTERM."),
    })
    .superRefine(({ routes = [], channels, approvals, apiKeys, publicUrl }, context) => {
      for (const { path, channel } of unknownChannels(routes, new Set(Object.keys(channels)))) {
        context.addIssue({
          code: "custom",
          path: ["routes", ...path],
          message: `names the channel ${channel}, which is not there`,
        });
      }
      if (approvals === undefined) return;
      if (publicUrl === undefined) {
        context.addIssue({
          code: "custom",
          path: ["publicUrl"],
          message: "is missing: approvals are decided by links to it",
        });
      }
      if (approvals.keys.length + apiKeys.length + approvals.trustedNetworks.length === 0) {
        context.addIssue({
          code: "custom",
          path: ["approvals", "keys"],
          message: "is missing: nobody may ask without one",
        });
      }
    }),
  environment: {
    NOTIFY_LISTEN: { path: ["listen"], description: "Where webhooks and the API are served." },
    WEBHOOK_SECRET: {
      path: ["sources", "generic", "secrets"],
      description: "The secret of `/hooks/generic`, whose senders sign with `X-Hub-Signature-256`.",
      parse: (text) => [text],
    },
    PARTICLE_WEBHOOK_SECRET: {
      path: ["sources", "particle", "secrets"],
      description: "The secret of `/hooks/particle`, which Particle sends as `Authorization: Bearer`.",
      parse: (text) => [text],
    },
    SMTP_HOST: {
      path: ["channels", "mail", "host"],
      description: "The mail server; `smtp.` and the domain of SMTP_EMAIL unless set.",
    },
    SMTP_PORT: {
      path: ["channels", "mail", "port"],
      description: "Its port; 587 unless set.",
      parse: (text) => (/^\d+$/.test(text) ? Number(text) : text),
    },
    SMTP_EMAIL: { path: ["channels", "mail", "user"], description: "The name to log in with, and the sender." },
    SMTP_PASSWORD: { path: ["channels", "mail", "password"], description: "The password to log in with." },
    RECIPIENT_EMAIL: {
      path: ["channels", "mail", "to"],
      description: "The recipients, with commas between them.",
      parse: (text) =>
        text
          .split(",")
          .map((address) => address.trim())
          .filter((address) => address !== ""),
    },
  },
});

export type NotifyConfig = z.output<typeof notifySection.schema>;

/** As configured, or everything to everybody. */
export function routesOf({ routes, channels }: NotifyConfig): readonly Route[] {
  const names = Object.keys(channels);
  return routes ?? (names.length === 0 ? [] : routesConfig.parse([{ name: "everything", channels: names }]));
}
