/** Every connection of a pool, and what each is for at the moment. */
import type { ConnectionIdentity } from "./connection-identity.ts";
import type { ServerAddress } from "./server-addresses.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

export type Role =
  /** Nobody has it. */
  | { readonly kind: "idle" }
  /** Being bound, then shared. */
  | { readonly kind: "preparing"; readonly group: SharedGroup }
  | { readonly kind: "shared"; readonly group: SharedGroup }
  /** `isOneClients`: a PROXY header names its client, so nobody else can have it afterwards. */
  | { readonly kind: "lease"; readonly isOneClients: boolean }
  | { readonly kind: "bind" }
  /** Given back, with requests outstanding that nobody but their receivers cares about. */
  | { readonly kind: "finishing" };

export interface Member {
  role: Role;
  readonly server: ServerAddress;
  readonly retireAtMs: number;
}

export class ConnectionRoster {
  readonly #members = new Map<UpstreamConnection, Member>();
  /** The one used last at the end. */
  readonly #idle: UpstreamConnection[] = [];
  readonly #counts: Record<Role["kind"], number> = {
    idle: 0,
    preparing: 0,
    shared: 0,
    lease: 0,
    bind: 0,
    finishing: 0,
  };

  get size(): number {
    return this.#members.size;
  }

  /** Those that count against the limit: what retires makes room for its successor. */
  get stayingCount(): number {
    let count = 0;
    for (const connection of this.#members.keys()) if (!connection.isRetiring) count++;
    return count;
  }

  count(kind: Role["kind"]): number {
    return this.#counts[kind];
  }

  keys(): Iterable<UpstreamConnection> {
    return this.#members.keys();
  }

  /** A copy: what is done with one may end others. */
  list(): [UpstreamConnection, Member][] {
    return [...this.#members];
  }

  get(connection: UpstreamConnection): Member | undefined {
    return this.#members.get(connection);
  }

  add(connection: UpstreamConnection, member: Member): void {
    this.#members.set(connection, member);
    this.#enter(connection, member.role);
  }

  /** It has ended. */
  delete(connection: UpstreamConnection): Member | undefined {
    const member = this.#members.get(connection);
    if (member === undefined) return undefined;
    this.#members.delete(connection);
    this.#leave(connection, member.role);
    return member;
  }

  assign(connection: UpstreamConnection, role: Role): void {
    const member = this.#members.get(connection)!;
    this.#leave(connection, member.role);
    member.role = role;
    this.#enter(connection, role);
  }

  /** One that nobody has: with this identity if there is one, else the one used last. */
  idle(wanted: ConnectionIdentity): UpstreamConnection | undefined {
    return this.#idle.findLast(({ identity }) => isSame(identity, wanted)) ?? this.#idle.at(-1);
  }

  #enter(connection: UpstreamConnection, role: Role): void {
    this.#counts[role.kind]++;
    connection.isExclusive = role.kind === "preparing" || role.kind === "lease" || role.kind === "bind";
    if (role.kind === "idle") this.#idle.push(connection);
    else if (role.kind === "shared") role.group.connections.push(connection);
  }

  #leave(connection: UpstreamConnection, role: Role): void {
    this.#counts[role.kind]--;
    if (role.kind === "idle") this.#idle.splice(this.#idle.lastIndexOf(connection), 1);
    else if (role.kind === "shared") role.group.remove(connection);
  }
}

/** An identity that is not known is like no other. */
export function isSame(one: ConnectionIdentity, other: ConnectionIdentity): boolean {
  if (one.kind === "unknown" || one.kind !== other.kind) return false;
  return one.kind !== "user" || (other.kind === "user" && one.key === other.key);
}
