/** Unlocking, enabling and disabling accounts, and making people change their passwords: what that is on each kind of server. */
import type { Change } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { activeDirectory } from "./account/active-directory.ts";
import { directory389 } from "./account/directory-389.ts";
import { Lockouts, lockoutAttributes } from "./account/lockout.ts";
import type { Account, AccountAction, Mechanism } from "./account/mechanism.ts";
import { passwordPolicy } from "./account/password-policy.ts";
import { shadow } from "./account/shadow.ts";
import type { Plan } from "./plan.ts";
import type { DirectoryView } from "./view.ts";

const mechanisms: readonly Mechanism[] = [passwordPolicy, directory389, activeDirectory, shadow];

export const accountAttributes: readonly string[] = [
  "objectClass",
  ...lockoutAttributes,
  ...mechanisms.flatMap(({ attributes }) => attributes),
];

export interface AccountChanges {
  readonly changes: readonly Change[];
  readonly did: readonly string[];
  readonly meaning: readonly string[];
  readonly warnings: readonly string[];
}

/** @throws ApiError `refused_by_directory` where neither the server nor the entry has anything of the kind that would hold */
export function accountChanges(action: AccountAction, account: Account): AccountChanges {
  const effects = mechanisms
    .filter((mechanism) => mechanism.appliesTo(account))
    .map((mechanism) => mechanism.act(action, account))
    .filter((effect) => effect !== undefined);
  if (effects.length === 0) {
    throw new ApiError(
      "refused_by_directory",
      "The server has no password policy that is known here (ppolicy, 389-DS, Active Directory), and the entry is no shadowAccount: there is nothing to set. Change the password, or delete the entry.",
    );
  }
  if (effects.every(({ isInVain = false }) => isInVain)) {
    throw new ApiError("refused_by_directory", effects.map(({ did }) => did).join(" "));
  }
  const changed = effects.filter(({ changes }) => changes.length > 0);
  return {
    changes: effects.flatMap(({ changes }) => changes),
    did: effects.map(({ did }) => did),
    meaning: changed.map(({ meaning }) => meaning),
    warnings: effects.flatMap(({ warning }) => warning ?? []),
  };
}

export interface AccountPlan extends Plan {
  readonly did: readonly string[];
  readonly meaning: readonly string[];
}

const titles: Readonly<Record<AccountAction, string>> = {
  unlock: "Unlock",
  enable: "Enable",
  disable: "Disable",
  force_change: "Force a new password of",
};

/** @throws ApiError */
export async function planAccount(
  view: DirectoryView,
  { dn, action, nowMs }: { readonly dn: string; readonly action: AccountAction; readonly nowMs: number },
): Promise<AccountPlan> {
  await requireForAccount(view, dn);
  const [facts, schema, entry] = await Promise.all([view.facts(), view.schema(), view.entry(dn, accountAttributes)]);
  const lockout = await new Lockouts(view).of(entry);
  const { changes, did, meaning, warnings } = accountChanges(action, { entry, facts, schema, lockout, nowMs });
  return {
    title: `${titles[action]} ${entry.objectName}`,
    changes: changes.length === 0 ? [] : [{ type: "modify", dn: entry.objectName, changes }],
    requires: "password",
    counts: { entries: changes.length === 0 ? 0 : 1 },
    warnings,
    did,
    meaning,
  };
}

/** Everybody may set their own password, and that does not let them unlock or enable themselves. @throws ApiError `not_allowed` */
export async function requireForAccount(view: DirectoryView, dn: string): Promise<void> {
  const { session } = view.actor;
  const own = session.identity(view.cluster.name).dn;
  const isOwn = own !== "" && (await view.key(dn)) === (await view.key(own));
  session.require("password", view.cluster.name, isOwn ? undefined : dn);
}
