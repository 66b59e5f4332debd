/**
 * The shared account of a cluster, where its configuration lets people of some roles act as `bind_dn`: one of them gives its
 * password, which is tried at the directory, kept encrypted for an hour, and of use to people of these roles alone.
 */
import { type Store, sql } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Clusters } from "../clusters/cluster.ts";
import { sharedPasswordContext, sharedPasswordsKey } from "./assemble.ts";
import type { Attempts } from "./attempts.ts";
import type { SessionEvents } from "./events.ts";
import { randomId } from "./new-session.ts";
import { identityKey, type OpenSession, sharedGeneration } from "./open-session.ts";
import { bindAs } from "./proofs.ts";
import type { ActsAs } from "./rows.ts";
import type { SealingKey, Vault } from "./vault.ts";

export interface SharedLoginOptions {
  readonly clusters: Clusters;
  readonly store: Store;
  readonly vault: Vault;
  readonly attempts: Attempts;
  readonly events: SessionEvents;
  /** Connections with this identity are not needed any more. */
  readonly dropped: (cluster: string, identityKey: string) => void;
  readonly now: () => number;
}

const keptMs = 3_600_000;

export class SharedLogin {
  readonly #options: SharedLoginOptions;
  readonly #key: SealingKey;

  constructor(options: SharedLoginOptions) {
    this.#options = options;
    this.#key = sharedPasswordsKey(options.vault);
  }

  /** Whether the cluster's configuration lets the person act as its shared account. */
  isAllowed(session: OpenSession, cluster: string): boolean {
    const { shared_login: login, bind_dn: dn } = this.#options.clusters.get(cluster).config;
    return dn !== undefined && (login?.roles ?? []).some((role) => session.hasRole(role, cluster));
  }

  /** Whether its password is kept, for somebody who may use it; to others it is not there. */
  async isKept(session: OpenSession, cluster: string): Promise<boolean> {
    if (!this.isAllowed(session, cluster)) return false;
    const row = await this.#options.store.first(
      sql`SELECT 1 FROM manager_shared_passwords WHERE cluster = ${cluster} AND expires_at > ${this.#options.now()}`,
    );
    return row !== undefined;
  }

  /**
   * Takes the password, in place of one that is kept, and has the session act as the shared account from its next request on.
   *
   * @throws ApiError `wrong_credentials`: the directory is asked each time, whatever is kept; `not_allowed`, `not_connected`
   */
  async give(session: OpenSession, cluster: string, password: string, address: string): Promise<void> {
    const { dn } = this.#require(session, cluster);
    const generation = randomId();
    const attempt = await this.#options.attempts.begin(`${cluster} shared`, address);
    const key = identityKey(session.id, cluster, sharedGeneration(generation));
    try {
      const isRefused =
        password === "" || (await bindAs(this.#options.clusters.get(cluster), { key, dn, password })).isRefused;
      if (isRefused) throw new ApiError("wrong_credentials", `The directory does not accept this password for ${dn}.`);
      attempt.succeeded();
    } catch (error) {
      this.#options.dropped(cluster, key);
      if (error instanceof ApiError && error.code === "wrong_credentials") {
        this.#options.events.refused({ cluster, name: dn, address, reason: "wrong shared password" }, attempt.failed());
      } else attempt.undone();
      throw error;
    }
    const secret = this.#key.sealText(password, sharedPasswordContext({ cluster, generation }));
    const expiresAt = this.#options.now() + keptMs;
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`INSERT INTO manager_shared_passwords (cluster, generation, secret, given_by, expires_at)
          VALUES (${cluster}, ${generation}, ${secret}, ${session.name}, ${expiresAt})
          ON CONFLICT (cluster) DO UPDATE SET generation = excluded.generation, secret = excluded.secret,
            given_by = excluded.given_by, expires_at = excluded.expires_at`,
      ),
    );
    this.#options.events.sharedPassword("given", { cluster, dn }, { dn: session.name, address });
    await this.#actAs(session, cluster, "shared");
  }

  /** Has the session act as the shared account, with the password that somebody has given. @throws ApiError `not_found` */
  async use(session: OpenSession, cluster: string, address: string): Promise<void> {
    const { dn } = this.#require(session, cluster);
    if (!(await this.isKept(session, cluster))) {
      throw new ApiError("not_found", `The shared password of ${cluster} is not kept: give it.`);
    }
    await this.#actAs(session, cluster, "shared");
    this.#options.events.sharedPassword("used", { cluster, dn }, { dn: session.name, address });
  }

  /** Has the session act as its person again. */
  async leave(session: OpenSession, cluster: string): Promise<void> {
    const { actsAs, secret } = session.connection(cluster);
    if (actsAs === "shared" && secret !== undefined) await this.#actAs(session, cluster, "self");
  }

  /** Drops the password. @returns whether there was one */
  async forget(session: OpenSession, cluster: string, address: string): Promise<boolean> {
    const { dn } = this.#require(session, cluster);
    const removed = await this.#options.store.write((transaction) =>
      transaction.run(sql`DELETE FROM manager_shared_passwords WHERE cluster = ${cluster}`),
    );
    await this.leave(session, cluster);
    if (removed > 0) {
      this.#options.events.sharedPassword("forgotten", { cluster, dn }, { dn: session.name, address });
    }
    return removed > 0;
  }

  #require(session: OpenSession, cluster: string): { readonly dn: string } {
    const { shared_login: login, bind_dn: dn } = this.#options.clusters.get(cluster).config;
    session.connection(cluster);
    if (dn !== undefined && this.isAllowed(session, cluster)) return { dn };
    const roles = login?.roles.join(" or ");
    throw new ApiError(
      "not_allowed",
      roles === undefined
        ? `${cluster} has no shared login: act as yourself.`
        : `You need the role ${roles} everywhere in ${cluster} for its shared login.`,
    );
  }

  async #actAs(session: OpenSession, cluster: string, actsAs: ActsAs): Promise<void> {
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`UPDATE manager_connections SET acts_as = ${actsAs} WHERE session_id = ${session.id} AND cluster = ${cluster}`,
      ),
    );
  }
}
