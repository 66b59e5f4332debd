/** A session out of its rows and the configuration as it is now. */
import type { Clusters } from "../clusters/cluster.ts";
import { type Connection, OpenSession, type SessionKeys } from "./open-session.ts";
import { askedGroupsOf } from "./role-reader.ts";
import type { FoundRows, SharedPasswordRow } from "./rows.ts";
import type { Role } from "./session.ts";
import type { SealingKey, Vault } from "./vault.ts";

export interface AssemblyOptions {
  readonly clusters: Clusters;
  readonly vault: Vault;
  readonly totpRequired: readonly Role[];
}

export class Assembly {
  readonly #options: AssemblyOptions;
  readonly #sharedPasswords: SealingKey;

  constructor(options: AssemblyOptions) {
    this.#options = options;
    this.#sharedPasswords = sharedPasswordsKey(options.vault);
  }

  session({ session: row, connections, shared }: FoundRows, keys: SessionKeys): OpenSession {
    const { clusters, totpRequired } = this.#options;
    return new OpenSession({
      ...{ row, keys, totpRequired },
      connections: connections.flatMap((each): Connection[] => {
        // It may have been taken out of the configuration since.
        const cluster = clusters.all.find(({ name }) => name === each.cluster);
        if (cluster === undefined) return [];
        const kept = shared.find((candidate) => candidate.cluster === each.cluster);
        return [
          {
            ...{ cluster, dn: each.dn, actsAs: each.acts_as, generation: each.generation },
            secret: each.secret ?? undefined,
            passwordNotes: each.password_notes === null ? undefined : JSON.parse(each.password_notes),
            // What was asked under another configuration says nothing about this one.
            memberOf: each.asked_groups === askedGroupsOf(cluster) ? JSON.parse(each.member_of) : [],
            ...{ askedGroups: each.asked_groups, memberOfReadAt: each.member_of_read_at },
            shared: kept && this.#shared(kept),
          },
        ];
      }),
    });
  }

  #shared(row: SharedPasswordRow): Connection["shared"] {
    const password = this.#sharedPasswords.openText(row.secret, sharedPasswordContext(row));
    return password === undefined ? undefined : { generation: row.generation, password, expiresAt: row.expires_at };
  }
}

export function sharedPasswordsKey(vault: Vault): SealingKey {
  return vault.sealingKey("shared passwords");
}

export function sharedPasswordContext({
  cluster,
  generation,
}: Pick<SharedPasswordRow, "cluster" | "generation">): string {
  return `${cluster}/${generation}`;
}
