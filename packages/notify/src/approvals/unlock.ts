/** Lets a user be asked again who rejected too often, or said that it was somebody else. */
import { type EventLog, type Store, sql } from "@espalier/service";
import { userKeyOf } from "./approval.ts";

export interface UnlockOptions {
  readonly username: string;
  /** Who does it. */
  readonly actor: string;
  readonly now?: number;
}

/** In every directory. Resolves to how many locks there were. @throws StoreError */
export function unlockApprovals(store: Store, log: EventLog, options: UnlockOptions): Promise<number> {
  const { username, actor, now = Date.now() } = options;
  return store.write(async (transaction) => {
    const unlocked = await transaction.run(
      sql`UPDATE approval_users SET locked_until = NULL, lock_reason = NULL
        WHERE user_key = ${userKeyOf(username)} AND locked_until > ${now}`,
    );
    if (unlocked > 0) {
      const subject = { type: "approval.unlocked", severity: "info", subject: username } as const;
      await log.appendWith(transaction, { ...subject, source: "notify", actor, time: now, audit: true });
    }
    return unlocked;
  });
}
