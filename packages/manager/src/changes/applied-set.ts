/** A change set while it is applied: noted, sent, and noted again, one change after the other. */
import { randomUUIDv7 } from "node:crypto";
import type { Schema } from "@espalier/ldap";
import type { Logger, NewEvent } from "@espalier/service";
import type { ApiError } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Action, Actor } from "../sessions/session.ts";
import { type AuditContext, auditEvent } from "./audit-event.ts";
import type { ChangeRun, ChangeStatus, EntryChange, EntryResult } from "./change-set.ts";
import { type ChangeStore, type NewChangeSet, storable } from "./change-store.ts";
import { checkForm, intentOf, requireFor } from "./check-change.ts";
import type { OutcomeRecorder } from "./outcome-recorder.ts";
import type { Seal } from "./seal.ts";
import { type Sent, sendChange } from "./send-change.ts";
import { encodeUndoData, undoDataOf } from "./undo-data.ts";

export interface AppliedSetNeeds {
  readonly changes: ChangeStore;
  readonly recorder: OutcomeRecorder;
  readonly seal: Seal;
  readonly logger: Logger;
  readonly onSettled: (type: EntryChange["type"], status: ChangeStatus, seconds: number) => void;
  /** For what is refused before it is noted. */
  readonly onDenied: (event: NewEvent) => void;
}

export interface AppliedSetOptions {
  readonly requires?: Action | undefined;
  readonly undoOf?: string | undefined;
  readonly stop?: AbortSignal | undefined;
}

/** Changes of one turn, noted. */
interface Turn {
  readonly numbered: readonly { readonly change: EntryChange; readonly number: number }[];
  readonly schema: Schema;
}

/** Noted together before the first of them is sent: one commit, and no more that may have been sent if this process is killed. */
const notedAtOnce = 50;
const maxTitleLength = 200;

export class AppliedSet implements ChangeRun {
  readonly id = randomUUIDv7();
  node: string | undefined;
  readonly #needs: AppliedSetNeeds;
  readonly #cluster: Cluster;
  readonly #actor: Actor;
  readonly #options: AppliedSetOptions;
  readonly #set: NewChangeSet;
  readonly #context: AuditContext;
  #count = 0;
  /** Changes are sent one after the other, in the order of asking. */
  #line: Promise<unknown> = Promise.resolve();
  /** Those that are waited for are numbered in the order of asking, too. */
  #arrivals: Promise<unknown> = Promise.resolve();
  /** Of {@link applyInTurn}: one was not applied. */
  #hasStopped = false;
  #notedUpTo = 0;
  /** Of {@link applyAll}: more than were noted. */
  #notTriedUnnoted = 0;

