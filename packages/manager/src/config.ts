/** The `manager` section of espalier.yaml: where it listens, who may use it from where, and how people sign in. */
import { defineSection, duration, type HostPort, hostPort, network } from "@espalier/service";
import { z } from "zod";
import { replicationConfig } from "./replication/config.ts";
import { oidcProviders } from "./sessions/oidc/config.ts";
import { roles } from "./sessions/session.ts";
import { prometheusConfig } from "./slos/config.ts";

/** `https://ldap.example.com`, without a path. */
const origin = z.string().superRefine((text, context) => {
  if (text === "*") {
    context.addIssue({
      code: "custom",
      message: "must not be `*`: pages from everywhere could act as whoever is signed in. Name each origin",
    });
  } else if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol) || new URL(text).origin !== text) {
    context.addIssue({ code: "custom", message: "must be an origin such as https://ldap.example.com, without a path" });
  }
});

/** Without the slash at its end; `/` and nothing are the same. */
const contextPath = z
  .string()
  .regex(/^(?:\/[A-Za-z0-9._~-]+)*\/?$/, "must be a path such as /ldap")
  .transform((path) => path.replace(/\/$/, ""));

export const managerSection = defineSection({
  name: "manager",
  description: "The API over the `clusters`, and its page.",
  schema: z
    .strictObject({
      listen: hostPort().prefault("127.0.0.1:8000").describe("Where the API and the page are served."),
      port: z.number().int().min(0).max(65_535).optional().describe("In place of the port of `listen`."),
      publicUrl: z
        .string()
        .refine(
          (text) =>
            URL.canParse(text) &&
            /^https?:$/.test(new URL(text).protocol) &&
            new URL(text).href === `${new URL(text).origin}/`,
          "must be an http or https URL without a path, which is `contextPath`",
        )
        .transform((text) => new URL(text).origin)
        .optional()
        .describe(
          "Where people reach it, scheme and host: then browsers are answered only there. Needed for `oidc`, and for cookies that are kept to https behind a proxy that is not one of `trustedProxies`.",
        ),
      contextPath: contextPath
        .default("")
        .describe("Below which everything is served, where a proxy gives it a part of a site."),
      allowedOrigins: z
        .array(origin)
        .default([])
        .describe(
          "Origins whose pages may use the API as whoever is signed in. Of the same site as this one: browsers send its cookie from no other.",
        ),
      trustedProxies: z
        .array(network())
        .default([])
        .describe("Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."),
      keyFile: z
        .string()
        .min(1)
        .default("data/manager.key")
        .describe(
          "The key that encrypts passwords of sessions and secrets of second factors. Made if it is not there. All managers of one store need the same.",
        ),
      sessions: z
        .strictObject({
          idle: duration({ min: 2 * 60_000 })
            .prefault("30m")
            .describe("A session that is not used for so long ends."),
          maxAge: duration({ min: 5 * 60_000 })
            .prefault("12h")
            .describe("And this long after signing in it ends in any case."),
        })
        .prefault({}),
      totp: z
        .strictObject({
          issuer: z
            .string()
            .min(1)
            .max(64)
            .regex(/^[^:]*$/, "must have no colon")
            .default("Espalier")
            .describe("What authenticator apps call it."),
          required: z
            .array(z.enum(roles))
            .default([])
            .describe("Who has one of these roles can do nothing without a second factor but enrol one."),
        })
        .prefault({}),
      oidc: oidcProviders.default({}).describe("OpenID providers to sign in by, by the name in their URLs."),
      rateLimits: z
        .strictObject({
          session: z.number().int().min(10).default(1_200).describe("Requests a minute of one session."),
          strangers: z
            .number()
            .int()
            .min(5)
            .default(240)
            .describe("Requests a minute of one address (of IPv6: its /64) that belong to no session."),
          signInTries: z
            .number()
            .int()
            .min(2)
            .max(100)
            .default(5)
            .describe("Wrong passwords for one name from one address; one more comes back every three minutes."),
        })
        .prefault({}),
      replication: replicationConfig.prefault({}),
      prometheus: prometheusConfig
        .optional()
        .describe("The Prometheus that promises (service level objectives) are shown from; without it none are."),
      drainTimeout: duration({}).prefault("10s").describe("The longest that ending may take after SIGTERM."),
      workers: z.number().int().min(1).optional().describe("Means nothing: there is one process."),
      jsonLogs: z.boolean().optional().describe("Means nothing: the log is JSON."),
    })
    .superRefine(({ oidc, publicUrl, sessions }, context) => {
      if (Object.keys(oidc).length > 0 && publicUrl === undefined) {
        context.addIssue({
          code: "custom",
          path: ["publicUrl"],
          message: "is missing: OpenID providers send people back to it",
        });
      }
      if (sessions.idle > sessions.maxAge) {
        context.addIssue({
          code: "custom",
          path: ["sessions", "idle"],
          message: "is longer than `maxAge`, so it would never matter: make it shorter",
        });
      }
    }),
  environment: {
    MANAGER_LISTEN: { path: ["listen"], description: "Where the API and the page are served." },
    PORT: { path: ["port"], description: "In place of the port of MANAGER_LISTEN." },
    CONTEXT_PATH: { path: ["contextPath"], description: "Below which everything is served." },
    ALLOWED_ORIGINS: {
      path: ["allowedOrigins"],
      description: "Origins whose pages may use the API as whoever is signed in, with commas between them.",
    },
    MANAGER_KEY_FILE: { path: ["keyFile"], description: "The key that encrypts secrets in the store." },
    WORKERS: {
      path: ["workers"],
      description: "Means nothing: there is one process.",
      deprecated: "one process suffices, so there are no workers: unset it",
    },
    JSON_LOGS: {
      path: ["jsonLogs"],
      description: "Means nothing: the log is JSON.",
      deprecated: "the log is one JSON object a line whatever it says: unset it",
    },
  },
});

export type ManagerConfig = z.output<typeof managerSection.schema>;

export function listenAddress({ listen, port }: Pick<ManagerConfig, "listen" | "port">): HostPort {
  return { host: listen.host, port: port ?? listen.port };
}

/** Below which the API is. */
export function apiPrefix({ contextPath }: Pick<ManagerConfig, "contextPath">): string {
  return `${contextPath}/api/v1`;
}
