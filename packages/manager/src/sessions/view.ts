/** Sessions as the API shows them. */
import type { z } from "zod";
import type { ManagerConfig } from "../config.ts";
import type { Connection, OpenSession } from "./open-session.ts";
import type { sessionRoutes, sessionSchema } from "./routes.ts";
import type { SecondFactors } from "./second-factors.ts";
import { actions } from "./session.ts";
import type { ListedSession } from "./session-list.ts";
import type { SharedLogin } from "./shared-login.ts";

type SessionJson = z.input<typeof sessionSchema>;
type ListedJson = z.input<(typeof sessionRoutes)["GET /sessions"]["response"]>["sessions"][number];

export interface SessionViewOptions {
  readonly secondFactors: SecondFactors;
  readonly sharedLogin: SharedLogin;
  readonly config: Pick<ManagerConfig, "sessions">;
}

export class SessionView {
  readonly #options: SessionViewOptions;

  constructor(options: SessionViewOptions) {
    this.#options = options;
  }

  async of(session: OpenSession): Promise<SessionJson> {
    const { row, keys, restriction, connections } = session;
    const { secondFactors, config } = this.#options;
    return {
      ...{ id: row.id, name: row.dn, method: row.method, csrfToken: keys.csrfToken },
      ...{ createdAt: row.created_at, expiresAt: row.expires_at },
      idleSeconds: Math.floor(config.sessions.idle / 1_000),
      clusters: await Promise.all(connections.map((connection) => this.#connection(session, connection))),
      secondFactor: {
        enrolled: await secondFactors.isEnrolled(row.person),
        ...(restriction === undefined ? {} : { restriction }),
      },
    };
  }

  async #connection(session: OpenSession, connection: Connection): Promise<SessionJson["clusters"][number]> {
    const { cluster, dn, shared, passwordNotes } = connection;
    const { name, config } = cluster;
    const { sharedLogin } = this.#options;
    const maySharedLogin = sharedLogin.isAllowed(session, name);
    return {
      ...{ name, description: config.description, dn, readonly: config.readonly },
      // Without its password nobody acts as the shared account.
      actsAs: connection.actsAs === "shared" && shared === undefined && connection.secret ? "self" : connection.actsAs,
      roles: session.grants(name).map(({ role, under }) => ({ role, ...(under === undefined ? {} : { under }) })),
      may: actions.filter((action) => session.may(action, name)),
      maySomewhere: actions.filter((action) => session.maySomewhere(action, name)),
      ...(passwordNotes === undefined ? {} : { password: passwordNotes }),
      ...(maySharedLogin ? { sharedLogin: { kept: await sharedLogin.isKept(session, name) } } : {}),
    };
  }

  listed({ row, clusters }: ListedSession, current: OpenSession): ListedJson {
    return {
      ...{ id: row.id, name: row.dn, clusters: [...clusters], method: row.method, address: row.address },
      ...(row.user_agent === null ? {} : { userAgent: row.user_agent }),
      ...{ createdAt: row.created_at, usedAt: row.used_at, expiresAt: row.expires_at },
      current: row.id === current.id,
    };
  }
}
