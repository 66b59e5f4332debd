/** What somebody wants done, worked out but not done: its changes, and what they should know before. */
import { ResultCode } from "@espalier/ldap";
import { ApiError, type Problem } from "../api/problem.ts";
import { asApiError } from "../api/problem-of-error.ts";
import { PartialAnswer } from "../api/route.ts";
import type { ChangeRun, Changes, EntryChange, EntryResult } from "../changes/change-set.ts";
import type { Cluster } from "../clusters/cluster.ts";
import type { Action, Actor } from "../sessions/session.ts";

/** A change that follows from others, which the server may make by itself: a reference to an entry that was renamed. */
export interface Consequence {
  readonly planned: EntryChange;
  /** What is still to be done, from the entry as it is now; `undefined` where nothing is. */
  current(): Promise<EntryChange | undefined>;
}

export interface Plan {
  readonly title: string;
  /** In order; after one that fails the rest is not tried, unless `continues`. */
  readonly changes: readonly EntryChange[];
  readonly continues?: boolean;
  /** Done when all changes are, each by itself: one that fails does not stop the others. */
  readonly consequences?: readonly Consequence[];
  /** As in {@link ApplyOptions.requires}. */
  readonly requires?: Action;
  readonly warnings?: readonly string[];
  /** How much of what it touches. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** What became of a change; `done_by_server`: when its turn came there was nothing left to do. */
export type ResultJson = Omit<EntryResult, "status"> & { readonly status: EntryResult["status"] | "done_by_server" };

export interface Outcome {
  readonly outcome: "preview" | "applied" | "partial";
  readonly warnings: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly ldif?: string;
  readonly id?: string;
  readonly node?: string | undefined;
  readonly results?: readonly ResultJson[];
}

export interface PerformOptions {
  readonly changes: Changes;
  readonly cluster: Cluster;
  readonly actor: Actor;
  readonly preview: boolean;
}

/** @throws ApiError as the first change that failed, where nothing at all was done; what was tried is in its details */
export async function perform(
  plan: Plan,
  { changes, cluster, actor, preview }: PerformOptions,
): Promise<Outcome | PartialAnswer<Outcome>> {
  const { title, warnings = [], counts = {}, consequences = [] } = plan;
  const set = { title, changes: [...plan.changes, ...consequences.map(({ planned }) => planned)] };
  const options = plan.requires === undefined ? {} : { requires: plan.requires };
  if (preview) {
    const previewed = await changes.preview(cluster, actor, set, options);
    return { outcome: "preview", ldif: previewed.ldif, warnings: [...warnings, ...previewed.warnings], counts };
  }
  if (set.changes.length === 0) return { outcome: "applied", warnings, counts, results: [] };
  if (consequences.length === 0) {
    const { continues = false } = plan;
    const { id, node, results } = await changes.apply(cluster, actor, set, { ...options, continues });
    return answer({ id, node, results, warnings, counts });
  }
  const run = changes.begin(cluster, actor, title, options);
  try {
    const results = await runPlan(run, plan.changes, consequences);
    return answer({ id: run.id, results, warnings, counts });
  } finally {
    await run.end();
  }
}

async function runPlan(
  run: ChangeRun,
  changes: readonly EntryChange[],
  consequences: readonly Consequence[],
): Promise<ResultJson[]> {
  const results: ResultJson[] = [];
  for (const change of changes) {
    const isStopped = results.some(({ status }) => status !== "applied");
    // The first is the one that can be refused with nothing done: what it throws is the answer.
    if (isStopped) results.push(notTried(change));
    else results.push(results.length === 0 ? await run.apply(change) : await attempt(run, change));
  }
  const isDone = results.every(({ status }) => status === "applied");
  for (const consequence of consequences) {
    results.push(isDone ? await settle(run, consequence) : notTried(consequence.planned));
  }
  return results;
}

/** Between the look and the change the server may have made it itself, as OpenLDAP's refint overlay does in the background. */
const maxLooks = 4;

async function settle(run: ChangeRun, { planned, current }: Consequence): Promise<ResultJson> {
  for (let look = 1; ; look += 1) {
    let change: EntryChange | undefined;
    try {
      change = await current();
    } catch (error) {
      return failed(planned, error);
    }
    if (change === undefined) return { type: planned.type, dn: planned.dn, status: "done_by_server" };
    const result = await attempt(run, change);
    if (look === maxLooks || !isOvertaken(result)) return result;
  }
}

function isOvertaken({ status, problem }: EntryResult): boolean {
  const code = problem?.ldap?.code;
  return status === "conflict" || code === ResultCode.noSuchAttribute || code === ResultCode.attributeOrValueExists;
}

async function attempt(run: ChangeRun, change: EntryChange): Promise<EntryResult> {
  try {
    return await run.apply(change);
  } catch (error) {
    return failed(change, error);
  }
}

function failed({ type, dn }: EntryChange, error: unknown): EntryResult {
  return { type, dn, status: "failed", problem: asApiError(error).toProblem() };
}

function notTried({ type, dn }: EntryChange): EntryResult {
  return { type, dn, status: "not_tried" };
}

interface Done {
  readonly id: string;
  readonly node?: string | undefined;
  readonly results: readonly ResultJson[];
  readonly warnings: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

function answer(done: Done): Outcome | PartialAnswer<Outcome> {
  const isDone = ({ status }: ResultJson) => status === "applied" || status === "done_by_server";
  if (done.results.every(isDone)) return { outcome: "applied", ...done };
  if (done.results.some(isDone)) return new PartialAnswer<Outcome>({ outcome: "partial", ...done });
  const { problem } = done.results.find((result) => result.problem !== undefined) ?? {};
  throw problemError(problem, { id: done.id, results: done.results });
}

/** @param details beside the problem's own */
export function problemError(problem: Problem | undefined, details: Readonly<Record<string, unknown>>): ApiError {
  const { code = "internal", title = "It was not done.", errors, ldap, retryAfter } = problem ?? {};
  return new ApiError(code, title, {
    ...(errors === undefined ? {} : { errors }),
    ...(ldap === undefined ? {} : { ldap }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    details: { ...problem?.details, ...details },
  });
}

/** The same answer with more in it. */
export function extended<Extra extends object>(
  outcome: Outcome | PartialAnswer<Outcome>,
  extra: Extra,
): (Outcome & Extra) | PartialAnswer<Outcome & Extra> {
  return outcome instanceof PartialAnswer ? new PartialAnswer({ ...outcome.body, ...extra }) : { ...outcome, ...extra };
}
