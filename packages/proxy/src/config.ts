/** The `proxy` section of espalier.yaml, and what must agree in it. */
import { formatDn, parseDn, parseFilter } from "@espalier/ldap";
import {
  byteSize,
  checkTlsPolicy,
  defineSection,
  duration,
  listenUrl,
  secret,
  tlsPolicyShape,
} from "@espalier/service";
import { z } from "zod";
import { type BackendUrl, formatBackendUrl, parseBackendUrl } from "./backend-url.ts";
import { Firewall } from "./firewall/firewall.ts";
import type { FirewallRule } from "./firewall/rule.ts";
import { firewallRule, formatListener } from "./firewall-config.ts";
import { isLoopback, network } from "./network.ts";
import type { StrategyName } from "./routing/strategy.ts";

const strategies = [
  "round-robin",
  "weighted",
  "least-pending",
  "lowest-latency",
  "last-first",
  "first-only",
] as const satisfies readonly StrategyName[];

const backendUrl = z.string().transform((text, context): BackendUrl => {
  const url = parseBackendUrl(text);
  if (url !== undefined) return url;
  context.addIssue(
    `must be a server such as ldaps://ldap1.example.com, ldap://10.1.1.1:389 or srv+ldaps://example.com, and "${text}" is not one`,
  );
  return z.NEVER;
});

const backend = z.union([
  backendUrl.transform((url) => backendSettings({ url })),
  z
    .strictObject({
      name: z.string().min(1).optional().describe("What log, metrics and `status` call it; `host:port` unless set."),
      url: backendUrl.describe(
        "`ldaps://host[:port]`, `ldap://host[:port]`, or `srv+ldaps://domain` for the servers that its SRV records name. A backend that has no more than a URL can be written as that alone.",
      ),
      weight: z.number().int().min(0).max(65_535).optional().describe("With `weighted`: its share; 1 unless set."),
    })
    .transform((settings) => backendSettings(settings)),
]);

export interface BackendSettings {
  readonly name: string;
  readonly url: BackendUrl;
  readonly weight: number;
}

