/** A rule: what it reads, what it looks for, why that is wrong, and how it is put right. */
import type { JsonValue, Severity } from "@espalier/service";
import type { ConfigNode } from "../inputs/config-node.ts";
import type { DocumentKind } from "../inputs/documents.ts";
import type { Location } from "../inputs/source-file.ts";
import type { Edit } from "./edit.ts";
import type { Project } from "./project.ts";

/** How much is asked for: a machine to try things out on, one that people depend on, one that strangers attack. */
export const profiles = ["lab", "production", "strict"] as const;
export type Profile = (typeof profiles)[number];
export const defaultProfile: Profile = "production";

export interface Rule {
  /** Three letters and three digits; never given to another rule. */
  readonly id: string;
  /** What is wrong where it finds something, without a full stop: `certificate expires soon`. */
  readonly title: string;
  /** The most severe that its findings are; each may be less. */
  readonly severity: Severity;
  /** The least demanding profile in which it is asked. */
  readonly profile: Profile;
  /** What it looks at. A rule is not run where none of these is there. */
  readonly reads: readonly DocumentKind[];
  /**
   * `safe`: its edits change nothing that a working system does; `unsafe`: they may, so they are made only when asked for;
   * `none`: it takes a person.
   */
  readonly fix: "safe" | "unsafe" | "none";
  /** For `--explain`: why it matters and what to do, in paragraphs of Markdown. */
  readonly explanation: string;
  /** Where that is written: standards and manuals. */
  readonly references: readonly string[];
  find(project: Project, context: RuleContext): Iterable<Found>;
}

export interface RuleContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly profile: Profile;
}

/** One thing that a rule has found. Nothing in it holds a secret. */
export interface Found {
  /** The service, node, file or endpoint that it is about: what the report groups by. */
  readonly subject: string;
  /** A sentence without a full stop, about this one: `ldap1 has no memory limit`. */
  readonly message: string;
  /** Where it is written; undefined for what was observed on a running system. */
  readonly at?: ConfigNode | Location;
  /** Logical, without line numbers: `services.ldap.healthcheck`; the path of `at`, unless told. */
  readonly path?: string;
  /** What is there now: when it changes, a baseline no longer excuses it. Left out where it is secret. */
  readonly value?: JsonValue;
  /** The severity of the rule, unless told. */
  readonly severity?: Severity;
  /** What to write or do, to paste where that is possible. Several lines are lines of the file. */
  readonly fix: string;
  /** None where it takes a person. All of one finding are made together or not at all. */
  readonly edits?: readonly Edit[];
}

const ids = /^[A-Z]{3}\d{3}$/;

/** @throws {TypeError} for an id of another form: suppressions and baselines are kept by it. */
export function defineRule(rule: Rule): Rule {
  if (!ids.test(rule.id)) throw new TypeError(`${rule.id} is not an id such as TLS003`);
  return rule;
}
