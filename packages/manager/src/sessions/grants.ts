/** What a person may do in a cluster: the roles that its configuration gives to them and to their groups. */
import type { ClusterConfig } from "@espalier/service";
import { isAtOrBelow, isSameName, nameKey } from "./names.ts";
import type { Action, Role } from "./session.ts";

export interface Grant {
  readonly role: Role;
  /** Only at and below it; everywhere where there is none. */
  readonly under: string | undefined;
  /** `under`, normalized. */
  readonly base: string | undefined;
}

const allowed: Readonly<Record<Role, readonly Action[]>> = {
  viewer: ["read"],
  helpdesk: ["read", "password"],
  editor: ["read", "password", "write"],
  admin: ["read", "password", "write", "admin", "audit"],
  auditor: ["read", "audit"],
};

/** From the least. */
const rolesFor: Readonly<Record<Action, readonly Role[]>> = {
  read: ["viewer"],
  password: ["helpdesk", "editor", "admin"],
  write: ["editor", "admin"],
  admin: ["admin"],
  audit: ["auditor", "admin"],
};

/** Of a cluster that is read-only nobody may do these. */
const changing: ReadonlySet<Action> = new Set(["password", "write", "admin"]);

/** The groups that the configuration names, each once: those whose members have to be known. */
export function groupsOf({ roles = [] }: Pick<ClusterConfig, "roles">): readonly string[] {
  return [...new Set(roles.flatMap(({ groups }) => groups))].sort();
}

/** @param memberOf those of {@link groupsOf} that the person is in */
export function grantsOf(
  { roles, bind_dn: bindDn }: Pick<ClusterConfig, "roles" | "bind_dn">,
  dn: string,
  memberOf: readonly string[],
): readonly Grant[] {
  if (roles === undefined) {
    const role = bindDn !== undefined && isSameName(dn, bindDn) ? "admin" : "viewer";
    return [{ role, under: undefined, base: undefined }];
  }
  return roles
    .filter(
      ({ users, groups }) =>
        users.some((user) => user === "*" || isSameName(user, dn)) || groups.some((group) => memberOf.includes(group)),
    )
    .map(({ role, under }) => ({ role, under, base: under === undefined ? undefined : nameKey(under) }));
}

/** What the grants allow on the entry `dn`; without one, what they allow everywhere. Their own entry people may read, and set its password. */
export function isAllowed(grants: readonly Grant[], action: Action, dn: string | undefined, ownDn: string): boolean {
  if (dn !== undefined && (action === "read" || action === "password") && isSameName(dn, ownDn)) return true;
  return grants.some(({ role, under, base }) => {
    if (!allowed[role].includes(action)) return false;
    if (under === undefined) return true;
    return dn !== undefined && base !== undefined && isAtOrBelow(dn, base);
  });
}

/** Whether they allow it on any entry at all. */
export function isAllowedSomewhere(grants: readonly Grant[], action: Action): boolean {
  return grants.some(({ role }) => allowed[role].includes(action));
}

export function isChange(action: Action): boolean {
  return changing.has(action);
}

/** `helpdesk, editor or admin` */
export function rolesThatMay(action: Action): string {
  const names = rolesFor[action];
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
