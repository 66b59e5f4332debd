/**
 * Work that goes on after the request that asked for it.
 *
 *     queued → running → done | failed | cancelled | interrupted
 *        └────────────────────→ cancelled | interrupted
 */
import type { Problem } from "../api/problem.ts";
import type { ImportMode } from "./apply-import.ts";

export const jobStates = ["queued", "running", "done", "failed", "cancelled", "interrupted"] as const;
type JobState = (typeof jobStates)[number];

export interface JobProgress {
  /** Entries and changes of the file that have been looked at. */
  read: number;
  /** Of a dry run: those that could be applied. */
  applied: number;
  /** There already, with the same values. */
  unchanged: number;
  failed: number;
  /** The connection was lost while the directory had them: they may have been applied. */
  inDoubt: number;
  /** Of the file. */
  bytes: number;
  readonly totalBytes: number;
}

export interface JobError {
  readonly line: number;
  readonly dn: string | undefined;
  readonly code: Problem["code"];
  readonly message: string;
}

export interface JobOptions {
  readonly format: "ldif" | "csv";
  readonly mode: ImportMode;
  readonly dryRun: boolean;
  readonly continues: boolean;
}

export interface Job {
  readonly id: string;
  readonly cluster: string;
  readonly person: string;
  readonly title: string;
  readonly options: JobOptions;
  readonly progress: JobProgress;
  state: JobState;
  changeSet: string | undefined;
  message: string | undefined;
  errorCount: number;
  readonly createdAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
}

export function isActive({ state }: Pick<Job, "state">): boolean {
  return state === "queued" || state === "running";
}

/** How many errors of a job are kept. */
export const maxErrors = 1_000;
