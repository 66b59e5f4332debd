/**
 * Approvals over one store: asked for, joined, waited for and decided, from whichever node.
 *
 * The row is there before anybody is told, and the event that tells is stored in the same transaction. A further attempt of the
 * same user, service and address joins what is open; one from elsewhere is refused meanwhile, so that a yes is never taken for a
 * question that its person has not seen. Whoever asks or decides holds the row of the user until the commit, so that all nodes
 * do so one after the other.
 */
import { randomBytes, randomUUID } from "node:crypto";
import {
  type EventLog,
  formatDuration,
  type Logger,
  type Metrics,
  type NewEvent,
  type Store,
  sql,
  sqlRows,
  type Transaction,
} from "@espalier/service";
import { forUpdate } from "../deliveries/row-lock.ts";
import { digestOf } from "../routes/occurrence.ts";
import {
  type Approval,
  type ApprovalRequest,
  type ApprovalRow,
  type ApprovalState,
  approvalOfRow,
  type Decision,
  userKeyOf,
} from "./approval.ts";
import { isValidToken } from "./link.ts";
import { approvalMetrics } from "./metrics.ts";
import { isDelivered, isUnreachable } from "./reach.ts";
import { lockUser, recentOf, rejectionsOf } from "./user-history.ts";
import { Waiters } from "./waiters.ts";

export interface ApprovalLimits {
  /** Milliseconds that a person has. */
  readonly expireAfter: number;
  readonly perHour: number;
  readonly lockAfterRejections: number;
  /** Milliseconds. */
  readonly lockAfterNotMe: number;
}

export interface ApprovalsOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly limits: ApprovalLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => number;
}

/** Why nobody was asked. */
export type AskRefusal = "another approval is open" | "asked too often" | "locked";

export type Asked =
  /** `joined`: what was open already, or a yes that nobody has had yet. */
  | { readonly outcome: "asked" | "joined"; readonly approval: Approval }
  | { readonly outcome: "refused"; readonly refusal: AskRefusal; readonly retryAt: number };

export type Decided =
  | { readonly outcome: "decided"; readonly approval: Approval }
  /** It was over, and its person says now that it was somebody else. */
  | { readonly outcome: "disowned"; readonly approval: Approval }
  /** Somebody was faster, or its time was over. */
  | { readonly outcome: "too late"; readonly approval: Approval }
  | { readonly outcome: "invalid link" };

/** What came with a link. */
export interface LinkUse {
  readonly id: string;
  readonly channel: string;
  readonly token: string;
}

interface Lock {
  readonly reason: "not me" | "rejected too often";
  readonly summary: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What an administrator is told to do about one. */
const lockFix =
  "Ask them whether it was them that tried, and have the password changed if not. `espalier notify approvals unlock` lets them be asked again.";

export const approvalRequested = "approval.requested";

const wakeChannel = "approvals";
const hourMs = 3_600_000;
/** How long decided ones are kept, for the limits and for who asks late. The event log keeps what happened. */
const keepMs = 24 * hourMs;
const endedAtOnce = 100;

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #now: () => number;
  readonly #instruments;
  readonly #waiters: Waiters;

