/** One transaction of the router: events become deliveries, and incidents escalate or end. */
import {
  type EventRow,
  eventOfRow,
  formatDuration,
  type StoredEvent,
  severities,
  sql,
  type Transaction,
} from "@espalier/service";
import { forUpdate } from "../deliveries/row-lock.ts";
import type { Route } from "./config.ts";
import { Drafts } from "./drafts.ts";
import { closeIncident, findOpenIncident, type IncidentRow, joinIncident } from "./incident.ts";
import { matches } from "./match.ts";
import { type Occurrence, occurrenceOf } from "./occurrence.ts";
import { afterQuietHours, type Plan, planDelivery } from "./plan.ts";

export interface RoutingPassOptions {
  readonly transaction: Transaction;
  readonly routes: readonly Route[];
  /** Names of all channels, in the order of the configuration. */
  readonly channels: readonly string[];
  /** The wait before a first attempt. */
  readonly firstWaitMs: number;
  readonly now: number;
}

export type RoutingResult = "told" | "suppressed" | "unmatched";

/** The event with which a channel's end is announced: on another one. */
export const channelDisabled = "channel.disabled";

const maxEscalationsAtOnce = 50;

interface Recipient {
  readonly channel: string;
  readonly route: string;
}

interface UnsentRow extends Recipient {
  readonly id: string;
  readonly severity: number;
  readonly event_count: number;
}

export class RoutingPass {
  readonly #transaction: Transaction;
  readonly #options: RoutingPassOptions;
  readonly #drafts: Drafts;

  constructor(options: RoutingPassOptions) {
    this.#options = options;
    this.#transaction = options.transaction;
    this.#drafts = new Drafts(options.transaction, options.now);
  }

  /** The last thing: writes what is not written yet. */
  end(): Promise<void> {
    return this.#drafts.flush();
  }

  async route(event: StoredEvent): Promise<RoutingResult> {
    const occurrence = occurrenceOf(event);
    /** A channel is told once of an event, by the first of the routes that name it. */
    const told = new Set<string>();
    const routes = this.#options.routes.filter((route) => matches(route, event));
    let result: RoutingResult = "unmatched";
    if (occurrence.status === "resolved") {
      await this.#resolve(event, occurrence, told);
      for (const route of routes) if (route.resolve) await this.#tell(route, event, undefined, told);
    } else {
      const incident = await this.#incidentOf(event, occurrence, routes);
      for (const route of routes) {
        if (await this.#isKnown(route, occurrence, event)) {
          result = "suppressed";
          continue;
        }
        const plan = await this.#tell(route, event, incident?.id, told);
        if (incident !== undefined) await this.#schedule(route, event, incident, plan);
      }
    }
    if (event.type === channelDisabled) await this.#tellSomebodyElse(event, told);
    return told.size > 0 ? "told" : result;
  }

