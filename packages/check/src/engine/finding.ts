/** A finding: what a rule found, with what is known of the rule, and a fingerprint by which it is known again. */
import { hash } from "node:crypto";
import { canonicalJson, type JsonValue, type Severity } from "@espalier/service/plain";
import { ConfigNode } from "../inputs/config-node.ts";
import type { Location } from "../inputs/source-file.ts";
import type { Edit } from "./edit.ts";
import type { Found, Rule } from "./rule.ts";

export interface Finding {
  /** The id of the rule. */
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly subject: string;
  readonly message: string;
  readonly location?: Location;
  readonly path: string;
  readonly fix: string;
  readonly fixability: Rule["fix"];
  readonly edits: readonly Edit[];
  /** The same as long as rule, subject, path and value are; not the line. 32 hexadecimal digits. */
  readonly fingerprint: string;
  /** Set: somebody has taken it on, with a reason. It counts for nothing. */
  readonly suppressed?: {
    readonly reason: string;
    readonly until?: string;
    readonly by: "comment" | "configuration";
    /** Of the comment. */
    readonly location?: Location;
  };
  /** Set: it was taken on until a day that is past. It counts again. */
  readonly ended?: { readonly reason: string; readonly until: string };
  /** Set where a baseline is given: `unchanged` is excused by it. */
  readonly baseline?: "new" | "unchanged";
}

export function findingOf(rule: Rule, found: Found): Finding {
  const { at, subject, message, fix, value } = found;
  const node = at instanceof ConfigNode ? at : undefined;
  const location = at instanceof ConfigNode ? at.location : at;
  const path = found.path ?? node?.pathText ?? "";
  const edits = rule.fix === "none" ? [] : (found.edits ?? []);
  return {
    rule: rule.id,
    title: rule.title,
    severity: found.severity ?? rule.severity,
    subject,
    message,
    ...(location === undefined ? {} : { location }),
    path,
    fix,
    fixability: edits.length === 0 ? "none" : rule.fix,
    edits,
    fingerprint: fingerprint([rule.id, subject, path, value ?? null]),
  };
}

function fingerprint(parts: JsonValue): string {
  return hash("sha256", canonicalJson(parts)).slice(0, 32);
}
