/** What must be so of a change before anything of it is noted or sent: that it can be read, and that the person may make it. */
import { formatLdifRecord, normalizeDn, ParseError, parseDn, parseRdn, type Schema } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import type { Action, Session } from "../sessions/session.ts";
import type { EntryChange } from "./change-set.ts";
import type { Intent } from "./change-store.ts";
import { newName } from "./new-name.ts";

/** @throws ApiError `invalid_request` */
export function checkForm(change: EntryChange): void {
  try {
    if (parseDn(change.dn).length === 0 && change.type !== "modify") {
      throw new ApiError(
        "invalid_request",
        "The root DSE can be neither added, removed, renamed nor given a password.",
      );
    }
    switch (change.type) {
      case "add":
        formatLdifRecord({ type: "add", dn: change.dn, controls: [], attributes: change.attributes });
        return;
      case "modify":
        if (change.changes.length === 0) {
          throw new ApiError("invalid_request", `Nothing is changed in ${change.dn}: leave it out.`);
        }
        formatLdifRecord({ type: "modify", dn: change.dn, controls: [], changes: change.changes });
        return;
      case "modifyDn":
        parseRdn(change.newRdn);
        newName(change);
        return;
      case "password":
        if (change.newPassword === "") throw new ApiError("invalid_request", "The new password is empty.");
        return;
      case "delete":
        return;
    }
  } catch (error) {
    if (error instanceof ParseError) {
      throw new ApiError("invalid_request", `${change.dn}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** @throws ApiError `not_allowed`, `not_connected`, `read_only` */
export function requireFor(session: Session, cluster: string, change: EntryChange, requires: Action | undefined): void {
  const action = requires ?? (change.type === "password" ? "password" : "write");
  session.require(action, cluster, change.dn);
  if (change.type === "modifyDn") session.require(action, cluster, newName(change));
}

export function intentOf(number: number, change: EntryChange, schema: Schema): Intent {
  const newDn = change.type === "modifyDn" ? newName(change) : undefined;
  return {
    ...{ number, type: change.type, dn: change.dn, newDn },
    dnKey: normalizeDn(change.dn, schema),
    newDnKey: newDn === undefined ? undefined : normalizeDn(newDn, schema),
  };
}
