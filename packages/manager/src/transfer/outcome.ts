/** What became of one piece of an import. */
import type { Problem } from "../api/problem.ts";
import type { EntryResult } from "../changes/change-set.ts";

export type Outcome =
  /** `not_tried`: something before it was not applied, or it was cancelled. */
  | { readonly status: "applied" | "unchanged" | "not_tried" }
  | {
      readonly status: "failed" | "in_doubt";
      readonly code: Problem["code"];
      readonly message: string;
      /** Nothing that follows can be done either. */
      readonly endsImport?: boolean;
    };

export function failed(code: Problem["code"], message: string): Outcome {
  return { status: "failed", code, message };
}

/** Of these it is not the entry that is wrong: the next one would fare no better. */
const endOfAll: ReadonlySet<Problem["code"]> = new Set([
  "unavailable",
  "not_connected",
  "read_only",
  "not_signed_in",
  "internal",
]);

export function problemOutcome(problem: Problem, status: "failed" | "in_doubt" = "failed"): Outcome {
  return { status, code: problem.code, message: sentence(problem), endsImport: endOfAll.has(problem.code) };
}

export function resultOutcome({ status, problem }: EntryResult): Outcome {
  if (status === "applied") return { status: "applied" };
  if (problem === undefined) return failed("internal", "It was not done.");
  return problemOutcome(problem, status === "in_doubt" ? "in_doubt" : "failed");
}

function sentence({ title, ldap }: Problem): string {
  const said = ldap?.diagnosticMessage ?? "";
  return said === "" || title.includes(said) ? title : `${title} (${said})`;
}
