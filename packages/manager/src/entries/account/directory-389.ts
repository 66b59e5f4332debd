/** 389 Directory Server: account inactivation, and the state of its password policy. */
import { type AccountAction, cleared, type Effect, type Mechanism, replaced } from "./mechanism.ts";

const inactive = "nsAccountLock";
const unlockTime = "accountUnlockTime";
const counters = ["passwordRetryCount", "retryCountResetTime"];
const expiry = "passwordExpirationTime";
/** Read as "an administrator has set it": anything later would be a password that has merely run out. */
const wasReset = "19700101000000Z";

export const directory389: Mechanism = {
  attributes: [inactive, unlockTime, ...counters, expiry],

  appliesTo: ({ facts: { vendor } }) => vendor === "389ds",

  act(action: AccountAction, { entry }): Effect {
    const isInactive = entry.text(inactive)?.toLowerCase() === "true";
    switch (action) {
      case "disable":
        return {
          changes: isInactive ? [] : [replaced(inactive, "true")],
          did: isInactive
            ? "It is disabled already (nsAccountLock)."
            : "The directory lets nobody in as it (nsAccountLock).",
          meaning:
            "They cannot sign in with their password wherever that is checked by the directory. Programs that only look people up still find the entry; SSSD refuses them where it is told to with ldap_account_expire_policy = rhds.",
        };
      case "enable":
        return {
          changes: cleared(entry, [inactive]),
          did: isInactive ? "The directory lets them in again (nsAccountLock)." : "It is not disabled (nsAccountLock).",
          meaning: "Their password is what it was.",
        };
      case "unlock": {
        const changes = cleared(entry, [unlockTime, ...counters]);
        const wasLocked = entry.values(unlockTime).length > 0;
        return {
          changes,
          did: isInactive
            ? "It was disabled by an administrator (nsAccountLock): enable it."
            : wasLocked
              ? "It is unlocked, and the wrong passwords so far are forgotten."
              : "It is not locked.",
          meaning: "They can sign in at once. A device that keeps trying an old password will lock it again.",
        };
      }
      case "force_change":
        return {
          changes: entry.text(expiry) === wasReset ? [] : [replaced(expiry, wasReset)],
          did: "They have to change their password (passwordExpirationTime).",
          meaning:
            "It holds where the password policy has passwordMustChange: after they sign in the directory does nothing for them but that. Programs that cannot ask for a new password lock them out.",
        };
    }
  },
};
