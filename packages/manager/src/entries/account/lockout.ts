/**
 * Whether the directory heeds the lock of an account, slapo-ppolicy(5): OpenLDAP does where the password policy that holds for
 * the entry has `pwdLockout: TRUE`, and else lets everybody in all the same.
 */
import type { SearchEntry } from "@espalier/ldap/client";
import { defaultPolicies } from "../../passwords/policy.ts";
import type { DirectoryView } from "../view.ts";

/** `unknown`: the person may not see which policy holds, or what it says. */
export type Lockout = "heeded" | "ignored" | "unknown";

const ownPolicy = "pwdPolicySubentry";
export const lockoutAttributes: readonly string[] = [ownPolicy];

/** Of the entries of one request: each policy is read once. */
export class Lockouts {
  readonly #view: DirectoryView;
  readonly #byPolicy = new Map<string, Promise<Lockout>>();
  #everybodys: Promise<Lockout> | undefined;

  constructor(view: DirectoryView) {
    this.#view = view;
  }

  /** @param entry with {@link lockoutAttributes} */
  async of(entry: SearchEntry): Promise<Lockout> {
    // Others keep to draft-behera-ldap-password-policy-10 §5.3.3, for which such a lock holds whatever the policy says.
    if ((await this.#view.facts()).vendor !== "openldap") return "heeded";
    const own = entry.text(ownPolicy);
    if (own !== undefined) return this.#ofPolicy(own);
    this.#everybodys ??= this.#ofDefault();
    return this.#everybodys;
  }

  async #ofDefault(): Promise<Lockout> {
    const { signal } = this.#view.actor;
    const policies = await this.#view.read((connection) => defaultPolicies(connection, signal));
    if (policies === undefined) return "unknown";
    const [policy] = policies;
    return policy === undefined ? "ignored" : this.#ofPolicy(policy);
  }

  #ofPolicy(dn: string): Promise<Lockout> {
    const known = this.#byPolicy.get(dn);
    if (known !== undefined) return known;
    const read = this.#readPolicy(dn);
    this.#byPolicy.set(dn, read);
    return read;
  }

  async #readPolicy(dn: string): Promise<Lockout> {
    const policy = await this.#view.entryIfThere(dn, ["pwdAttribute", "pwdLockout"]);
    // Each policy has the former (§5.2): where it is not to be seen, the latter may be hidden too.
    if (policy?.text("pwdAttribute") === undefined) return "unknown";
    return policy.text("pwdLockout")?.toUpperCase() === "TRUE" ? "heeded" : "ignored";
  }
}
