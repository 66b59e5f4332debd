/** The `gateway` section of espalier.yaml, the environment variables that set it, and what follows from both. */
import { readFileSync } from "node:fs";
import { formatDn, parseDn } from "@espalier/ldap";
import { checkTlsPolicy, defineSection, duration, listenUrl, secret, tlsPolicyShape } from "@espalier/service";
import { z } from "zod";
import type { NotificationOptions } from "./approval/notification.ts";
import { AttemptKeys } from "./backoff/attempt.ts";
import { type AuthChain, authBackends } from "./bind/credentials.ts";
import type { SourceOptions } from "./source/source.ts";

/** A setting of the system this replaces that means something this gateway does not do: never passed over in silence. */
const refused = (sentence: string) =>
  z
    .unknown()
    .optional()
    .refine((value) => value === undefined, sentence)
    .describe(sentence);

const baseDn = z.string().transform((text, context) => {
  try {
    const dn = parseDn(text);
    if (dn.length > 0) return formatDn(dn);
  } catch {
    // reported below
  }
  context.addIssue(`must be a DN such as dc=example,dc=com, and "${text}" is not one`);
  return z.NEVER;
});

const query = (description: string) => z.string().min(1).describe(description);

const tls = z
  .strictObject({
    certPath: z.string().optional().describe("PEM file with the certificate and its chain."),
    keyPath: z.string().optional().describe("PEM file with the private key."),
    certContent: z.string().optional().describe("The certificate itself, in PEM; goes before `certPath`."),
    keyContent: secret().optional().describe("The private key itself, in PEM; goes before `keyPath`."),
    selfSignedDirectory: z
      .string()
      .default("cert")
      .describe("Where a self-signed certificate is made once, and kept, when no certificate is configured."),
    ...tlsPolicyShape,
  })
  .superRefine((value, context) => {
    if ((value.certPath === undefined) !== (value.keyPath === undefined)) {
      context.addIssue("needs both certPath and keyPath (LDAP_CERT_PATH and LDAP_KEY_PATH), or neither");
    }
    if ((value.certContent === undefined) !== (value.keyContent === undefined)) {
      context.addIssue("needs both certContent and keyContent (LDAP_CERT_CONTENT and LDAP_KEY_CONTENT), or neither");
    }
    for (const { key, message } of checkTlsPolicy(value)) context.addIssue({ code: "custom", path: [key], message });
  });

const sql = z.strictObject({
  url: secret().describe(
    "The database: `postgres://user:password@host:port/database`, `mysql://…`, `mariadb://…` or `sqlite:path`.",
  ),
  ssl: z.boolean().optional().describe("`false` turns TLS off whatever the URL says; without it the URL decides."),
  queries: z.strictObject({
    allUsers: query("All users, one row each."),
    oneUser: query("The user whose name is `?`."),
    allGroups: query("All groups, one row each."),
    groupsByMember: query("The groups of the user whose name is `?`."),
    memberships: query(
      "All memberships: rows of `username` and `name`. Without it `groupsByMember` is asked for all users at once.",
    ).optional(),
  }),
});

const notification = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .describe("Where a login is announced; the answer to that request is the person's."),
  apiKey: secret().optional().describe("Sent along, where the server asks for one."),
  ca: z
    .string()
    .optional()
    .describe("PEM file with the authority of the server's certificate, where it is not a public one."),
  timeout: duration({ min: 1_000 })
    .default(30_000)
    .describe("How long a login waits for an answer. SSSD's `ldap_opt_timeout` must be longer: it is 8 s unless set."),
  exempt: z.array(z.string().min(1)).default([]).describe("Users that are not asked: service accounts."),
});

