/** All writes of the manager: previewed, checked, noted in the audit trail, sent, and undone. */
import { createMetrics, type EventLog, type Logger, type Metrics, type NewEvent, type Store } from "@espalier/service";
import { ApiError } from "../api/problem.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Actor } from "../sessions/session.ts";
import { AppliedSet, type AppliedSetNeeds, type AppliedSetOptions, undoContext } from "./applied-set.ts";
import type {
  ApplyOptions,
  ApplyResult,
  ChangeRun,
  ChangeSet,
  ChangeStatus,
  Changes,
  EntryChange,
  EntryResult,
  RunOptions,
} from "./change-set.ts";
import { type ChangeSetRow, ChangeStore } from "./change-store.ts";
import { checkForm, requireFor } from "./check-change.ts";
import { changeMetrics } from "./metrics.ts";
import { OutcomeRecorder } from "./outcome-recorder.ts";
import { type Preview, previewChanges } from "./preview.ts";
import type { Seal } from "./seal.ts";
import { checkPlan, planUndo, type UndoPlan, type UndoStep } from "./undo.ts";
import { decodeUndoData, type UndoData } from "./undo-data.ts";

export interface DirectoryChangesOptions {
  /** With the tables of `eventMigrations` and {@link changeMigrations}. */
  readonly store: Store;
  readonly log: EventLog;
  readonly seal: Seal;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly now?: () => number;
}

/** The longest that a set can be silent while it is applied: an operation ends within the cluster's time-out, of ten minutes at most. */
const silentMs = 30 * 60_000;
const settledAtOnce = 200;
const stepsAtOnce = 500;
const maxUndoneSteps = 20_000;

export class DirectoryChanges implements Changes {
  readonly store: ChangeStore;
  readonly #log: EventLog;
  readonly #seal: Seal;
  readonly #now: () => number;
  readonly #recorder: OutcomeRecorder;
  readonly #needs: (cluster: Cluster) => AppliedSetNeeds;

