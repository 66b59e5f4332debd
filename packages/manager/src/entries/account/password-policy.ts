/** OpenLDAP's ppolicy overlay, draft-behera-ldap-password-policy-10 §5.3. */
import { Oid } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import { type AccountAction, type Effect, type Mechanism, replaced } from "./mechanism.ts";

const lock = "pwdAccountLockedTime";
const reset = "pwdReset";
/** Locked for good: it opens by itself at no time. */
const forGood = "000001010000Z";

/** A delete, and not a replace by nothing: with that slapd 2.5 would keep the failures that it has counted. */
const unlocked = { operation: "delete", modification: attribute(lock) } as const;

const inVain =
  "The directory would let them in all the same: the password policy of the account has no pwdLockout: TRUE (ppolicy). Set that in the policy first, or change the password.";
const unseen =
  "Whether that keeps them out cannot be seen from here: the directory heeds it where the password policy of the account has pwdLockout: TRUE. Try it, or ask whoever runs the directory.";

export const passwordPolicy: Mechanism = {
  attributes: [lock, reset],

  appliesTo: ({ facts: { vendor, supportedControls }, schema }) =>
    (vendor === "openldap" || vendor === "other") &&
    supportedControls.has(Oid.passwordPolicy) &&
    schema.attribute(lock) !== undefined,

  act(action: AccountAction, { entry, lockout }): Effect {
    const locked = entry.text(lock);
    switch (action) {
      case "disable":
        if (lockout === "ignored") return { changes: [], did: inVain, meaning: "", isInVain: true };
        return {
          ...(lockout === "unknown" && locked !== forGood ? { warning: unseen } : {}),
          changes: locked === forGood ? [] : [replaced(lock, forGood)],
          did:
            locked === forGood ? "It is disabled already (ppolicy)." : "The directory lets nobody in as it (ppolicy).",
          meaning:
            "They cannot sign in with their password wherever that is checked by the directory. Programs that only look people up still find the entry: SSSD shows the account and its groups, and SSH keys, Kerberos tickets and sessions that are open go on.",
        };
      case "enable":
        return {
          changes: locked === undefined ? [] : [unlocked],
          did: locked === undefined ? "It is not disabled (ppolicy)." : "The directory lets them in again (ppolicy).",
          meaning: "Their password is what it was.",
        };
      case "unlock":
        if (locked === forGood) {
          return { changes: [], did: "It was disabled by an administrator (ppolicy): enable it.", meaning: "" };
        }
        return {
          changes: locked === undefined ? [] : [unlocked],
          did:
            locked === undefined
              ? "It is not locked (ppolicy)."
              : "It is unlocked, and the wrong passwords so far are forgotten (ppolicy).",
          meaning: "They can sign in at once. A device that keeps trying an old password will lock it again.",
        };
      case "force_change":
        return {
          changes: entry.text(reset) === "TRUE" ? [] : [replaced(reset, "TRUE")],
          did: "They have to change their password (ppolicy).",
          meaning:
            "It holds where their password policy has pwdMustChange: after they sign in the directory does nothing for them but that. Programs that cannot ask for a new password lock them out.",
        };
    }
  },
};
