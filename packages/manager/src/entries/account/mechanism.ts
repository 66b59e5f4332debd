/** What a way of keeping somebody out of a directory has in common with the others. */
import type { Change, Schema } from "@espalier/ldap";
import { attribute, type SearchEntry } from "@espalier/ldap/client";
import type { ServerFacts } from "../../clusters/cluster.ts";
import type { Lockout } from "./lockout.ts";

export type AccountAction = "unlock" | "enable" | "disable" | "force_change";

export interface Account {
  readonly entry: SearchEntry;
  readonly facts: Pick<ServerFacts, "vendor" | "supportedControls">;
  readonly schema: Schema;
  readonly lockout: Lockout;
  readonly nowMs: number;
}

/** One way in which a directory, or those who read it, keep somebody out. */
export interface Mechanism {
  readonly attributes: readonly string[];
  appliesTo(account: Account): boolean;
  /** `undefined`: this mechanism has no such action. @throws ApiError where the entry cannot be understood */
  act(action: AccountAction, account: Account): Effect | undefined;
}

export interface Effect {
  readonly changes: readonly Change[];
  /** What was done, or why nothing had to be. */
  readonly did: string;
  /** What it means, and for whom it does not. */
  readonly meaning: string;
  /** True: the directory would go on as before, so it is not done. */
  readonly isInVain?: boolean;
  /** What has to be known before. */
  readonly warning?: string;
}

export function replaced(type: string, value: string): Change {
  return { operation: "replace", modification: attribute(type, value) };
}

/** Those of the attributes that the entry has go; one that is gone by then is no error (RFC 4511 §4.6). */
export function cleared(entry: SearchEntry, types: readonly string[]): Change[] {
  return types
    .filter((type) => entry.values(type).length > 0)
    .map((type) => ({ operation: "replace", modification: attribute(type) }));
}
