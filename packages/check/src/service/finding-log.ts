/**
 * The events of findings, `finding.raised` and `finding.resolved`: told once for each change, whoever of several processes on
 * one store sees it first, and read back after a restart.
 */
import type { EventLog, EventSink, NewEvent, StoredEvent } from "@espalier/service";
import type { DocumentKind } from "../inputs/documents.ts";
import { type CurrentFinding, eventData, findingOfEvent, incidentOf } from "./current-finding.ts";

type Log = Pick<EventLog, "append" | "query">;

export interface FindingLogOptions {
  /** The store, once it is there; undefined where there is none. */
  readonly log: Log | undefined;
  /** Where events go without a store. */
  readonly events: EventSink;
  /** Who looks: the machine's name. */
  readonly observer: string;
  /** Whether others may look as well, into the same store. */
  readonly isShared: boolean;
}

/** What one machine sees of itself is not what another sees of itself, though both call it by the same name. */
const ownKinds: ReadonlySet<DocumentKind> = new Set(["storage", "host", "clock", "backupReceipts"]);

const types = ["finding.raised", "finding.resolved"];
const pageSize = 500;
/** Of the events of findings so many are read back; what was raised before them is raised anew. */
const maxEvents = 20_000;

export class FindingLog {
  readonly #options: FindingLogOptions;

  constructor(options: FindingLogOptions) {
    this.#options = options;
  }

  /** Those that this observer has raised, where it is not the only one, and nobody has resolved. @throws StoreError */
  async open(): Promise<CurrentFinding[]> {
    const { log, observer, isShared } = this.#options;
    if (log === undefined) return [];
    const latest = new Map<string, StoredEvent>();
    let cursor: string | undefined;
    for (let read = 0; read < maxEvents; read += pageSize) {
      const page = await log.query({ types, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) });
      for (const event of page.events) {
        const incident = incidentIn(event);
        if (incident !== undefined && !latest.has(incident)) latest.set(incident, event);
      }
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    return [...latest.values()].flatMap((event) => {
      // In a container a machine has another name after each start.
      const isOwn = !isShared || event.data?.seenBy === observer;
      return event.type === "finding.raised" && isOwn ? (findingOfEvent(event) ?? []) : [];
    });
  }

  /** @throws StoreError; nothing is told then, and it is to be told again */
  async raised(finding: CurrentFinding, kinds: readonly DocumentKind[]): Promise<void> {
    const { severity, subject } = finding;
    await this.#tell({ type: "finding.raised", severity, subject }, finding, kinds, (latest) => {
      return latest?.type !== "finding.raised" || latest.severity !== severity;
    });
  }

  /** @throws StoreError */
  async resolved(finding: CurrentFinding, kinds: readonly DocumentKind[]): Promise<void> {
    const { subject } = finding;
    await this.#tell({ type: "finding.resolved", severity: "info", subject }, finding, kinds, (latest) => {
      return latest?.type === "finding.raised";
    });
  }

  async #tell(
    { type, severity, subject }: Pick<NewEvent, "type" | "severity" | "subject">,
    finding: CurrentFinding,
    kinds: readonly DocumentKind[],
    isNews: (latest: StoredEvent | undefined) => boolean,
  ): Promise<void> {
    const { log, events, observer } = this.#options;
    const incident = this.#incident(finding, kinds);
    const event = { type, severity, subject, source: "check", data: eventData(finding, incident, observer) };
    if (log === undefined) return events.emit(event);
    const latest = await this.#latest(log, subject, incident);
    if (!isNews(latest)) return;
    // Two that see it in the same moment add one event.
    const dedupeKey = `${type}:${incident}:${severity}:${latest?.id ?? ""}`;
    await log.append({ ...event, dedupeKey });
  }

  async #latest(log: Log, subject: string, incident: string): Promise<StoredEvent | undefined> {
    const { events } = await log.query({ types, subject, limit: pageSize });
    return events.find((event) => incidentIn(event) === incident);
  }

  #incident({ fingerprint }: CurrentFinding, kinds: readonly DocumentKind[]): string {
    const { observer, isShared } = this.#options;
    const isOwn = isShared && kinds.some((kind) => ownKinds.has(kind));
    return incidentOf(fingerprint, isOwn ? observer : undefined);
  }
}

function incidentIn({ data }: StoredEvent): string | undefined {
  return typeof data?.incident === "string" ? data.incident : undefined;
}
