/** The shadow data of POSIX accounts, RFC 2307 §3: hosts act on it, the directory does not. */
import { type AccountAction, cleared, type Effect, type Mechanism, replaced } from "./mechanism.ts";

const expire = "shadowExpire";
const lastChange = "shadowLastChange";
/** The second day of 1970: 0 and -1 mean "never" to some programs. */
const longAgo = "1";
const dayMs = 86_400_000;

export const shadow: Mechanism = {
  attributes: [expire, lastChange],

  appliesTo: ({ entry }) => entry.texts("objectClass").some((name) => name.toLowerCase() === "shadowaccount"),

  act(action: AccountAction, { entry, nowMs }): Effect | undefined {
    const day = Number(entry.text(expire) ?? -1);
    const isExpired = day > 0 && day <= nowMs / dayMs;
    switch (action) {
      case "disable": {
        const until =
          day > 0 && !isExpired ? ` It was to run until day ${day}, which enabling does not bring back.` : "";
        return {
          changes: isExpired ? [] : [replaced(expire, longAgo)],
          did: isExpired ? "It has expired already (shadowExpire)." : `It has expired (shadowExpire).${until}`,
          meaning:
            "Hosts that look at shadow data refuse them: those that use pam_unix with it, and SSSD with ldap_account_expire_policy = shadow. The directory itself does not.",
        };
      }
      case "enable":
        return {
          changes: isExpired ? cleared(entry, [expire]) : [],
          did: isExpired ? "It expires no more (shadowExpire)." : "It has not expired (shadowExpire).",
          meaning: "Hosts that look at shadow data let them in again.",
        };
      case "unlock":
        return undefined;
      case "force_change":
        return {
          changes: entry.text(lastChange) === "0" ? [] : [replaced(lastChange, "0")],
          did: "They have to change their password (shadowLastChange).",
          meaning:
            "Hosts that look at shadow data ask for a new one at the next login; binds to the directory go on as they are.",
        };
    }
  },
};