  constructor(needs: AppliedSetNeeds, cluster: Cluster, actor: Actor, title: string, options: AppliedSetOptions = {}) {
    const { session, address, requestId } = actor;
    this.#needs = needs;
    this.#cluster = cluster;
    this.#actor = actor;
    this.#options = options;
    const shown = storable(title).slice(0, maxTitleLength) || "Changes";
    this.#set = {
      ...{ id: this.id, cluster: cluster.name, title: shown, actor: storable(session.name), address },
      ...{ request_id: requestId, undo_of: options.undoOf ?? null },
    };
    this.#context = { cluster: cluster.name, changeSet: this.id, title: shown, actor };
  }

  /** Checked as a whole before anything is sent. @throws ApiError where nothing was tried */
  async applyAll(changes: readonly EntryChange[], continues: boolean): Promise<EntryResult[]> {
    for (const change of changes) this.#check(change);
    const schema = await this.#schema();
    const results: (EntryResult | Promise<EntryResult>)[] = [];
    let isOver = false;
    for (let start = 0; start < changes.length; start += notedAtOnce) {
      const chunk = changes.slice(start, start + notedAtOnce);
      const numbers = chunk.map(() => this.#nextNumber());
      const notNoted = isOver ? undefined : await this.#note(chunk, numbers, schema);
      if (notNoted !== undefined && start === 0) throw notNoted;
      for (const [index, change] of chunk.entries()) {
        const number = numbers[index] ?? 0;
        if (isOver || notNoted !== undefined || this.#actor.signal.aborted) {
          isOver = true;
          const isOpen = notNoted === undefined && this.#notedUpTo >= number;
          results.push(this.#notTried(number, change, isOpen, notNoted));
          continue;
        }
        const sent = await this.#send(change);
        // Noted while the next one is on its way.
        results.push(this.#settle(number, sent, schema));
        const isAway = sent.status === "failed" && sent.problem?.code === "unavailable";
        if (sent.status !== "applied" && (!continues || isAway)) isOver = true;
      }
    }
    return Promise.all(results);
  }

  async apply(change: EntryChange): Promise<EntryResult> {
    this.#check(change);
    // Until here nothing is waited for: whoever asks first has the lower number, and is sent first.
    const number = this.#nextNumber();
    const noting = this.#noteOne(number, change);
    const sending = this.#line.then(async () => {
      const schema = await noting;
      return { schema, sent: await this.#send(change) };
    });
    this.#line = sending.catch(() => undefined);
    noting.catch(() => undefined);
    const { schema, sent } = await sending;
    return this.#settle(number, sent, schema);
  }

  async applyInTurn(coming: Promise<readonly EntryChange[]>): Promise<readonly EntryResult[] | undefined> {
    // It may be known that it fails before it is its turn.
    coming.catch(() => undefined);
    const arriving = this.#arrivals.then(async () => {
      const changes = await coming;
      if (this.#hasStopped) return [];
      for (const change of changes) this.#check(change);
      return changes.map((change) => ({ change, number: this.#nextNumber() }));
    });
    // One that fails stops the run, so that those behind it are neither checked nor noted.
    this.#arrivals = arriving;
    const noting = arriving.then((numbered) => this.#noteTurn(numbered));
    noting.catch(() => undefined);
    const sending = this.#line.then(() => this.#takeTurn(noting));
    this.#line = sending.catch(() => undefined);
    const turn = await sending;
    return turn && Promise.all(turn.settling);
  }

  /** @throws ApiError */
  async #noteTurn(numbered: Turn["numbered"]): Promise<Turn> {
    const schema = await this.#schema();
    const [changes, numbers] = [numbered.map(({ change }) => change), numbered.map(({ number }) => number)];
    const failure = changes.length === 0 ? undefined : await this.#note(changes, numbers, schema);
    if (failure !== undefined) throw failure;
    return { numbered, schema };
  }

  /** The outcomes are noted while the next turn is taken. */
  async #takeTurn(noting: Promise<Turn>): Promise<{ readonly settling: readonly Promise<EntryResult>[] } | undefined> {
    try {
      const { numbered, schema } = await noting;
      if (this.#hasStopped || this.#options.stop?.aborted) {
        await Promise.all(numbered.map(({ number, change }) => this.#notTried(number, change, true, undefined)));
        return undefined;
      }
      const settling: Promise<EntryResult>[] = [];
      for (const { number, change } of numbered) {
        if (this.#hasStopped) {
          settling.push(this.#notTried(number, change, true, undefined));
          continue;
        }
        const sent = await this.#send(change);
        this.#hasStopped = sent.status !== "applied";
        settling.push(this.#settle(number, sent, schema));
      }
      return { settling };
    } catch (error) {
      if (this.#hasStopped) return undefined;
      this.#hasStopped = true;
      throw error;
    }
  }

  /** @throws ApiError */
  async #noteOne(number: number, change: EntryChange): Promise<Schema> {
    const schema = await this.#schema();
    const failure = await this.#note([change], [number], schema);
    if (failure !== undefined) throw failure;
    return schema;
  }

  #schema(): Promise<Schema> {
    return this.#cluster.schema(this.#actor.session.identity(this.#cluster.name));
  }

  /** @param undone the set of which every change is undone by this one */
  async end(undone?: string): Promise<void> {
    await this.#line;
    if (this.#notedUpTo === 0) return;
    // A set that is not ended by this is ended by being silent.
    await this.#needs.changes.end(this.id, undone, this.#notTriedUnnoted).catch(() => undefined);
  }

  #nextNumber(): number {
    this.#count += 1;
    return this.#count;
  }

  #check(change: EntryChange): void {
    checkForm(change);
    try {
      requireFor(this.#actor.session, this.#cluster.name, change, this.#options.requires);
    } catch (error) {
      const problem = asApiError(error).toProblem();
      this.#needs.onDenied(
        auditEvent(this.#context, { status: "failed", problem, node: undefined, change }, undefined),
      );
      throw error;
    }
  }

  async #note(
    changes: readonly EntryChange[],
    numbers: readonly number[],
    schema: Schema,
  ): Promise<ApiError | undefined> {
    try {
      const intents = changes.map((change, index) => intentOf(numbers[index] ?? 0, change, schema));
      await this.#needs.changes.intend(this.#set, intents);
      this.#notedUpTo = Math.max(this.#notedUpTo, ...numbers);
      return undefined;
    } catch (error) {
      return asApiError(error);
    }
  }

  async #send(change: EntryChange): Promise<Sent> {
    const started = performance.now();
    const sent = await sendChange(this.#cluster, () => this.#actor.session.identity(this.#cluster.name), change);
    this.#needs.onSettled(change.type, sent.status, (performance.now() - started) / 1_000);
    this.node = sent.node ?? this.node;
    return sent;
  }

  async #settle(number: number, sent: Sent, schema: Schema): Promise<EntryResult> {
    const { change, status, problem, node, after, generatedPassword } = sent;
    const version = after?.version;
    const isRecorded = await this.#needs.recorder.record({
      ...{ setId: this.id, number, status, node, version },
      undo: status === "applied" ? this.#sealed(number, sent, schema) : undefined,
      event: auditEvent(this.#context, sent, schema),
    });
    return {
      ...{ type: change.type, dn: change.dn, status },
      ...(problem === undefined ? {} : { problem }),
      ...(version === undefined ? {} : { version }),
      ...(generatedPassword === undefined ? {} : { generatedPassword }),
      ...(isRecorded ? {} : { unrecorded: true as const }),
    };
  }

  /** The change was made: that it cannot be undone must not hide that. */
  #sealed(number: number, sent: Sent, schema: Schema): Uint8Array | undefined {
    try {
      return this.#needs.seal.seal(encodeUndoData(undoDataOf(sent, schema)), undoContext(this.id, number));
    } catch (error) {
      const { dn } = sent.change;
      this.#needs.logger.error("a change cannot be undone", { change_set: this.id, number, dn, error });
      return undefined;
    }
  }

  async #notTried(
    number: number,
    { type, dn }: EntryChange,
    isOpen: boolean,
    reason: ApiError | undefined,
  ): Promise<EntryResult> {
    if (isOpen) {
      const nothing = { node: undefined, version: undefined, undo: undefined, event: undefined };
      await this.#needs.recorder.record({ setId: this.id, number, status: "not_tried", ...nothing });
    } else {
      this.#notTriedUnnoted += 1;
    }
    return { type, dn, status: "not_tried", ...(reason === undefined ? {} : { problem: reason.toProblem() }) };
  }
}

/** What a sealed undo belongs to. */
export function undoContext(setId: string, number: number): string {
  return `change-undo:${setId}:${number}`;
}
