/** What was asked about a user before, and the lock under which nodes look at it one after the other. */
import { sql, type Transaction } from "@espalier/service";
import type { ApprovalRow } from "./approval.ts";

export type UserRow = Pick<ApprovalRow, "user_key" | "realm">;

/** Waits for every other node that asks or decides about the user. */
export async function lockUser(transaction: Transaction, { user_key, realm }: UserRow) {
  const user = await transaction.first<{ readonly locked_until: number | null }>(
    sql`INSERT INTO approval_users (user_key, realm) VALUES (${user_key}, ${realm})
      ON CONFLICT (user_key, realm) DO UPDATE SET user_key = excluded.user_key RETURNING locked_until`,
  );
  if (user === undefined) throw new TypeError("an INSERT of approval_users returned nothing");
  return user;
}

/** Since then, and what is still called pending, however old it is: the newest first. */
export function recentOf(
  transaction: Transaction,
  { user_key, realm }: UserRow,
  { since, limit }: { readonly since: number; readonly limit: number },
): Promise<readonly ApprovalRow[]> {
  return transaction.all<ApprovalRow>(
    sql`SELECT * FROM approvals WHERE user_key = ${user_key} AND realm = ${realm}
        AND (requested_at > ${since} OR state = 'pending') ORDER BY requested_at DESC LIMIT ${limit}`,
  );
}

export async function rejectionsOf(
  transaction: Transaction,
  { user_key, realm }: UserRow,
  since: number,
): Promise<number> {
  const row = await transaction.first<{ readonly count: number }>(
    sql`SELECT count(*) AS count FROM approvals
      WHERE user_key = ${user_key} AND realm = ${realm} AND state = 'rejected' AND requested_at > ${since}`,
  );
  return row?.count ?? 0;
}