function backendSettings(written: {
  readonly url: BackendUrl;
  readonly name?: string | undefined;
  readonly weight?: number | undefined;
}): BackendSettings {
  const { url, name = formatBackendUrl(url).replace(/^ldaps?:\/\//, ""), weight = 1 } = written;
  return { name, url, weight };
}

const tier = z.strictObject({
  strategy: z
    .enum(strategies)
    .default("round-robin")
    .describe(
      "How the tier chooses: in turn; in turn by weight; the fewest operations under way; the lower latency of two chosen at random; the last that is up; the first that is up.",
    ),
  backends: z.array(backend).min(1),
});

const dn = z.string().refine(isDn, { error: "must be a DN such as cn=proxy,dc=example,dc=com", abort: true });

const listenerTls = z
  .strictObject({
    certPath: z.string().optional().describe("PEM file with the listeners' certificate and its chain."),
    keyPath: z.string().optional().describe("PEM file with its private key."),
    clientCaPath: z
      .string()
      .optional()
      .describe("PEM file with the authorities of client certificates, which are then asked for."),
    ...tlsPolicyShape,
  })
  .superRefine((value, context) => {
    if ((value.certPath === undefined) !== (value.keyPath === undefined)) {
      context.addIssue("needs both certPath and keyPath, or neither");
    }
    if (value.clientCaPath !== undefined && value.certPath === undefined) {
      context.addIssue("asks for client certificates, which a listener without certPath and keyPath cannot do");
    }
    for (const { key, message } of checkTlsPolicy(value)) context.addIssue({ code: "custom", path: [key], message });
  });

const upstream = z
  .strictObject({
    caPath: z
      .string()
      .optional()
      .describe("PEM file with the authorities of the backends' certificates; those of the system unless set."),
    certPath: z.string().optional().describe("PEM file with the certificate that the proxy shows to backends."),
    keyPath: z.string().optional().describe("PEM file with its private key."),
    verify: z
      .boolean()
      .default(true)
      .describe("`false` takes any certificate of a backend: whoever answers reads all."),
    startTls: z.boolean().default(false).describe("Whether connections to `ldap://` backends begin with StartTLS."),
    connectTimeout: duration({ min: 100 }).default(5_000).describe("For connecting, the TLS handshake included."),
    maxConnections: count(64).describe(
      "Connections to one backend, all kinds together but the one that its health is checked on.",
    ),
    sharedConnections: count(4).describe(
      "Of them, those that many clients share, for each identity; four times as many in front of 389 Directory Server, one request each.",
    ),
    bindConnections: count(8).describe("Of them, those on which binds are verified, one at a time each."),
    maxPending: count(500).describe("Operations under way at one backend; more wait."),
    maxAge: duration({ min: 1_000 })
      .default(3_600_000)
      .describe("An older connection is replaced once it is idle, at a time spread by a tenth."),
    proxyProtocol: z
      .boolean()
      .default(false)
      .describe("Whether a PROXY v2 header tells backends the client's address. Connections are then not shared."),
    resolveInterval: duration({ min: 1_000 }).default(30_000).describe("How often names are looked up again."),
  })
  .superRefine((value, context) => {
    if ((value.certPath === undefined) !== (value.keyPath === undefined)) {
      context.addIssue("needs both certPath and keyPath, or neither");
    }
  });

const identity = z
  .strictObject({
    mode: z
      .enum(["session", "proxyauthz", "identity"])
      .default("session")
      .describe(
        "`session`: a client that binds has a connection of its own. `proxyauthz`: shared connections, each operation with the client's DN (RFC 4370). `identity`: connections shared by those who bound as the same. See docs/proxy.md.",
      ),
    dn: dn
      .optional()
      .describe("`proxyauthz`: the proxy's own account at the backends, which may use proxied authorization."),
    password: secret().optional().describe("The password of that account."),
    replayBinds: z
      .boolean()
      .default(true)
      .describe(
        "`session`: whether a client's credentials are kept in memory while it is bound, to bind again at another backend when its own is lost.",
      ),
  })
  .superRefine((value, context) => {
    if (value.mode === "proxyauthz" && (value.dn === undefined || value.password === undefined)) {
      context.addIssue("needs dn and password with mode proxyauthz: the account that may use proxied authorization");
    } else if (value.mode !== "proxyauthz" && (value.dn !== undefined || value.password !== undefined)) {
      context.addIssue(
        `has an account of the proxy's, which mode ${value.mode} has no use for: remove dn and password`,
      );
    }
  });

const health = z.strictObject({
  interval: duration({ min: 100 }).default(2_000).describe("Between two checks of a backend."),
  timeout: duration({ min: 100 })
    .default(2_000)
    .describe("What takes longer has failed. Also how long a connection that owes answers may be silent."),
  rise: count(2).describe("Checks that succeed, one after the other, until a backend is up."),
  fall: count(3).describe("Checks that fail, one after the other, until it is down."),
  base: z
    .string()
    .refine((text) => text === "" || isDn(text), "must be a DN such as ou=people,dc=example,dc=com")
    .default("")
    .describe("The entry that a check reads; the root DSE unless set."),
  filter: z
    .string()
    .refine(isFilter, "must be a filter such as (objectClass=*)")
    .default("(objectClass=*)")
    .describe("The filter of the check's search."),
  holdDown: duration({})
    .default(30_000)
    .describe("A backend that goes down this soon after it came up stays down as long, and longer each time."),
  bind: z
    .strictObject({
      dn: dn.describe("As whom a check binds first."),
      password: secret().describe("The password of that account."),
    })
    .optional(),
  maxLag: duration({ min: 1_000 })
    .default(30_000)
    .describe("A replica further behind the others (contextCSN, nsds50ruv) is degraded."),
  slowStart: duration({}).default(30_000).describe("How long a backend that came up takes to get its whole share."),
});

const limits = z.strictObject({
  connections: count(10_000).describe("Client connections in all."),
  connectionsPerAddress: count(1_000).describe("Client connections from one address."),
  pendingPerClient: count(100).describe("Operations of one client that are under way; more wait in its socket."),
  queue: duration({ min: 1 })
    .default(2_000)
    .describe("How long an operation waits for a place at a backend; then 51, busy."),
  messageBytes: byteSize({ min: 1024 })
    .default(1024 * 1024)
    .describe("The largest request of a client that has bound; before that it is 64KiB."),
  upstreamMessageBytes: byteSize({ min: 64 * 1024 })
    .default(16 * 1024 * 1024)
    .describe("The largest message of a backend."),
  buffer: byteSize({ min: 64 * 1024 })
    .default(4 * 1024 * 1024)
    .describe("What may wait for a client that reads slowly; past it the client is disconnected."),
  idleTimeout: duration({ min: 1_000 })
    .default(3_600_000)
    .describe("A client connection on which nothing happens is closed after this, one that has not bound after 2m."),
});

export const defaultControlSocket = "proxy.sock";
/** unix(7) has 108 bytes, of which the socket's draft takes some for the process's number. */
const maxSocketPathBytes = 90;

const schema = z
  .strictObject({
    listen: z
      .array(listenUrl({ ldap: 389, ldaps: 636 }))
      .min(1)
      .describe("Where clients are served: `ldap://127.0.0.1:389`, `ldaps://0.0.0.0:636`."),
    tls: listenerTls.prefault({}),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe("Whether LDAP may cross a network in clear text: from clients, and to `ldap://` backends."),
    proxyProtocol: z
      .strictObject({
        from: z
          .array(network())
          .default([])
          .describe("Addresses and networks that send a PROXY header (v1, v2) first. From others it is an error."),
      })
      .prefault({}),
    tiers: z.array(tier).min(1),
    write: z
      .strictObject({
        backends: z
          .array(z.string())
          .min(1)
          .optional()
          .describe("Names of backends; writes go to the first. Without it, to the first backend of the first tier."),
        failover: z
          .enum(["manual", "automatic"])
          .default("manual")
          .describe(
            "`automatic`: when the write node has been down for `holdDown`, the next that is up and takes writes becomes it, and stays.",
          ),
        holdDown: duration({}).default(30_000).describe("How long it must be down before another takes its place."),
      })
      .prefault({}),
    upstream: upstream.prefault({}),
    identity: identity.prefault({}),
    health: health.prefault({}),
    affinity: z
      .strictObject({
        afterWrite: duration({})
          .default(5_000)
          .describe("How long after a write whoever wrote reads from the write node; `0s` for not at all."),
      })
      .prefault({}),
    limits: limits.prefault({}),
    firewall: z.array(firewallRule).default([]).describe("Rules, the first that fits decides; see docs/proxy.md."),
    readOnly: z.boolean().default(false).describe("Refuse everything that would change an entry."),
    requireConfidentiality: z
      .boolean()
      .default(false)
      .describe("Refuse everything but StartTLS on connections without TLS."),
    accessLog: z.boolean().default(true).describe("A line for each operation."),
    control: z
      .string()
      .min(1)
      .refine(
        (path) => Buffer.byteLength(path) <= maxSocketPathBytes,
        `is too long for the path of a socket: ${maxSocketPathBytes} bytes at most`,
      )
      .default(defaultControlSocket)
      .describe("The Unix socket of `espalier proxy status` and the others; `off` for none."),
    drainTimeout: duration({}).default(10_000).describe("The longest that ending may take after SIGTERM."),
  })
  .superRefine((config, context) => {
    for (const { path, message } of contradictions(config)) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  });

export type ProxyConfig = z.output<typeof schema>;

/** What {@link ProxyConfig} is made from: the keys as they are written. */
export type WrittenProxyConfig = z.input<typeof schema>;

export const proxySection = defineSection({
  name: "proxy",
  description: "The LDAP balancer.",
  schema,
});

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function contradictions(config: z.output<typeof schema>): Contradiction[] {
  const backends = config.tiers.flatMap(({ backends }, t) =>
    backends.map((each, b) => ({ ...each, path: ["tiers", t, "backends", b] })),
  );
  const names = new Set(backends.map(({ name }) => name));
  const hasSrv = backends.some(({ url }) => url.isSrv);
  return [
    ...config.listen.flatMap(({ scheme, host }, i): Contradiction[] => {
      const path = ["listen", i];
      if (scheme === "ldaps" && config.tls.certPath === undefined) {
        return [
          { path, message: "is ldaps and needs a certificate: set tls.certPath and tls.keyPath (--cert, --key)" },
        ];
      }
      if (scheme === "ldaps" || isLoopback(host) || config.allowPlaintext) return [];
      if (config.requireConfidentiality && config.tls.certPath !== undefined) return [];
      const message =
        "would take passwords in clear text from the network: use ldaps, or set requireConfidentiality with a certificate (StartTLS), or allowPlaintext (--allow-plaintext)";
      return [{ path, message }];
    }),
    ...backends.flatMap(({ name, path }, i): Contradiction[] => {
      const isTaken = backends.findIndex((other) => other.name === name) < i;
      return isTaken ? [{ path, message: `is called ${name} like another backend: give it a name of its own` }] : [];
    }),
    ...backends.flatMap(({ url, path }): Contradiction[] => {
      const isSafe = url.scheme === "ldaps" || (isLoopback(url.host) && !url.isSrv) || config.upstream.startTls;
      if (isSafe || config.allowPlaintext) return [];
      const message =
        "would be sent passwords in clear text over the network: use ldaps, or set upstream.startTls (--starttls), or allowPlaintext (--allow-plaintext)";
      return [{ path, message }];
    }),
    ...(config.write.backends ?? []).flatMap((name, i): Contradiction[] => {
      // The names of SRV records' servers are known once they are looked up.
      if (names.has(name) || hasSrv) return [];
      return [{ path: ["write", "backends", i], message: `is no backend's name: there are ${[...names].join(", ")}` }];
    }),
    ...(config.write.failover === "automatic" && config.health.bind === undefined && config.identity.dn === undefined
      ? [
          {
            path: ["write", "failover"],
            message:
              "is automatic and needs health.bind, an account that may write: a server does not tell anybody else whether it takes writes",
          },
        ]
      : []),
    ...config.firewall.flatMap((rule, i): Contradiction[] => {
      const message = flawOfRule(rule, config.listen.map(formatListener));
      return message === undefined ? [] : [{ path: ["firewall", i], message }];
    }),
    ...(config.upstream.proxyProtocol && config.identity.mode !== "session"
      ? [
          {
            path: ["upstream", "proxyProtocol"],
            message: `needs identity.mode session: with ${config.identity.mode} many clients share a connection, which can name one address only`,
          },
        ]
      : []),
  ];
}

function isDn(text: string): boolean {
  try {
    return formatDn(parseDn(text)) !== "";
  } catch {
    return false;
  }
}

function isFilter(text: string): boolean {
  try {
    return parseFilter(text) !== undefined;
  } catch {
    return false;
  }
}

/** Why a rule would not do what it says; undefined where it will. */
function flawOfRule(rule: FirewallRule, listeners: readonly string[]): string | undefined {
  const named = [...(rule.listeners ?? []), ...(rule.unless?.listeners ?? [])];
  const unknown = named.find((name) => !listeners.includes(name));
  if (unknown !== undefined) return `names a listener that there is not, ${unknown}: there are ${listeners.join(", ")}`;
  try {
    new Firewall({ rules: [rule], readOnly: false, requireConfidentiality: false });
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return `cannot be used: ${error.message}`;
    throw error;
  }
}

function count(byDefault: number) {
  return z.number().int().min(1).default(byDefault);
}