const schema = z
  .strictObject({
    base: baseDn.optional().describe("The naming context. Without it, the dc parts of `commonName`."),
    commonName: z.string().min(1).optional().describe("The host name clients use; in the self-signed certificate too."),
    listen: z
      .array(listenUrl({ ldap: 389, ldaps: 636 }))
      .min(1)
      .optional()
      .describe("Where clients are served: `ldaps://0.0.0.0:636`. In place of `bindIp`, `port` and `unencrypted`."),
    bindIp: z.string().optional(),
    port: z.number().int().min(0).max(65535).optional(),
    unencrypted: z.boolean().optional(),
    tls: tls.prefault({}),
    sql,
    directoryBackend: z
      .literal("sql", { error: "must be sql: this version reads users from an SQL database only" })
      .default("sql"),
    authBackends: z
      .array(z.enum(authBackends, { error: "can only be sql or notification" }))
      .min(1)
      .default(["sql"]),
    notification: notification.optional(),
    requireAuthForSearch: z.boolean().default(true),
    placement: z
      .enum(["flat", "ou"])
      .default("flat")
      .describe("`flat`: users and groups right under the base. `ou`: under ou=users and ou=groups."),
    inventMail: z
      .boolean()
      .default(true)
      .describe("Whether a user without mail gets `<username>@<domain of the base>`, as the system before did."),
    refresh: z
      .strictObject({
        interval: duration({ min: 100 }).default(5_000).describe("How often the queries are read again."),
      })
      .prefault({}),
    binds: z
      .strictObject({
        source: z
          .enum(["fresh", "snapshot"])
          .default("fresh")
          .describe(
            "`fresh`: each bind reads the user's row. `snapshot`: binds are verified against the hash of the last refresh, so a changed password or a suspension counts up to one refresh later.",
          ),
        allowCleartext: z
          .boolean()
          .default(false)
          .describe("Whether a password column may hold passwords in clear text."),
        slowHashes: z
          .number()
          .int()
          .min(1)
          .default(2)
          .describe("How many passwords with a slow hash are verified at the same time."),
      })
      .prefault({}),
    backoff: z
      .strictObject({
        exemptAddresses: z
          .array(z.string().refine(isAddressOrNetwork, "must be an address or a network such as 10.0.0.0/8"))
          .default([])
          .describe(
            "Addresses or networks (`10.0.0.0/8`) whose wrong passwords are not counted: proxies and applications that many users stand behind.",
          ),
      })
      .prefault({}),
    outage: z
      .strictObject({
        serveSearchesFor: duration({})
          .default(3_600_000)
          .describe(
            "How long searches are answered from the last snapshot while the database is away; then 52, unavailable.",
          ),
        binds: z
          .enum(["drop", "lastKnown"])
          .default("drop")
          .describe(
            "While the database is away: `drop` the connection, so that the client tries another server, or verify against the `lastKnown` hash.",
          ),
        lastKnownFor: duration({}).default(900_000).describe("For how long `lastKnown` holds."),
      })
      .prefault({}),
    limits: z
      .strictObject({
        connections: z.number().int().min(1).default(10_000).describe("Client connections in all."),
        connectionsPerAddress: z.number().int().min(1).default(1_000).describe("Client connections from one address."),
        idleTimeout: duration({ min: 1_000 })
          .default(900_000)
          .describe("A connection on which nothing happens is closed after this."),
        operationsInFlight: z
          .number()
          .int()
          .min(1)
          .default(128)
          .describe("Requests of one connection that are worked on at once; more wait."),
        messageBytes: z
          .number()
          .int()
          .min(1024)
          .default(1_048_576)
          .describe("The largest request of a client that has bound; before that it is 64 KiB."),
      })
      .prefault({}),
    drainTimeout: duration({}).default(10_000).describe("The longest that ending may take after SIGTERM."),
    workers: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Processes that serve on the same port, for more than one core. Each holds the directory in memory."),
    realms: refused("Realms are not served in this version: run one gateway for each base DN."),
    backendDirectory: refused("Backends of one's own are not loaded in this version."),
  })
  .superRefine((value, context) => {
    if (value.base === undefined && value.commonName === undefined) {
      context.addIssue({
        code: "custom",
        path: ["base"],
        message: "is missing: set LDAP_BASE_DN, for example dc=example,dc=com",
      });
    }
    if (!value.authBackends.includes("sql")) {
      context.addIssue({
        code: "custom",
        path: ["authBackends"],
        message: "must have sql too: a notification alone would let anybody ask, with any password",
      });
    }
    if (value.authBackends.includes("notification") && value.notification === undefined) {
      context.addIssue({
        code: "custom",
        path: ["notification"],
        message: "is missing although authBackends names it: set NOTIFICATION_URL",
      });
    }
    if (value.listen && (value.bindIp !== undefined || value.port !== undefined || value.unencrypted !== undefined)) {
      context.addIssue({
        code: "custom",
        path: ["listen"],
        message:
          "says the same as bindIp, port and unencrypted (BIND_IP, PORT, LDAP_UNENCRYPTED): use one or the other",
      });
    }
  });

export type GatewayConfig = z.output<typeof schema>;

