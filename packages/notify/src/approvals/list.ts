/** Approvals of everybody, the newest first: who was asked, and what they said. */
import { type Store, sql } from "@espalier/service";
import { type Approval, type ApprovalRow, type ApprovalState, approvalOfRow } from "./approval.ts";

/** Somebody who is not asked for a while, since they have rejected logins. */
export interface LockedUser {
  readonly username: string;
  readonly realm: string;
  readonly until: number;
  readonly reason: string;
}

export async function listApprovals(
  store: Store,
  { state, limit }: { readonly state?: ApprovalState | undefined; readonly limit: number },
): Promise<readonly Approval[]> {
  const where = state === undefined ? sql`` : sql`WHERE state = ${state}`;
  const rows = await store.all<ApprovalRow>(
    sql`SELECT * FROM approvals ${where} ORDER BY requested_at DESC, id DESC LIMIT ${limit}`,
  );
  return rows.map(approvalOfRow);
}

export async function listLockedUsers(store: Store, now: number): Promise<readonly LockedUser[]> {
  const rows = await store.all<{
    readonly user_key: string;
    readonly realm: string;
    readonly locked_until: number;
    readonly lock_reason: string;
  }>(sql`SELECT * FROM approval_users WHERE locked_until > ${now} ORDER BY locked_until`);
  return rows.map(({ user_key, realm, locked_until, lock_reason }) => ({
    ...{ username: user_key, realm, reason: lock_reason },
    until: Number(locked_until),
  }));
}