  constructor(options: ApprovalsOptions) {
    const { store, metrics, logger, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#instruments = metrics.register(approvalMetrics);
    this.#waiters = new Waiters({
      onWake: (listener) => store.onWake(wakeChannel, listener),
      read: (id) => this.get(id),
      pendingOf: (ids) => this.#pendingOf(ids),
      logger,
      now,
    });
  }

  /** Lets those go who wait. */
  close(): void {
    this.#waiters.close();
  }

  /** Asks, or joins. @throws StoreError, and then nobody was asked. */
  async ask(request: ApprovalRequest): Promise<Asked> {
    const { asked, ended } = await this.#options.store.write((transaction) => this.#ask(transaction, request));
    this.#count(ended);
    if (asked.outcome === "refused") this.#instruments.requests.labels({ outcome: "refused" }).inc();
    return asked;
  }

  async #ask(
    transaction: Transaction,
    request: ApprovalRequest,
  ): Promise<{ readonly asked: Asked; readonly ended: ApprovalState | undefined }> {
    const { limits } = this.#options;
    const now = this.#now();
    const user = { user_key: userKeyOf(request.username), realm: request.realm };
    const { locked_until: lockedUntil } = await lockUser(transaction, user);
    let rows = await recentOf(transaction, user, { since: now - hourMs, limit: limits.perHour });
    let ended: ApprovalState | undefined;
    const due = rows.find(({ state, expires_at }) => state === "pending" && expires_at <= now);
    if (due !== undefined) {
      ended = await this.#end(transaction, due, now);
      rows = rows.map((row) => (row === due ? { ...row, state: ended ?? row.state } : row));
    }
    const refuse = (refusal: AskRefusal, retryAt: number) => ({
      asked: { outcome: "refused", refusal, retryAt } as const,
      ended,
    });
    if (lockedUntil !== null && lockedUntil > now) return refuse("locked", lockedUntil);
    const joined = rows.find(
      (row) => isSameAttempt(row, request) && (row.state === "pending" || isUnclaimed(row, now)),
    );
    if (joined !== undefined) {
      const takenAt = joined.state === "approved" ? now : null;
      await transaction.run(
        sql`UPDATE approvals SET attempts = attempts + 1, taken_at = ${takenAt} WHERE id = ${joined.id}`,
      );
      return { asked: { outcome: "joined", approval: approvalOfRow(joined) }, ended };
    }
    const open = rows.find(({ state }) => state === "pending");
    if (open !== undefined) return refuse("another approval is open", open.expires_at);
    const counted = rows.filter((row) => row.requested_at > now - hourMs);
    if (counted.length >= limits.perHour) {
      await this.#flooded(transaction, request, user.user_key, now);
      return refuse("asked too often", counted.at(-1)!.requested_at + hourMs);
    }
    return {
      asked: { outcome: "asked", approval: await this.#begin(transaction, request, user.user_key, now) },
      ended,
    };
  }

  async #begin(transaction: Transaction, request: ApprovalRequest, userKey: string, now: number): Promise<Approval> {
    const { username, realm, service, address } = request;
    const { limits, log } = this.#options;
    const id = randomUUID();
    const expiresAt = now + limits.expireAfter;
    const { id: eventId } = await log.appendWith(transaction, {
      ...{ type: approvalRequested, severity: "medium", subject: username, source: "notify", time: now, audit: true },
      ...(address === "" ? {} : { actor: address }),
      data: {
        summary: `A login as ${username}${fromOf(request)} waits for your answer`,
        ...{ approval: id, realm, service, address, expiresAt },
      },
    });
    await transaction.run(
      sql`INSERT INTO approvals
        (id, username, user_key, realm, service, address, state, requested_at, expires_at, event_id, link_key)
        VALUES (${id}, ${username}, ${userKey}, ${realm}, ${service}, ${address}, 'pending', ${now}, ${expiresAt},
          ${eventId}, ${randomBytes(32)})`,
    );
    return {
      ...{ id, username, realm, service, address, state: "pending" },
      ...{ requestedAt: now, expiresAt, decidedAt: undefined, isDisowned: false },
    };
  }

  /** @throws StoreError */
  async get(id: string): Promise<Approval | undefined> {
    let row = await this.#row(id);
    if (row?.state === "pending" && row.expires_at <= this.#now()) {
      await this.#endAll([id]);
      row = await this.#row(id);
    }
    return row && approvalOfRow(row);
  }

  /** Resolves when it is decided or over, or after `waitMs`, with what it is then. @throws StoreError */
  wait(id: string, waitMs: number, signal?: AbortSignal): Promise<Approval | undefined> {
    return this.#waiters.wait(id, waitMs, signal);
  }

  /** Notes that somebody has acted upon a yes, so that it admits nobody who asks later. */
  async take(id: string): Promise<void> {
    const now = this.#now();
    await this.#options.store.write((transaction) =>
      transaction.run(
        sql`UPDATE approvals SET taken_at = ${now} WHERE id = ${id} AND state = 'approved' AND taken_at IS NULL`,
      ),
    );
  }

  /** The approval behind a link, for the page that asks. */
  async ofLink({ id, channel, token }: LinkUse): Promise<Approval | undefined> {
    const row = await this.#row(id);
    if (row === undefined || !isValidToken({ id, channel }, token, row.link_key)) return undefined;
    return row.state === "pending" ? this.get(id) : approvalOfRow(row);
  }

  /** What the links are made of that this event brings with it; undefined for another one's, and where nothing is left to decide. */
  async linkKey(id: string, eventId: string): Promise<Uint8Array | undefined> {
    const row = await this.#row(id);
    return row?.state === "pending" && row.event_id === eventId ? row.link_key : undefined;
  }

  /** One decision: whoever is first. That it was somebody else can be said afterwards, too. @throws StoreError */
  async decide(link: LinkUse, decision: Decision): Promise<Decided> {
    // A stranger's guess costs no transaction.
    const known = await this.#row(link.id);
    if (known === undefined || !isValidToken(link, link.token, known.link_key)) return { outcome: "invalid link" };
    const { decided, ended } = await this.#options.store.write((transaction) =>
      this.#decide(transaction, known, link.channel, decision),
    );
    this.#count(ended);
    if (decided.outcome === "decided") {
      const { state, requestedAt } = decided.approval;
      this.#instruments.requests.labels({ outcome: state }).inc();
      this.#instruments.waits.labels({}).observe((this.#now() - requestedAt) / 1_000);
    }
    return decided;
  }

  async #decide(
    transaction: Transaction,
    known: ApprovalRow,
    channel: string,
    decision: Decision,
  ): Promise<{ readonly decided: Decided; readonly ended?: ApprovalState | undefined }> {
    const { limits } = this.#options;
    const now = this.#now();
    await lockUser(transaction, known);
    const row = await transaction.first<ApprovalRow>(
      sql`SELECT * FROM approvals WHERE id = ${known.id}${forUpdate(transaction.database)}`,
    );
    if (row === undefined) return { decided: { outcome: "invalid link" } };
    const ended = row.state === "pending" && row.expires_at <= now ? await this.#end(transaction, row, now) : undefined;
    const isOpen = row.state === "pending" && ended === undefined;
    const before = approvalOfRow(ended === undefined ? row : { ...row, state: ended, decided_at: now });
    const isDisowning = decision === "not-me" && row.not_me_at === null;
    if (!isOpen && !isDisowning) return { decided: { outcome: "too late", approval: before }, ended };

    const state = isOpen ? (decision === "approve" ? "approved" : "rejected") : before.state;
    const decidedAt = before.decidedAt ?? now;
    await transaction.run(
      isOpen
        ? sql`UPDATE approvals SET state = ${state}, decided_at = ${now}, decided_by = ${channel},
            not_me_at = ${isDisowning ? now : null} WHERE id = ${row.id}`
        : sql`UPDATE approvals SET not_me_at = ${now} WHERE id = ${row.id}`,
    );
    transaction.wake(wakeChannel);
    const seconds = Math.round((now - row.requested_at) / 1_000);
    await this.#tell(transaction, row, {
      type:
        decision === "approve" ? "approval.approved" : decision === "reject" ? "approval.rejected" : "approval.not-me",
      severity: decision === "not-me" ? "critical" : "info",
      actor: "link",
      data: {
        ...(decision === "not-me"
          ? { summary: `${row.username} says: a login${fromOf(row)} was somebody else, who may have the password` }
          : {}),
        ...{ approval: row.id, channel, state, seconds },
      },
    });
    if (isDisowning) {
      const forMs = limits.lockAfterNotMe;
      const summary = `${row.username} is not asked about logins for ${formatDuration(forMs)}: one was somebody else`;
      await this.#lock(transaction, row, { reason: "not me", summary, until: now + forMs });
    } else if (decision === "reject") {
      const rejections = await rejectionsOf(transaction, row, now - hourMs);
      if (rejections >= limits.lockAfterRejections) {
        const times = rejections === 1 ? "a login" : `${rejections} logins within an hour`;
        const summary = `${row.username} has said no to ${times} and is not asked again for an hour: somebody may have the password`;
        await this.#lock(transaction, row, { reason: "rejected too often", summary, until: now + hourMs });
      }
    }
    const approval = { ...before, state, decidedAt, isDisowned: before.isDisowned || isDisowning };
    return { decided: { outcome: isOpen ? "decided" : "disowned", approval }, ended };
  }

  async #lock(transaction: Transaction, row: ApprovalRow, { reason, summary, until }: Lock): Promise<void> {
    await transaction.run(
      sql`UPDATE approval_users SET lock_reason = ${reason}, locked_until = ${until}
        WHERE user_key = ${row.user_key} AND realm = ${row.realm} AND (locked_until IS NULL OR locked_until < ${until})`,
    );
    await this.#tell(transaction, row, {
      type: "approval.locked",
      severity: "high",
      data: { summary, reason, until: new Date(until).toISOString(), fix: lockFix },
    });
  }

  /** Ends those whose time is over, or that no channel could tell anybody about. Resolves to how many. To be called every second. */
  async sweep(): Promise<number> {
    const rows = await this.#options.store.all<{ readonly id: string }>(
      sql`SELECT id FROM approvals WHERE state = 'pending' AND (expires_at <= ${this.#now()} OR ${isUnreachable})
        ORDER BY id LIMIT ${endedAtOnce}`,
    );
    return this.#endAll(rows.map(({ id }) => id));
  }

  /** Forgets what is old. To be called every hour. */
  async forget(): Promise<void> {
    const now = this.#now();
    await this.#options.store.write(async (transaction) => {
      await transaction.run(sql`DELETE FROM approvals WHERE requested_at < ${now - keepMs} AND state <> 'pending'`);
      await transaction.run(
        sql`DELETE FROM approval_users WHERE (locked_until IS NULL OR locked_until <= ${now}) AND NOT EXISTS
          (SELECT 1 FROM approvals WHERE approvals.user_key = approval_users.user_key AND approvals.realm = approval_users.realm)`,
      );
    });
  }

  /** Those of them that are over by now. @throws StoreError */
  async #endAll(ids: readonly string[]): Promise<number> {
    let count = 0;
    for (const id of ids) {
      const ended = await this.#options.store.write(async (transaction) => {
        const known = await transaction.first<ApprovalRow>(sql`SELECT * FROM approvals WHERE id = ${id}`);
        if (known?.state !== "pending") return undefined;
        await lockUser(transaction, known);
        const row = await transaction.first<ApprovalRow>(sql`SELECT * FROM approvals WHERE id = ${id}`);
        return row?.state === "pending" ? this.#end(transaction, row, this.#now()) : undefined;
      });
      this.#count(ended);
      if (ended !== undefined) count += 1;
    }
    return count;
  }

  /** Undefined where it goes on. The user's row is locked. */
  async #end(transaction: Transaction, row: ApprovalRow, now: number): Promise<ApprovalState | undefined> {
    const told = await transaction.first<{ readonly delivered: number; readonly unreachable: number }>(
      sql`SELECT CASE WHEN ${isDelivered} THEN 1 ELSE 0 END AS delivered,
        CASE WHEN ${isUnreachable} THEN 1 ELSE 0 END AS unreachable FROM approvals WHERE id = ${row.id}`,
    );
    if (row.expires_at > now && told?.unreachable !== 1) return undefined;
    const isExpired = told?.delivered === 1;
    const state: ApprovalState = isExpired ? "expired" : "unavailable";
    await transaction.run(sql`UPDATE approvals SET state = ${state}, decided_at = ${now} WHERE id = ${row.id}`);
    transaction.wake(wakeChannel);
    await this.#tell(transaction, row, {
      type: isExpired ? "approval.unanswered" : "approval.undeliverable",
      severity: isExpired ? "low" : "high",
      data: {
        ...(isExpired
          ? {}
          : { summary: `Nobody could be asked whether ${row.username} may log in: no message about it arrived` }),
        approval: row.id,
      },
    });
    return state;
  }

  #flooded(transaction: Transaction, request: ApprovalRequest, userKey: string, now: number): Promise<void> {
    const { perHour } = this.#options.limits;
    const summary = `${request.username} was to be asked about more than ${perHour} logins within an hour,${fromOf(request)} last: somebody with the password keeps trying`;
    return this.#tell(transaction, request, {
      type: "approval.flooded",
      severity: "high",
      data: { summary, perHour },
      dedupeKey: `approval.flooded ${digestOf([request.realm, userKey, Math.floor(now / hourMs)])}`,
    });
  }

  async #tell(
    transaction: Transaction,
    { username, realm, service, address }: ApprovalRequest,
    event: Pick<NewEvent, "type" | "severity" | "actor" | "data" | "dedupeKey">,
  ): Promise<void> {
    await this.#options.log.appendWith(transaction, {
      ...event,
      ...{ subject: username, source: "notify", time: this.#now(), audit: true },
      data: { realm, service, address, ...event.data },
    });
  }

  async #pendingOf(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#options.store.all<{ readonly id: string }>(
      sql`SELECT id FROM approvals WHERE state = 'pending' AND id IN ${sqlRows([ids])}`,
    );
    return new Set(rows.map(({ id }) => id));
  }

  #row(id: string): Promise<ApprovalRow | undefined> {
    return this.#options.store.first<ApprovalRow>(sql`SELECT * FROM approvals WHERE id = ${id}`);
  }

  #count(ended: ApprovalState | undefined): void {
    if (ended !== undefined) this.#instruments.requests.labels({ outcome: ended }).inc();
  }
}

/** Attempts of which nobody knows where they come from are never the same. */
function isSameAttempt(row: ApprovalRow, { service, address }: ApprovalRequest): boolean {
  return address !== "" && row.service === service && row.address === address;
}

/** A yes that came while its client was between two attempts is for the next one, once. */
function isUnclaimed(row: ApprovalRow, now: number): boolean {
  return row.state === "approved" && row.taken_at === null && row.not_me_at === null && row.expires_at > now;
}

function fromOf({ address, service }: ApprovalRequest): string {
  return address === "" ? ` (${service})` : ` from ${address} (${service})`;
}
