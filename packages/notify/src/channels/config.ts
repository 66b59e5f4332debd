/** `notify.channels.<name>`: what each kind of channel is told. */
import { duration, secret } from "@espalier/service";
import { z } from "zod";
import { type JsonTemplate, parseHttpTemplate, TemplateError } from "./http-template.ts";
import { parseSigningKey } from "./standard-webhooks.ts";
import { type Facility, facilities } from "./syslog-record.ts";
import { parseVapidKey } from "./vapid.ts";

/** RFC 6409, RFC 8314 §3.3, RFC 5321 §4.5.4.2. */
export const mailPorts = { starttls: 587, implicit: 465, none: 25 } as const;
/** RFC 5425 §4.1, RFC 6587 §3.2 (registered, in place of its 514), RFC 5426 §3.3. */
export const syslogPorts = { tls: 6514, tcp: 601, udp: 514 } as const;

const concurrency = (messages: number) =>
  z.number().int().min(1).max(64).default(messages).describe("Messages that one node sends at the same time.");

const common = {
  timeout: duration({ min: 100, max: 600_000 })
    .default(20_000)
    .describe("How long one attempt may take, the connecting included."),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file with the authority of the endpoint's certificate, where it is not a public one."),
};

/** `undefined` where `text` is an http or https URL that can be used as it is. */
function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return "must be an http or https URL";
  const { username, password, hash } = new URL(text);
  if (username !== "" || password !== "") return "must not have a user or password in it: there are keys for those";
  return hash === "" ? undefined : "must not have a fragment (#…) in it";
}