export const gatewaySection = defineSection({
  name: "gateway",
  description: "The LDAP server over an SQL database.",
  schema,
  environment: {
    LDAP_BASE_DN: { path: ["base"], description: "The naming context, such as `dc=example,dc=com`." },
    LDAP_COMMON_NAME: {
      path: ["commonName"],
      description:
        "The host name clients use: subject of the self-signed certificate; its dc parts are the base DN where none is given.",
    },
    BIND_IP: { path: ["bindIp"], description: "The address to listen on; 0.0.0.0 unless set." },
    PORT: { path: ["port"], description: "The port to listen on; 636, or 389 with LDAP_UNENCRYPTED." },
    LDAP_UNENCRYPTED: { path: ["unencrypted"], description: "`true` serves ldap with StartTLS in place of ldaps." },
    LDAP_CERT_PATH: { path: ["tls", "certPath"], description: "PEM file with the certificate and its chain." },
    LDAP_KEY_PATH: { path: ["tls", "keyPath"], description: "PEM file with the private key." },
    LDAP_CERT_CONTENT: { path: ["tls", "certContent"], description: "The certificate itself, in PEM." },
    LDAP_KEY_CONTENT: { path: ["tls", "keyContent"], description: "The private key itself, in PEM." },
    TLS_MIN_VERSION: {
      path: ["tls", "minVersion"],
      description: "`TLSv1.2` or `TLSv1.3`. Proxmox asks for TLSv1.2 unless told otherwise.",
    },
    TLS_MAX_VERSION: { path: ["tls", "maxVersion"], description: "`TLSv1.2` or `TLSv1.3`." },
    TLS_CIPHERS: { path: ["tls", "ciphers"], description: "OpenSSL cipher list." },
    DIRECTORY_BACKEND: { path: ["directoryBackend"], description: "`sql`." },
    AUTH_BACKENDS: {
      path: ["authBackends"],
      description: "`sql`, or `sql,notification`: all must agree, and the password always goes first.",
    },
    NOTIFICATION_URL: { path: ["notification", "url"], description: "The server that asks people to approve logins." },
    NOTIFICATION_API_KEY: { path: ["notification", "apiKey"], description: "Sent to it, where it asks for one." },
    SQL_URI: { path: ["sql", "url"], aliases: ["SQL_URL"], description: "The database's URL, with user and password." },
    SQL_SSL: {
      path: ["sql", "ssl"],
      description: "`false` or `0` turns TLS to the database off; without it the URL decides.",
      parse: (text) => (text === "0" ? false : text === "1" ? true : booleanOf(text)),
    },
    SQL_QUERY_ALL_USERS: { path: ["sql", "queries", "allUsers"], description: "All users, one row each." },
    SQL_QUERY_ONE_USER: { path: ["sql", "queries", "oneUser"], description: "The user whose name is `?`." },
    SQL_QUERY_ALL_GROUPS: { path: ["sql", "queries", "allGroups"], description: "All groups, one row each." },
    SQL_QUERY_GROUPS_BY_MEMBER: {
      path: ["sql", "queries", "groupsByMember"],
      description: "The groups of the user whose name is `?`.",
    },
    SQL_QUERY_ALL_MEMBERSHIPS: {
      path: ["sql", "queries", "memberships"],
      description: "Optional: all memberships as rows of `username` and `name`.",
    },
    REQUIRE_AUTH_FOR_SEARCH: {
      path: ["requireAuthForSearch"],
      description: "`false` lets clients search without a bind.",
    },
    REALM_CONFIG: { path: ["realms"], description: "Not in this version." },
    BACKEND_DIR: { path: ["backendDirectory"], description: "Not in this version." },
  },
});

function isAddressOrNetwork(text: string): boolean {
  try {
    return new AttemptKeys({ exemptAddresses: [text] }) !== undefined;
  } catch {
    return false;
  }
}

function booleanOf(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw new Error("must be true or false");
}

export interface ListenerSettings {
  readonly scheme: "ldap" | "ldaps";
  readonly host: string;
  readonly port: number;
}

/** The listeners: those of `listen`, or the single one that PORT, BIND_IP and LDAP_UNENCRYPTED describe. */
export function listenersOf(config: GatewayConfig): readonly ListenerSettings[] {
  if (config.listen) return config.listen;
  const scheme = config.unencrypted ? "ldap" : "ldaps";
  return [{ scheme, host: config.bindIp ?? "0.0.0.0", port: config.port ?? (config.unencrypted ? 389 : 636) }];
}

/** The base DN: as configured, or the dc parts of the common name. */
export function baseOf(config: GatewayConfig): string {
  return config.base ?? formatDn(config.commonName!.split(".").map((label) => [{ type: "dc", value: label }]));
}

/** How the database is opened. */
export function sourceOptionsOf({ sql }: GatewayConfig): SourceOptions {
  const { memberships, ...queries } = sql.queries;
  return {
    url: sql.url.reveal(),
    queries: memberships === undefined ? queries : { ...queries, memberships },
    ...(sql.ssl === undefined ? {} : { ssl: sql.ssl }),
  };
}

/** The host name for certificates. */
export function commonNameOf(config: GatewayConfig): string {
  return config.commonName ?? "localhost";
}

/** What a login must pass. */
export function authChainOf(config: GatewayConfig): AuthChain {
  return { default: config.authBackends, hasNotification: config.notification !== undefined };
}

/** How people are asked. @throws Error when the file with the authority cannot be read. */
export function notificationOptionsOf(
  config: GatewayConfig,
  { url, apiKey, ca, timeout, exempt }: NonNullable<GatewayConfig["notification"]>,
): NotificationOptions {
  return {
    url: new URL(url),
    apiKey: apiKey?.reveal(),
    ca: ca === undefined ? undefined : readFileSync(ca, "utf8"),
    timeoutMs: timeout,
    realm: baseOf(config),
    exempt,
  };
}