  /** Tells the steps that are due. Resolves to how many. */
  async escalate(): Promise<number> {
    const { now } = this.#options;
    const due = await this.#transaction.all<{ readonly incident_id: string }>(
      sql`SELECT incident_id FROM escalations WHERE fired_at IS NULL AND due_at <= ${now}
        ORDER BY due_at LIMIT ${maxEscalationsAtOnce}`,
    );
    let count = 0;
    for (const id of new Set(due.map((row) => row.incident_id))) count += await this.#escalateIncident(id);
    return count;
  }

  async #incidentOf(event: StoredEvent, occurrence: Occurrence, routes: readonly Route[]) {
    const isWanted = routes.length > 0 && (occurrence.status === "problem" || routes.some((route) => route.escalate));
    return isWanted ? joinIncident(this.#transaction, event, occurrence, this.#options.now) : undefined;
  }

  /** Whether the route has told the same before, within its window. */
  async #isKnown({ name, dedupe }: Route, { key }: Occurrence, event: StoredEvent): Promise<boolean> {
    if (dedupe === undefined) return false;
    const { now } = this.#options;
    const severity = severities.indexOf(event.severity);
    const news = await this.#transaction.first(
      sql`INSERT INTO route_dedupe (route, key, severity, until) VALUES (${name}, ${key}, ${severity}, ${now + dedupe})
        ON CONFLICT (route, key, severity) DO UPDATE SET until = excluded.until
        WHERE route_dedupe.until <= ${now} RETURNING route`,
    );
    return news === undefined;
  }

  /** To the channels of the route that have not been told yet. Resolves to when. */
  async #tell(route: Route, event: StoredEvent, incidentId: string | undefined, told: Set<string>): Promise<Plan> {
    const { now } = this.#options;
    for (const channel of route.channels) {
      if (told.has(channel) || isAbout(event, channel)) continue;
      told.add(channel);
      const plan = this.#plan(route, channel, event);
      await this.#drafts.add({ route: route.name, channel, plan }, [{ event, incidentId }]);
    }
    return planDelivery(route, route.channels[0] ?? "", event, now);
  }

  #plan(route: Route, channel: string, event: StoredEvent): Plan {
    const { now, firstWaitMs } = this.#options;
    return planDelivery(route, channel, event, now + firstWaitMs);
  }

  async #schedule(route: Route, event: StoredEvent, incident: IncidentRow, plan: Plan): Promise<void> {
    if (incident.acknowledged_at !== null) return;
    for (const [step, { after }] of (route.escalate ?? []).entries()) {
      const dueAt = afterQuietHours(route, event, plan.dueAt + after);
      await this.#transaction.run(
        sql`INSERT INTO escalations (incident_id, route, step, due_at)
          VALUES (${incident.id}, ${route.name}, ${step}, ${dueAt}) ON CONFLICT DO NOTHING`,
      );
    }
  }

  /** Whoever was told of the problem is told that it is over, whatever the end itself would match. */
  async #resolve(event: StoredEvent, { key }: Occurrence, told: Set<string>): Promise<void> {
    const incident = await findOpenIncident(this.#transaction, key);
    if (incident === undefined) return;
    await this.#drafts.flush();
    const unsent = await this.#unsentOf(incident);
    for (const { channel, route: name } of await this.#recipientsOf(incident)) {
      const route = this.#options.routes.find((each) => each.name === name);
      if (told.has(channel) || route?.resolve === false) continue;
      told.add(channel);
      const waiting = unsent.findLast((each) => each.channel === channel);
      const drafted = { event, incidentId: incident.id };
      if (waiting !== undefined && this.#drafts.addToStored(waiting, drafted)) continue;
      const { now, firstWaitMs } = this.#options;
      const plan = route === undefined ? { dueAt: now + firstWaitMs } : this.#plan(route, channel, event);
      await this.#drafts.add({ route: name, channel, plan }, [drafted]);
    }
    await closeIncident(this.#transaction, incident, this.#options.now);
  }

  #recipientsOf({ id }: IncidentRow): Promise<readonly Recipient[]> {
    return this.#transaction.all<Recipient>(
      sql`SELECT deliveries.channel, min(deliveries.route) AS route FROM delivery_events
        JOIN deliveries ON deliveries.id = delivery_events.delivery_id
        WHERE delivery_events.incident_id = ${id} GROUP BY deliveries.channel ORDER BY deliveries.channel`,
    );
  }

  /** Deliveries of the incident that still wait for their first attempt: they stay so until the commit. */
  #unsentOf({ id }: IncidentRow): Promise<readonly UnsentRow[]> {
    return this.#transaction.all<UnsentRow>(
      sql`SELECT id, channel, route, severity, event_count FROM deliveries
        WHERE id IN (SELECT delivery_id FROM delivery_events WHERE incident_id = ${id})
        AND state = 'pending' AND attempt = 0 ORDER BY id${forUpdate(this.#transaction.database)}`,
    );
  }

  async #escalateIncident(id: string): Promise<number> {
    const { now, routes, firstWaitMs } = this.#options;
    const incident = await this.#transaction.first<IncidentRow>(
      sql`SELECT * FROM incidents WHERE id = ${id}${forUpdate(this.#transaction.database)}`,
    );
    const steps = await this.#transaction.all<{ readonly route: string; readonly step: number }>(
      sql`UPDATE escalations SET fired_at = ${now} WHERE incident_id = ${id} AND fired_at IS NULL AND due_at <= ${now}
        RETURNING route, step`,
    );
    if (incident === undefined) return 0;
    let count = 0;
    for (const { route: name, step } of steps) {
      const escalation = routes.find((route) => route.name === name)?.escalate?.[step];
      if (escalation === undefined) continue;
      const note = `Nobody has acknowledged this within ${formatDuration(escalation.after)}.`;
      const events = await this.#eventsOf(incident);
      for (const channel of new Set(escalation.channels)) {
        const aim = { route: name, channel, plan: { dueAt: now + firstWaitMs }, note };
        await this.#drafts.add(
          aim,
          events.map((event) => ({ event, incidentId: id })),
        );
      }
      count += 1;
    }
    const last = await this.#transaction.first(
      sql`SELECT 1 AS waiting FROM escalations WHERE incident_id = ${id} AND fired_at IS NULL`,
    );
    if (last === undefined && incident.resolves === 0) await closeIncident(this.#transaction, incident, now);
    return count;
  }

  /** How it began, and the last that was heard. */
  async #eventsOf({ first_event: first, last_event: last }: IncidentRow): Promise<readonly StoredEvent[]> {
    const rows = await this.#transaction.all<EventRow>(
      sql`SELECT * FROM events WHERE id IN (${first}, ${last}) ORDER BY position`,
    );
    return rows.map(eventOfRow);
  }

  /** When no route names a channel that works beside the one that does not. */
  async #tellSomebodyElse(event: StoredEvent, told: Set<string>): Promise<void> {
    const { now, firstWaitMs, channels } = this.#options;
    const rows = await this.#transaction.all<{ readonly channel: string }>(
      sql`SELECT channel FROM channel_states WHERE disabled_at IS NOT NULL`,
    );
    const disabled = new Set([...rows.map(({ channel }) => channel), event.subject]);
    if ([...told].some((channel) => !disabled.has(channel))) return;
    const channel = channels.find((each) => !disabled.has(each));
    if (channel === undefined) return;
    told.add(channel);
    const aim = { route: channelDisabled, channel, plan: { dueAt: now + firstWaitMs } };
    await this.#drafts.add(aim, [{ event, incidentId: undefined }]);
  }
}

/** Nobody is told by a channel that it does not work. */
function isAbout(event: StoredEvent, channel: string): boolean {
  return event.type === channelDisabled && event.source === "notify" && event.subject === channel;
}