  constructor({ store, log, seal, logger, metrics = createMetrics(), now = Date.now }: DirectoryChangesOptions) {
    const instruments = metrics.register(changeMetrics);
    this.store = new ChangeStore(store, log, now);
    this.#log = log;
    this.#seal = seal;
    this.#now = now;
    this.#recorder = new OutcomeRecorder({
      ...{ changes: this.store, logger },
      onWaiting: (count) => instruments.unrecorded.labels({}).set(count),
    });
    this.#needs = ({ name: cluster }) => ({
      ...{ changes: this.store, recorder: this.#recorder, seal, logger },
      onSettled(type, status, seconds) {
        instruments.changes.labels({ directory: cluster, type, status }).inc();
        instruments.durations.labels({ directory: cluster, type }).observe(seconds);
      },
      onDenied: (event: NewEvent) => log.emit(event),
    });
  }

  async preview(
    cluster: Cluster,
    { session }: Actor,
    { changes }: ChangeSet,
    { requires }: Pick<ApplyOptions, "requires"> = {},
  ): Promise<Preview> {
    for (const change of changes) {
      checkForm(change);
      requireFor(session, cluster.name, change, requires);
    }
    return previewChanges(cluster, session.identity(cluster.name), changes);
  }

  apply(cluster: Cluster, actor: Actor, set: ChangeSet, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#apply(cluster, actor, set, options, {});
  }

  begin(cluster: Cluster, actor: Actor, title: string, options: RunOptions = {}): ChangeRun {
    return new AppliedSet(this.#needs(cluster), cluster, actor, title, options);
  }

  /** What undoing it would do. @throws ApiError `conflict` where something has changed since, `gone` where there is nothing to undo */
  async previewUndo(cluster: Cluster, actor: Actor, set: ChangeSetRow): Promise<Preview> {
    const plan = await this.#plan(cluster, actor, set);
    const preview = await this.preview(cluster, actor, { title: "", changes: plan.changes });
    return { ldif: preview.ldif, warnings: [...plan.warnings, ...preview.warnings] };
  }

  /** @throws ApiError as {@link previewUndo}, and as {@link apply} */
  async undo(
    cluster: Cluster,
    actor: Actor,
    set: ChangeSetRow,
  ): Promise<ApplyResult & { readonly warnings: readonly string[] }> {
    const { changes, warnings } = await this.#plan(cluster, actor, set);
    const title = `Undo: ${set.title}`;
    const result = await this.#apply(cluster, actor, { title, changes }, {}, { undoOf: set.id });
    return { ...result, warnings };
  }

  async #apply(
    cluster: Cluster,
    actor: Actor,
    { title, changes }: ChangeSet,
    { continues, requires }: ApplyOptions,
    { undoOf }: AppliedSetOptions,
  ): Promise<ApplyResult> {
    const applied = new AppliedSet(this.#needs(cluster), cluster, actor, title, { requires, undoOf });
    const results = await applied.applyAll(changes, continues ?? false);
    const counts = countsOf(results);
    await applied.end(counts.applied === changes.length ? undoOf : undefined);
    return { id: applied.id, node: applied.node, results, counts };
  }

  async #plan(cluster: Cluster, { session }: Actor, set: ChangeSetRow): Promise<UndoPlan> {
    if (set.undone_by !== null) {
      throw new ApiError("conflict", "This was undone before.", { details: { undoneBy: set.undone_by } });
    }
    if (set.ended_at === null && this.#now() - set.active_at < silentMs) {
      throw new ApiError("conflict", "This is still being applied: wait until it is done.");
    }
    if (set.applied > maxUndoneSteps) {
      throw new ApiError(
        "too_large",
        `These are ${set.applied} changes: at most ${maxUndoneSteps} can be undone at once.`,
      );
    }
    const plan = await planUndo(cluster, session.identity(cluster.name), await this.#undoSteps(set.id));
    checkPlan(plan);
    return plan;
  }

  async #undoSteps(setId: string): Promise<UndoStep[]> {
    const steps: UndoStep[] = [];
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const rows = await this.store.stepsBackwards(setId, before, stepsAtOnce);
      for (const { undo, ...row } of rows) steps.push({ ...row, undo: this.#opened(row.set_id, row.number, undo) });
      before = rows.at(-1)?.number ?? 0;
      if (rows.length < stepsAtOnce) return steps;
    }
  }

  #opened(setId: string, number: number, sealed: Uint8Array | null): UndoData | undefined {
    if (sealed === null) return undefined;
    try {
      return decodeUndoData(this.#seal.open(sealed, undoContext(setId, number)));
    } catch {
      // Sealed with a key that was lost since.
      return undefined;
    }
  }

  /**
   * To be called at the start and every hour or so; several nodes may do so at the same time. Changes that were about to be sent
   * when their process was killed are noted as in doubt, and change sets that are older than `keepDays` are removed, so that
   * they can be undone no more: the audit trail has its own retention.
   */
  async maintain({ keepDays, signal }: { readonly keepDays: number; readonly signal?: AbortSignal }): Promise<void> {
    const silentSince = this.#now() - silentMs;
    for (let more = true; more && signal?.aborted !== true; ) {
      const abandoned = await this.store.abandoned(silentSince, settledAtOnce);
      await Promise.all(
        abandoned.map(({ set_id: setId, number, ...step }) => {
          const event = abandonedEvent(setId, step);
          const unknown = { node: undefined, version: undefined, undo: undefined };
          return this.store.settle({ setId, number, status: "in_doubt", ...unknown, event });
        }),
      );
      const sets = new Set(abandoned.map(({ set_id: setId }) => setId));
      await Promise.all([...sets].map((setId) => this.store.end(setId, undefined, 0)));
      more = abandoned.length === settledAtOnce;
    }
    await this.store.endSilent(silentSince);
    const removedBefore = this.#now() - keepDays * 86_400_000;
    while (signal?.aborted !== true && (await this.store.removeOlder(removedBefore)));
  }

  /** What the audit trail has of a step, where it is still kept. */
  async auditOf(eventId: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    return (await this.#log.get(eventId))?.data;
  }

  /** Before the event log and the store are closed: what is left to be noted is noted, or logged. */
  close(): Promise<void> {
    return this.#recorder.close();
  }
}

function abandonedEvent(
  setId: string,
  {
    cluster,
    type,
    dn,
    title,
    actor,
  }: { cluster: string; type: EntryChange["type"]; dn: string; title: string; actor: string },
): NewEvent {
  const reason = "The manager ended before the directory answered: the change may have been made.";
  return {
    ...{ type: "change.failed", severity: "medium", subject: dn === "" ? "(root DSE)" : dn, source: "manager", actor },
    audit: true,
    data: { cluster, change_set: setId, title, kind: type, status: "in_doubt", problem: "in_doubt", reason },
  };
}

function countsOf(results: readonly EntryResult[]): Record<ChangeStatus, number> {
  const counts = { applied: 0, conflict: 0, failed: 0, in_doubt: 0, not_tried: 0 };
  for (const { status } of results) counts[status] += 1;
  return counts;
}
