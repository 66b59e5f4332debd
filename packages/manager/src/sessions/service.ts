/** Everything of sessions, put together. */
import type { EventSink, Logger, Metrics, Store } from "@espalier/service";
import type { PartOf } from "../api/route.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { apiPrefix, type ManagerConfig } from "../config.ts";
import { Attempts } from "./attempts.ts";
import { Cookies } from "./cookies.ts";
import { Endings } from "./endings.ts";
import { SessionEvents } from "./events.ts";
import { type Authenticate, createGuard } from "./guard.ts";
import { registerSessionMetrics } from "./metrics.ts";
import { checkOidc } from "./oidc/people.ts";
import { OidcSignIns } from "./oidc/providers.ts";
import { sessionPart } from "./part.ts";
import { Proofs } from "./proofs.ts";
import type { sessionRoutes } from "./routes.ts";
import { SecondFactors } from "./second-factors.ts";
import { SessionList } from "./session-list.ts";
import { Sessions } from "./sessions.ts";
import { SharedLogin } from "./shared-login.ts";
import type { Vault } from "./vault.ts";

export interface SessionServiceOptions {
  readonly config: ManagerConfig;
  readonly clusters: Clusters;
  readonly store: Store;
  readonly events: EventSink;
  /** Of {@link ManagerConfig.keyFile}: see `readKeyFile`. */
  readonly vault: Vault;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Connections with this identity are not needed any more. */
  readonly dropped?: (cluster: string, identityKey: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic?: () => number;
}

export interface SessionService {
  readonly sessions: Sessions;
  readonly sharedLogin: SharedLogin;
  readonly secondFactors: SecondFactors;
  readonly cookies: Cookies;
  readonly authenticate: Authenticate;
  readonly part: PartOf<typeof sessionRoutes>;
  close(): Promise<void>;
}

/** @throws TypeError where the `manager` section and the clusters contradict each other */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { config, clusters, store, vault, logger, metrics } = options;
  const { dropped = () => {}, now = Date.now, monotonic = () => performance.now() } = options;
  checkOidc(config.oidc, clusters);
  const instruments = registerSessionMetrics(metrics, { store, idleMs: config.sessions.idle, now });
  const events = new SessionEvents(options.events);
  const attempts = new Attempts({ tries: config.rateLimits.signInTries, now: monotonic });
  const secondFactors = new SecondFactors({ store, vault, issuer: config.totp.issuer, now });
  const proofs = new Proofs({ attempts, secondFactors, events, dropped });
  const endings = new Endings({ events, instruments, dropped });
  const sessionList = new SessionList({ store, endings, idleMs: config.sessions.idle, now });
  const sessions = new Sessions({
    ...{ clusters, store, vault, proofs, events, config, logger, instruments, endings, now },
  });
  const sharedLogin = new SharedLogin({ clusters, store, vault, attempts, events, dropped, now });
  const cookies = new Cookies(config);
  const baseUrl = `${config.publicUrl ?? ""}${apiPrefix(config)}`;
  const oidc = new OidcSignIns({ providers: config.oidc, baseUrl, vault, logger, now });
  return {
    ...{ sessions, sharedLogin, secondFactors, cookies },
    authenticate: createGuard({ sessions, cookies, config, instruments, monotonic }),
    part: sessionPart({ clusters, sessions, sessionList, secondFactors, sharedLogin, oidc, cookies, events, config }),
    close: () => sessions.close(),
  };
}
