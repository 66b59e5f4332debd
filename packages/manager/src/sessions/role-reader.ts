/** The groups of people in the configuration's `roles`: read at sign-in, every few minutes after it, and when somebody asks. */
import { createHash } from "node:crypto";
import type { Logger } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Identity } from "../clusters/identity.ts";
import { groupsOf } from "./grants.ts";
import { serviceIdentity } from "./identities.ts";
import { membershipsOf } from "./memberships.ts";
import type { Connection } from "./open-session.ts";
import type { ConnectionRow } from "./rows.ts";

/** What was found, as a connection's row has it. */
export type FoundGroups = Pick<ConnectionRow, "member_of" | "asked_groups" | "member_of_read_at">;

const minuteMs = 60_000;
const everyMs = 5 * minuteMs;
/** After a directory that did not answer. */
const againMs = minuteMs;

/** Which groups the configuration asks for, in a bounded length. */
export function askedGroupsOf({ config }: Cluster): string {
  const groups = groupsOf(config);
  return groups.length === 0 ? "" : createHash("sha256").update(JSON.stringify(groups)).digest("base64url");
}

export class RoleReader {
  readonly #logger: Logger;
  readonly #now: () => number;
  /** By the key of the identity: requests of one session come at the same time, and ask once. */
  readonly #underWay = new Map<string, Promise<FoundGroups | "refused">>();

  constructor(options: { readonly logger: Logger; readonly now: () => number }) {
    this.#logger = options.logger;
    this.#now = options.now;
  }

  isDue({ cluster, askedGroups, memberOfReadAt }: Connection): boolean {
    const asked = askedGroupsOf(cluster);
    if (asked !== askedGroups) return true;
    return asked !== "" && this.#now() - memberOfReadAt >= everyMs;
  }

  /**
   * Where the directory does not answer it is as it was. `refused`: it does not take the person's password any more.
   *
   * @param key of the connection's identity
   */
  read(connection: Connection, key: string, own: Identity | undefined): Promise<FoundGroups | "refused"> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(connection, own).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, reading);
    return reading;
  }

  async #read(
    { cluster, dn, memberOf: before }: Connection,
    own: Identity | undefined,
  ): Promise<FoundGroups | "refused"> {
    const readers = [serviceIdentity(cluster.config), own].filter((reader) => reader !== undefined);
    try {
      const memberOf = await membershipsOf(cluster, dn, groupsOf(cluster.config), readers);
      return {
        member_of: JSON.stringify(memberOf),
        asked_groups: askedGroupsOf(cluster),
        member_of_read_at: this.#now(),
      };
    } catch (error) {
      if (own !== undefined && error instanceof ApiError && error.code === "wrong_credentials") return "refused";
      this.#logger.warn("the groups of a person could not be read", { cluster: cluster.name, dn, error });
      const readAt = this.#now() - everyMs + againMs;
      return { member_of: JSON.stringify(before), asked_groups: askedGroupsOf(cluster), member_of_read_at: readAt };
    }
  }
}
