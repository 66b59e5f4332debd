/** Somebody takes an incident on: its further steps of escalation are not told. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type EventLog, type Store, severities, sql } from "@espalier/service";
import { forUpdate } from "../deliveries/row-lock.ts";
import { type Incident, type IncidentRow, incidentOfRow } from "./incident.ts";

export interface IncidentsOptions {
  readonly store: Store;
  readonly log: EventLog;
  readonly now?: () => number;
}

export type Acknowledgement =
  | { readonly outcome: "acknowledged"; readonly incident: Incident }
  /** By somebody before, who is named in it. */
  | { readonly outcome: "already acknowledged"; readonly incident: Incident }
  | { readonly outcome: "over"; readonly incident: Incident }
  | { readonly outcome: "unknown" };

const maxListed = 1_000;

export class Incidents {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #now: () => number;

  constructor({ store, log, now = Date.now }: IncidentsOptions) {
    this.#store = store;
    this.#log = log;
    this.#now = now;
  }

  /** Those that are not over, the gravest first. */
  async open(): Promise<readonly Incident[]> {
    const rows = await this.#store.all<IncidentRow>(
      sql`SELECT * FROM incidents WHERE closed_at IS NULL ORDER BY severity, opened_at LIMIT ${maxListed}`,
    );
    return rows.map(incidentOfRow);
  }

  async get(id: string): Promise<Incident | undefined> {
    const row = await this.#store.first<IncidentRow>(sql`SELECT * FROM incidents WHERE id = ${id}`);
    return row && incidentOfRow(row);
  }

  /** The incident whose link somebody has followed: for the page that asks for the acknowledgement. */
  async ofLink(id: string, token: string): Promise<Incident | undefined> {
    const row = await this.#store.first<IncidentRow>(sql`SELECT * FROM incidents WHERE id = ${id}`);
    return row !== undefined && isSame(row.token, token) ? incidentOfRow(row) : undefined;
  }

  /** @param by who does: an account, or `link` when only that is known */
  acknowledge(id: string, by: string): Promise<Acknowledgement> {
    const now = this.#now();
    return this.#store.write(async (transaction): Promise<Acknowledgement> => {
      const row = await transaction.first<IncidentRow>(
        sql`SELECT * FROM incidents WHERE id = ${id}${forUpdate(transaction.database)}`,
      );
      if (row === undefined) return { outcome: "unknown" };
      if (row.acknowledged_at !== null) return { outcome: "already acknowledged", incident: incidentOfRow(row) };
      if (row.closed_at !== null) return { outcome: "over", incident: incidentOfRow(row) };
      // What no event ends is over when somebody has taken it on.
      const closedAt = row.resolves === 1 ? null : now;
      await transaction.run(
        sql`UPDATE incidents SET acknowledged_at = ${now}, acknowledged_by = ${by}, closed_at = ${closedAt}
          WHERE id = ${id}`,
      );
      await transaction.run(sql`DELETE FROM escalations WHERE incident_id = ${id} AND fired_at IS NULL`);
      await this.#log.appendWith(transaction, {
        type: "incident.acknowledged",
        severity: "info",
        subject: row.subject,
        source: "notify",
        actor: by,
        data: { incident: id, severity: severities[row.severity], firstEvent: row.first_event },
        audit: true,
      });
      const acknowledged = { ...row, acknowledged_at: now, acknowledged_by: by, closed_at: closedAt };
      return { outcome: "acknowledged", incident: incidentOfRow(acknowledged) };
    });
  }
}

/** Where the acknowledgement of an incident is asked for; whoever has it may. */
export function acknowledgementUrl(publicUrl: string, { id, token }: Pick<IncidentRow, "id" | "token">): string {
  return `${publicUrl.replace(/\/+$/, "")}/incidents/${id}/acknowledge?token=${encodeURIComponent(token)}`;
}

/** Without telling by the time it takes how much of it was right. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(left!, right!);
}