/** The URLs of webhooks let anybody who knows them post. */
const secretUrl = (description: string) =>
  secret()
    .superRefine((value, context) => {
      const problem = urlProblem(value.reveal());
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .describe(description);

const url = (description: string) =>
  z
    .string()
    .superRefine((value, context) => {
      const problem = urlProblem(value);
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    })
    .describe(description);

/** A secret that `parse` reads; what it throws completes a sentence. */
const parsedSecret = (parse: (text: string) => unknown) =>
  secret().superRefine((value, context) => {
    try {
      parse(value.reveal());
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

const address = /^[^\s<>@,;:"()[\]\\\p{Cc}]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/u;
const mailbox = /^[^<>@,;:"()[\]\\\p{Cc}]*<([^<>]+)>$/u;

function isMailbox(text: string): boolean {
  return address.test(mailbox.exec(text)?.[1] ?? text);
}

const userAndPassword = {
  user: z.string().min(1).optional().describe("`mail`, `ntfy`, `http`: the name to log in with."),
  password: secret().optional().describe("`mail`, `ntfy`, `http`: the password to log in with."),
};

function checkUserAndPassword(
  value: { readonly user?: string | undefined; readonly password?: unknown },
  context: z.core.$RefinementCtx,
): void {
  if ((value.user === undefined) === (value.password === undefined)) return;
  const path = value.user === undefined ? "user" : "password";
  context.addIssue({ code: "custom", path: [path], message: "is missing: a login needs both user and password" });
}

const mail = z
  .strictObject({
    kind: z
      .literal("mail")
      .describe(
        "What the channel is: `mail`, `webhook`, `ntfy`, `slack`, `mattermost`, `teams`, `discord`, `web-push`, `http` or `syslog`.",
      ),
    host: z
      .string()
      .min(1, "must not be empty")
      .describe("`mail` and `syslog`: the server's name. Not with `transport: log`."),
    port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe(
        "`mail`: 587 unless set, with `tls: implicit` 465, with `none` 25. `syslog`: 6514, with `tcp` 601, with `udp` 514.",
      ),
    tls: z
      .enum(["starttls", "implicit", "none"])
      .default("starttls")
      .describe(
        "`mail`: `starttls` and `implicit` fail where there is no TLS; `none` sends in clear text and cannot log in.",
      ),
    ...userAndPassword,
    from: z
      .string()
      .refine(isMailbox, "must be an address such as alerts@example.com or Alerts <alerts@example.com>")
      .optional()
      .describe("`mail`: the sender; `user` where that is an address."),
    to: z
      .array(z.string().regex(address, "must be an address such as admin@example.com"))
      .min(1)
      .max(100)
      .describe("`mail`: the recipients."),
    ...common,
    concurrency: concurrency(2),
  })
  .superRefine((value, context) => {
    checkUserAndPassword(value, context);
    const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (value.from === undefined && !(value.user !== undefined && address.test(value.user))) {
      issue("from", "is missing: set it to the sender's address, because user is not one");
    }
    if (value.tls === "none" && value.password !== undefined) {
      issue("tls", "is none, and the password would be sent in clear text: use starttls or implicit");
    }
    if (value.tls === "starttls" && value.port === mailPorts.implicit) {
      issue("port", "is 465, where servers speak TLS from the first byte: set tls to implicit, or the port to 587");
    }
  });

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  url: secretUrl(
    "Where requests go, kept out of logs behind its host. `ntfy`: the server. `http`: may have `{{variables}}`, which are percent-encoded; those of a message in the query only.",
  ),
  secrets: z
    .array(parsedSecret(parseSigningKey))
    .min(1)
    .max(4)
    .describe(
      "`webhook`: a list of Standard Webhooks signing keys, `whsec_…` or `whsk_…`, each of which signs: two while one replaces the other. `http`: values by name, for `{{secret.NAME}}`.",
    ),
  ...common,
  concurrency: concurrency(4),
});

const ntfy = z
  .strictObject({
    kind: z.literal("ntfy"),
    url: url("The server, such as `https://ntfy.example.com`."),
    topic: parsedSecret((text) => {
      if (!/^[-_A-Za-z0-9]{1,64}$/.test(text)) throw new RangeError("must be up to 64 letters, digits, - and _");
    }).describe("`ntfy`: the topic. On a server without logins whoever knows it can read along."),
    token: secret().optional().describe("`ntfy`: an access token, in place of user and password."),
    ...userAndPassword,
    ...common,
    concurrency: concurrency(2),
  })
  .superRefine((value, context) => {
    checkUserAndPassword(value, context);
    if (value.token !== undefined && value.user !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["token"],
        message: "stands beside user and password: use one of them",
      });
    }
  });

const chat = <const Kind extends string>(kind: Kind) =>
  z.strictObject({
    kind: z.literal(kind),
    url: secretUrl("The incoming webhook's URL."),
    ...common,
    concurrency: concurrency(1),
  });

const base64url = (bytes: number) => (text: string) => {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text) || Buffer.from(text, "base64url").length !== bytes) {
    throw new RangeError(`must be base64url of ${bytes} bytes, as the browser's PushSubscription gives it`);
  }
};

const webPush = z.strictObject({
  kind: z.literal("web-push"),
  vapid: z.strictObject({
    subject: z
      .string()
      .regex(/^(?:mailto:|https:\/\/)\S+$/, "must be a mailto: or https: URI")
      .describe("`web-push`: where a push service finds somebody to ask: `mailto:admin@example.com`."),
    privateKey: parsedSecret(parseVapidKey).describe(
      "`web-push`: the private key, base64url; its public key is what pages subscribe with.",
    ),
  }),
  subscriptions: z
    .array(
      z.strictObject({
        endpoint: secretUrl("`web-push`: `endpoint` of a browser's PushSubscription.").refine(
          (value) => value.reveal().startsWith("https:"),
          "must be an https URL",
        ),
        keys: z.strictObject({
          p256dh: z
            .string()
            .refine((text) => Buffer.from(text, "base64url").length === 65, "must be base64url of 65 bytes")
            .describe("`keys.p256dh` of the same."),
          auth: parsedSecret(base64url(16)).describe("`keys.auth` of the same."),
        }),
      }),
    )
    .min(1)
    .max(1_000)
    .describe("The browsers."),
  ...common,
  concurrency: concurrency(2),
});

/** Not `z.json()` itself, which is recursive: the reference and the JSON schema of the configuration have an end. */
const jsonTemplate = z
  .unknown()
  .refine((value) => value === undefined || z.json().safeParse(value).success, "must be what JSON can say")
  .transform((value) => value as JsonTemplate | undefined);

const http = z
  .strictObject({
    kind: z.literal("http"),
    method: z.enum(["POST", "PUT", "PATCH", "GET"]).default("POST").describe("`http`: the request's method."),
    url: secret().describe("Where the request goes; `{{variables}}` are percent-encoded."),
    headers: z
      .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header"), secret())
      .default({})
      .describe("`http`: headers, with `{{variables}}`."),
    secrets: z
      .record(z.string().regex(/^\w+$/, "must be a word"), secret())
      .default({})
      .describe("Values for `{{secret.NAME}}`, which no log shows."),
    json: jsonTemplate
      .optional()
      .describe("`http`: the body, written as YAML and sent as JSON, with `{{variables}}` in its texts."),
    form: z
      .record(z.string(), z.string())
      .optional()
      .describe("`http`: the body as form fields, with `{{variables}}`."),
    text: z.string().optional().describe("`http`: the body as plain text, with `{{variables}}`."),
    ...userAndPassword,
    ...common,
    concurrency: concurrency(2),
  })
  .superRefine((value, context) => {
    checkUserAndPassword(value, context);
    const bodies = (["json", "form", "text"] as const).filter((key) => value[key] !== undefined);
    if (bodies.length > 1) {
      context.addIssue({ code: "custom", path: [bodies[1]!], message: `stands beside ${bodies[0]}: use one of them` });
    }
    if (value.method === "GET" && bodies.length > 0) {
      context.addIssue({ code: "custom", path: [bodies[0]!], message: "has no place in a GET request: use POST" });
    }
    for (const name of Object.keys(value.headers)) {
      if (!framingHeaders.has(name.toLowerCase())) continue;
      context.addIssue({
        code: "custom",
        path: ["headers", name],
        message: "is set by the request itself: leave it out",
      });
    }
    try {
      parseHttpTemplate(value);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      context.addIssue({ code: "custom", path: [...error.path], message: error.message });
    }
  });

const framingHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

const syslog = z
  .strictObject({
    kind: z.literal("syslog"),
    transport: z
      .enum(["tls", "tcp", "udp", "log"])
      .default("tls")
      .describe("`syslog`: how records get out. `log` writes them as lines of this service's log, on standard output."),
    host: z.string().min(1, "must not be empty").optional().describe("The collector's name; not with `log`."),
    port: z.number().int().min(1).max(65_535).optional().describe("The collector's port."),
    facility: z
      .enum(Object.keys(facilities) as [Facility, ...Facility[]])
      .default("daemon")
      .describe("`syslog`: the facility of the records."),
    allowClearText: z
      .boolean()
      .default(false)
      .describe(
        "`syslog`: whether `tcp` and `udp` may leave this machine: everybody on the way can read and forge them.",
      ),
    ...common,
    concurrency: concurrency(4),
  })
  .superRefine((value, context) => {
    const { transport, host } = value;
    const issue = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (transport === "log") {
      if (host !== undefined) issue("host", "has no meaning with transport log: leave one of them out");
      return;
    }
    if (host === undefined) return issue("host", "is missing: set it to the collector's name or address");
    if (transport !== "tls" && !value.allowClearText && !loopback.test(host)) {
      issue("transport", `is ${transport}, and ${host} is not this machine: use tls, or set allowClearText`);
    }
    if (transport !== "tls" && value.ca !== undefined) issue("ca", `has no meaning with transport ${transport}`);
    if (transport === "tls" && value.port === syslogPorts.udp) {
      issue("port", "is 514, where collectors speak clear text: TLS is at 6514 unless yours says otherwise");
    }
  });

export const channelConfig = z.discriminatedUnion("kind", [
  mail,
  webhook,
  ntfy,
  chat("slack"),
  chat("mattermost"),
  chat("teams"),
  chat("discord"),
  webPush,
  http,
  syslog,
]);

export type ChannelConfig = z.output<typeof channelConfig>;
type ConfigOf<Kind extends ChannelConfig["kind"]> = Extract<ChannelConfig, { kind: Kind }>;

export type MailConfig = ConfigOf<"mail">;
export type WebhookConfig = ConfigOf<"webhook">;
export type NtfyConfig = ConfigOf<"ntfy">;
export type ChatConfig = ConfigOf<"slack" | "mattermost" | "teams" | "discord">;
export type WebPushConfig = ConfigOf<"web-push">;
export type HttpConfig = ConfigOf<"http">;
export type SyslogConfig = ConfigOf<"syslog">;
