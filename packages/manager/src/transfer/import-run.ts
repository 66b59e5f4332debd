/** An import from its first line to its last: reads the file, checks or applies what is in it, and counts. */
import { normalizeDn, normalizedParent, ParseError, type PartialAttribute, type Schema } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import type { ChangeRun, Changes } from "../changes/change-set.ts";
import type { Cluster } from "../clusters/cluster.ts";
import { noteNumbers } from "../entries/create.ts";
import type { NumberAllocator } from "../entries/number-allocator.ts";
import { DirectoryView } from "../entries/view.ts";
import type { Actor } from "../sessions/session.ts";
import { applyItem, applyItemInTurn, type ImportMode, type ImportTarget } from "./apply-import.ts";
import { type CsvOptions, type CsvSurroundings, csvParts } from "./csv-import.ts";
import { csvRows } from "./csv-rows.ts";
import { DryRun } from "./dry-run.ts";
import { EntryWindow } from "./entry-window.ts";
import type { ImportItem, ImportPart } from "./import-item.ts";
import type { JobError, JobProgress } from "./job.ts";
import { ldifParts } from "./ldif-import.ts";
import type { Outcome } from "./outcome.ts";
import type { Spool } from "./spool.ts";

export interface ImportTask {
  readonly title: string;
  readonly cluster: Cluster;
  readonly actor: Actor;
  readonly mode: ImportMode;
  readonly isDryRun: boolean;
  /** Goes on behind what could not be done. */
  readonly continues: boolean;
  readonly file: Spool;
  readonly csv: CsvOptions | undefined;
}

export interface ImportNeeds {
  readonly changes: Changes;
  readonly numbers: NumberAllocator;
  readonly now: () => number;
}

export interface ImportObserver {
  /** Counted up as the import goes on. */
  readonly progress: JobProgress;
  onError(error: JobError): void;
  /** The change set that it is, for undo. */
  onChangeSet(id: string): void;
}

export interface ImportEnd {
  readonly state: "done" | "failed";
  /** Why it was not gone on with. */
  readonly message?: string;
}

/** At once, so that they share the store's commits; the directory has them one after the other. */
const pipelined = 16;

/**
 * @param signal ends it between two entries: what has been sent is waited for
 * @throws ApiError where nothing could be done, or its reason when `signal` is aborted
 */
export async function runImport(
  task: ImportTask,
  { changes, numbers, now }: ImportNeeds,
  observer: ImportObserver,
  signal: AbortSignal,
): Promise<ImportEnd> {
  const { cluster, actor, mode, isDryRun } = task;
  const identity = actor.session.identity(cluster.name);
  const view = new DirectoryView(cluster, actor);
  const [schema, facts] = await Promise.all([cluster.schema(identity), cluster.facts(identity)]);
  const target: ImportTarget = { cluster, actor, schema, versionAttribute: facts.versionAttribute, mode };
  const parts = partsOf(task, observer.progress, schema, { view, numbers, now, isDryRun });
  if (isDryRun) {
    const isStrict = facts.vendor === "openldap";
    const dryRun = new DryRun(target, { schema, isStrict }, facts.namingContexts);
    return eachItem(task, parts, schema, observer, signal, (item) => dryRun.check(item));
  }
  const highest = new HighestNumbers();
  let run: ChangeRun | undefined;
  try {
    return await eachItem(task, parts, schema, observer, signal, async (item) => {
      if (run === undefined) {
        run = changes.begin(cluster, actor, task.title, { stop: signal });
        observer.onChangeSet(run.id);
      }
      const outcome = await (task.continues ? applyItem : applyItemInTurn)(item, target, run);
      if (outcome.status === "applied") highest.see(item);
      return outcome;
    });
  } finally {
    await run?.end();
    await noteNumbers(view, numbers, [highest]);
  }
}

/** The highest `uidNumber` and `gidNumber` of what was applied: those that are given to new entries go on above them. */
class HighestNumbers {
  readonly #numbers = new Map<string, number>();

  see({ change }: ImportItem): void {
    if (change.type !== "add") return;
    for (const { type, values } of change.attributes) {
      if (!/^[ug]idnumber$/i.test(type)) continue;
      for (const value of values.map((bytes) => Number(new TextDecoder().decode(bytes)))) {
        if (value > (this.#numbers.get(type) ?? 0)) this.#numbers.set(type, value);
      }
    }
  }

  get attributes(): PartialAttribute[] {
    return [...this.#numbers].map(([type, value]) => attribute(type, String(value)));
  }
}

async function eachItem(
  { isDryRun, continues }: ImportTask,
  parts: AsyncIterable<ImportPart>,
  schema: Schema,
  { progress, onError }: ImportObserver,
  signal: AbortSignal,
  work: (item: ImportItem) => Promise<Outcome>,
): Promise<ImportEnd> {
  const goesOn = continues || isDryRun;
  const window = new EntryWindow(pipelined);
  let end: ImportEnd | undefined;
  const note = (line: number, dn: string | undefined, outcome: Extract<Outcome, { readonly message: string }>) => {
    if (outcome.status === "in_doubt") progress.inDoubt += 1;
    else progress.failed += 1;
    onError({ line, dn, code: outcome.code, message: outcome.message });
    if (outcome.endsImport === true) end ??= { state: "failed", message: `Line ${line}: ${outcome.message}` };
    else if (!goesOn) end ??= { state: "failed", message: `It stopped at line ${line}: nothing behind it was tried.` };
  };
  try {
    for await (const part of parts) {
      if (end !== undefined || signal.aborted) break;
      if ("message" in part) {
        // What comes before it is told before it.
        await window.end();
        if (end !== undefined) break;
        progress.read += 1;
        note(part.line, undefined, { status: "failed", code: "invalid_request", message: part.message });
        continue;
      }
      await window.begin(namesOf(part, schema), async () => {
        if (end !== undefined || signal.aborted) return;
        const outcome = await work(part);
        if (outcome.status === "not_tried") return;
        progress.read += 1;
        if ("message" in outcome) note(part.line, part.change.dn, outcome);
        else progress[outcome.status] += 1;
      });
    }
  } finally {
    await window.end();
  }
  signal.throwIfAborted();
  return end ?? { state: "done" };
}

async function* partsOf(
  { file, csv }: ImportTask,
  progress: JobProgress,
  schema: Schema,
  surroundings: CsvSurroundings,
): AsyncGenerator<ImportPart, void, undefined> {
  const onBytes = (bytes: number) => {
    progress.bytes += bytes;
  };
  if (csv !== undefined) yield* csvParts(csvRows(file, onBytes), csv, surroundings);
  else yield* ldifParts(counted(file, onBytes), schema);
}

async function* counted(file: Spool, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of file.read()) {
    yield chunk;
    onBytes(chunk.length);
  }
}

/** What must not be worked on at the same time: the entry, and where a renaming takes it. */
function namesOf({ change }: ImportItem, schema: Schema): string[] {
  const names = [
    change.dn,
    ...(change.type === "modifyDn" && change.newSuperior !== undefined ? [change.newSuperior] : []),
  ];
  try {
    const normalized = names.map((dn) => normalizeDn(dn, schema));
    // A renaming makes a name beside its own: whatever is below the same entry waits for it.
    return change.type === "modifyDn"
      ? normalized.map((name, at) => (at === 0 ? (normalizedParent(name) ?? "") : name))
      : normalized;
  } catch (error) {
    if (error instanceof ParseError) return [];
    throw error;
  }
}
