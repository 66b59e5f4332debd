/**
 * An incident: something that is the matter, from the first event that says so until one says that it is over. It is known
 * to whom it was told, it escalates while nobody acknowledges it, and each of its parts happens inside of a transaction.
 *
 * What no event will end (a device's alarm) is an incident as long as it escalates.
 */
import { randomBytes, randomUUIDv7 } from "node:crypto";
import { type Severity, type StoredEvent, severities, sql, type Transaction } from "@espalier/service";
import { forUpdate } from "../deliveries/row-lock.ts";
import type { Occurrence } from "./occurrence.ts";

/** After it, the next event of the same incident counts as news to those who acknowledged an earlier one. */
const acknowledgementMs = 86_400_000;

export interface Incident {
  readonly id: string;
  readonly subject: string;
  /** The gravest so far. */
  readonly severity: Severity;
  readonly firstEvent: string;
  readonly lastEvent: string;
  readonly openedAt: number;
  readonly acknowledged?: { readonly at: number; readonly by: string };
  readonly closedAt?: number;
}

/** A row of the table `incidents`. */
export interface IncidentRow {
  readonly id: string;
  readonly key: string;
  readonly resolves: number;
  readonly subject: string;
  readonly severity: number;
  readonly first_event: string;
  readonly last_event: string;
  readonly opened_at: number;
  readonly last_at: number;
  readonly token: string;
  readonly acknowledged_at: number | null;
  readonly acknowledged_by: string | null;
  readonly closed_at: number | null;
}

/** Locks it until the commit. */
export function findOpenIncident(transaction: Transaction, key: string): Promise<IncidentRow | undefined> {
  return transaction.first<IncidentRow>(
    sql`SELECT * FROM incidents WHERE key = ${key} AND closed_at IS NULL${forUpdate(transaction.database)}`,
  );
}

/** The incident of the event: a new one, or the one that is open. */
export async function joinIncident(
  transaction: Transaction,
  event: StoredEvent,
  { key, status }: Occurrence,
  now: number,
): Promise<IncidentRow> {
  const severity = severities.indexOf(event.severity);
  const open = await findOpenIncident(transaction, key);
  if (open === undefined) {
    const created: IncidentRow = {
      id: randomUUIDv7(),
      key,
      resolves: status === "problem" ? 1 : 0,
      subject: event.subject,
      severity,
      first_event: event.id,
      last_event: event.id,
      opened_at: now,
      last_at: now,
      token: randomBytes(18).toString("base64url"),
      acknowledged_at: null,
      acknowledged_by: null,
      closed_at: null,
    };
    const { id, resolves, subject, token } = created;
    await transaction.run(
      sql`INSERT INTO incidents
        (id, key, resolves, subject, severity, first_event, last_event, opened_at, last_at, token)
        VALUES (${id}, ${key}, ${resolves}, ${subject}, ${severity}, ${event.id}, ${event.id}, ${now}, ${now}, ${token})`,
    );
    return created;
  }
  const isForgotten = open.acknowledged_at !== null && open.acknowledged_at <= now - acknowledgementMs;
  const joined: IncidentRow = {
    ...open,
    severity: Math.min(open.severity, severity),
    last_event: event.id,
    last_at: now,
    ...(isForgotten ? { acknowledged_at: null, acknowledged_by: null } : {}),
  };
  await transaction.run(
    sql`UPDATE incidents SET severity = ${joined.severity}, last_event = ${event.id}, last_at = ${now},
      acknowledged_at = ${joined.acknowledged_at}, acknowledged_by = ${joined.acknowledged_by} WHERE id = ${open.id}`,
  );
  if (isForgotten) await transaction.run(sql`DELETE FROM escalations WHERE incident_id = ${open.id}`);
  return joined;
}

/** Nobody is told of it any more. */
export async function closeIncident(
  transaction: Transaction,
  { id, key }: Pick<IncidentRow, "id" | "key">,
  now: number,
): Promise<void> {
  await transaction.run(sql`UPDATE incidents SET closed_at = ${now} WHERE id = ${id}`);
  await transaction.run(sql`DELETE FROM escalations WHERE incident_id = ${id} AND fired_at IS NULL`);
  await transaction.run(sql`DELETE FROM route_dedupe WHERE key = ${key}`);
}

export function incidentOfRow(row: IncidentRow): Incident {
  const { acknowledged_at: at, acknowledged_by: by, closed_at: closedAt } = row;
  return {
    id: row.id,
    subject: row.subject,
    severity: severities[row.severity]!,
    firstEvent: row.first_event,
    lastEvent: row.last_event,
    openedAt: row.opened_at,
    ...(at === null ? {} : { acknowledged: { at, by: by ?? "" } }),
    ...(closedAt === null ? {} : { closedAt }),
  };
}
