/** A change set: what is to be done to entries, whatever it came from (a form, bulk edit, an import, the API). */
import type { Change, PartialAttribute } from "@espalier/ldap";
import type { Problem } from "../api/problem.ts";
import type { Attributes } from "../api/value.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Action, Actor } from "../sessions/session.ts";

export interface AddEntry {
  readonly type: "add";
  readonly dn: string;
  readonly attributes: readonly PartialAttribute[];
}
export interface ModifyEntry {
  readonly type: "modify";
  readonly dn: string;
  readonly changes: readonly Change[];
  /** As {@link EntryJson.version}: it fails if the entry is not as it was read. */
  readonly version?: string | undefined;
  /** What the person had before them: a conflict then says what each side has changed, and whether both can be had. */
  readonly read?: Attributes | undefined;
}
/** Renames, and with `newSuperior` moves. */
export interface ModifyEntryDn {
  readonly type: "modifyDn";
  readonly dn: string;
  readonly newRdn: string;
  readonly deleteOldRdn: boolean;
  readonly newSuperior?: string | undefined;
  readonly version?: string | undefined;
}
export interface DeleteEntry {
  readonly type: "delete";
  readonly dn: string;
  readonly version?: string | undefined;
}
/** Sets a password by RFC 3062 where the server can. What it was is not known, so it cannot be undone. */
export interface SetPassword {
  readonly type: "password";
  readonly dn: string;
  /** `undefined`: the server makes one up. */
  readonly newPassword: string | undefined;
  readonly oldPassword?: string | undefined;
}

export type EntryChange = AddEntry | ModifyEntry | ModifyEntryDn | DeleteEntry | SetPassword;

/** Applied in order. There are no transactions: where one fails the rest is not tried, and the result says what was done. */
export interface ChangeSet {
  /** What a person would call it: `Rename Ann`, `Import of people.csv`. */
  readonly title: string;
  readonly changes: readonly EntryChange[];
}

export type ChangeStatus =
  | "applied"
  /** The entry was not as it was read. */
  | "conflict"
  /** The directory refused it. */
  | "failed"
  /** The connection was lost: it may have been done. */
  | "in_doubt"
  /** One before it was not applied. */
  | "not_tried";

/** What became of one change. */
export interface EntryResult {
  readonly type: EntryChange["type"];
  readonly dn: string;
  readonly status: ChangeStatus;
  /** Why it was not applied. Of a conflict its details hold what was read, what is wanted and what is there. */
  readonly problem?: Problem | undefined;
  /** The entry's version after the change, where the server told. */
  readonly version?: string | undefined;
  /** The password that the server made up. Neither logged nor stored. */
  readonly generatedPassword?: string | undefined;
  /** The store was lost meanwhile: the audit trail has the change only once it is back. */
  readonly unrecorded?: true | undefined;
}

export interface ApplyResult {
  /** Names the change set in the audit trail, and for undo. */
  readonly id: string;
  /** The node that the last change went to; `undefined` where nothing was sent. */
  readonly node: string | undefined;
  readonly results: readonly EntryResult[];
  readonly counts: Readonly<Record<ChangeStatus, number>>;
}

export interface ApplyOptions {
  /** Goes on after a change that failed; otherwise the rest is not tried. */
  readonly continues?: boolean;
  /** The action that the person's roles must allow on each entry, in place of the one by kind (`password` for SetPassword, else `write`). */
  readonly requires?: Action;
}

export interface RunOptions extends Pick<ApplyOptions, "requires"> {
  /** Aborted: what waits for its turn is not sent any more. */
  readonly stop?: AbortSignal;
}

/**
 * A change set whose changes come one by one: an import. Each waits for two commits of the store; those that are asked for
 * before others are done are sent in the order of asking all the same, and share the commits.
 */
export interface ChangeRun {
  readonly id: string;
  /** Never throws for a change that failed: the result says it. @throws ApiError where nothing could be tried: the store is away, not allowed */
  apply(change: EntryChange): Promise<EntryResult>;
  /**
   * Changes that belong together, once they are known. They keep their place in the order of asking, and nothing behind the first
   * change of the run that is not applied is sent: `undefined` then, as after the run was told to stop.
   *
   * @throws ApiError as {@link apply}, or what `coming` threw: that stops the run too
   */
  applyInTurn(coming: Promise<readonly EntryChange[]>): Promise<readonly EntryResult[] | undefined>;
  /** Closes it in the audit trail. */
  end(): Promise<void>;
}

export interface Changes {
  /** The change set as LDIF (RFC 2849) with secrets masked, and sentences about what a person should know before it is applied. */
  preview(
    cluster: Cluster,
    actor: Actor,
    set: ChangeSet,
    options?: Pick<ApplyOptions, "requires">,
  ): Promise<{ readonly ldif: string; readonly warnings: readonly string[] }>;
  /** In order, each checked against the person's roles, each noted in the audit trail, failures too. @throws ApiError as {@link ChangeRun.apply} */
  apply(cluster: Cluster, actor: Actor, set: ChangeSet, options?: ApplyOptions): Promise<ApplyResult>;
  begin(cluster: Cluster, actor: Actor, title: string, options?: RunOptions): ChangeRun;
}
