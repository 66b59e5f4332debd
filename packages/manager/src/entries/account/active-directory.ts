/** Active Directory: flags of `userAccountControl`, and the attributes that lock and expire. */
import { ApiError } from "../../api/problem.ts";
import { type AccountAction, type Effect, type Mechanism, replaced } from "./mechanism.ts";

const control = "userAccountControl";
const lockout = "lockoutTime";
const lastSet = "pwdLastSet";
/** ADS_UF_ACCOUNTDISABLE */
const disabled = 0x2;

export const activeDirectory: Mechanism = {
  attributes: [control, lockout, lastSet],

  appliesTo: ({ facts: { vendor } }) => vendor === "active-directory",

  act(action: AccountAction, { entry }): Effect {
    switch (action) {
      case "disable":
      case "enable": {
        const flags = Number(entry.text(control));
        if (entry.text(control) === undefined || !Number.isSafeInteger(flags)) {
          throw new ApiError(
            "refused_by_directory",
            "The entry has no userAccountControl that you can see: it is no account.",
          );
        }
        const isDisabled = (flags & disabled) !== 0;
        const wanted = action === "disable" ? flags | disabled : flags & ~disabled;
        return {
          changes: isDisabled === (action === "disable") ? [] : [replaced(control, String(wanted))],
          did: action === "disable" ? "The account is disabled." : "The account is enabled.",
          meaning:
            action === "disable"
              ? "They cannot sign in anywhere; Kerberos tickets that they have are good until they run out."
              : "Their password is what it was.",
        };
      }
      case "unlock": {
        const isLocked = !["0", undefined].includes(entry.text(lockout));
        return {
          changes: isLocked ? [replaced(lockout, "0")] : [],
          did: isLocked ? "It is unlocked." : "It is not locked.",
          meaning: "They can sign in at once. A device that keeps trying an old password will lock it again.",
        };
      }
      case "force_change":
        return {
          changes: entry.text(lastSet) === "0" ? [] : [replaced(lastSet, "0")],
          did: "They have to change their password at the next logon.",
          meaning: "Until then binds over LDAP are refused; Windows asks for the new password.",
        };
    }
  },
};
