/** An approval: an event that waits for a person's yes or no. */

/**
 * `pending` until somebody decides or its time is over: then `expired`, or `unavailable` where no message about it could be
 * delivered, so that nobody was asked.
 */
export type ApprovalState = "pending" | "approved" | "rejected" | "expired" | "unavailable";

/** Who wants in, and from where. */
export interface ApprovalRequest {
  readonly username: string;
  /** The directory; empty where the asking program does not say. */
  readonly realm: string;
  /** `ldap`, or what the asking program calls itself. */
  readonly service: string;
  /** Of the client that tries to log in; empty where the asking program does not know it. */
  readonly address: string;
}

export interface Approval extends ApprovalRequest {
  readonly id: string;
  readonly state: ApprovalState;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | undefined;
  /** Its person has said that it was somebody else. */
  readonly isDisowned: boolean;
}

export const decisions = ["approve", "reject", "not-me"] as const;

/** What a person can say. `not-me` is a no, and that somebody else has the password. */
export type Decision = (typeof decisions)[number];

export interface ApprovalRow {
  readonly id: string;
  readonly username: string;
  readonly user_key: string;
  readonly realm: string;
  readonly service: string;
  readonly address: string;
  readonly state: ApprovalState;
  readonly requested_at: number;
  readonly expires_at: number;
  readonly decided_at: number | null;
  readonly taken_at: number | null;
  readonly not_me_at: number | null;
  readonly event_id: string | null;
  readonly link_key: Uint8Array;
}

export function approvalOfRow(row: ApprovalRow): Approval {
  const { id, username, realm, service, address, state } = row;
  const times = { requestedAt: row.requested_at, expiresAt: row.expires_at, decidedAt: row.decided_at ?? undefined };
  return { id, username, realm, service, address, state, ...times, isDisowned: row.not_me_at !== null };
}

/** User names are compared as directories compare them: without letter case and insignificant spaces (RFC 4518 §2.6.1). */
export function userKeyOf(username: string): string {
  return username.normalize("NFKC").toLowerCase().trim().replaceAll(/\s+/g, " ");
}
