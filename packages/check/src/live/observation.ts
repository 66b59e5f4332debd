/** What was seen on a running system: documents for the rules, and what could not be looked at. */
import type { Project, Unreadable } from "../engine/project.ts";
import type { DocumentKind, Documents } from "../inputs/documents.ts";

export type ObservedKind =
  | "endpoint"
  | "node"
  | "replication"
  | "storage"
  | "queue"
  | "clock"
  | "host"
  | "backupReceipts";

export type ObservedDocuments = { readonly [Kind in ObservedKind]: readonly Documents[Kind][] };

/** Something of which nothing new is known: what was found there before is not over. */
export interface Unseen {
  readonly kind: DocumentKind;
  /** All the names that findings may give it; empty for everything of its kind. */
  readonly subjects: readonly string[];
}

export interface Observation {
  readonly documents: ObservedDocuments;
  readonly unseen: readonly Unseen[];
  /** What no rule tells of: a report in which it is missing would look clean. */
  readonly unreadable: readonly Unreadable[];
}

/** The files of a project together with what was observed. */
export function withObservation(project: Project, { documents, unreadable }: Observation): Project {
  return project.with({ documents, unreadable });
}
