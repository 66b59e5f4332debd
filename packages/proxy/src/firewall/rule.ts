/** The firewall's rules and what they are asked about. */
import type { Frame } from "../frame/frame.ts";
import type { OperationName } from "../observe/operation-name.ts";
import type { ClientFacts } from "../observe/operation-record.ts";

/**
 * An operation, or a group of them. `read`: search and compare. `write`: add, modify, delete, modifyDn, and every extended
 * operation but those known to change nothing. `any`: all. Unbind and abandon have no answer and are never refused.
 */
export type RuleOperation = Exclude<OperationName, "unbind" | "abandon"> | "read" | "write" | "any";

/**
 * When a rule, or its exception, applies: every condition that is given holds, and within a list any one does.
 *
 * A condition about things of which a request can have several, or that cannot be told for sure, counts against the client: in
 * `deny`, and in the exception of an `allow`, it holds as soon as one of them fits or may fit; in `allow`, and in the
 * exception of a `deny`, only where all do. What a request does not have (the filter of a delete) does not fit.
 */
export interface RuleCondition {
  /** Networks the client comes from: `10.0.5.0/24`, `2001:db8::/32`, `192.0.2.7`. */
  readonly from?: readonly string[];
  /** Whether the client's connection is encrypted. */
  readonly tls?: boolean;
  /** Listeners, as they are configured. */
  readonly listeners?: readonly string[];
  /** DNs the client is bound as, each with everything below it; "" is anonymous, and that alone. */
  readonly boundAs?: readonly string[];
  /**
   * DNs, each with everything below it. The entries of a request: its own, for a modifyDn also the new name. In `deny` also
   * those that it reaches below its own: a search from the suffix reaches everything, and a modifyDn moves a subtree.
   */
  readonly base?: readonly string[];
  readonly scope?: readonly ("base" | "one" | "sub")[];
  /** Shapes of filters: see `frame/filter-shape.ts`. Several: the filter itself, and the filters in it. */
  readonly filter?: readonly string[];
  /**
   * Attribute types, without options, with their subtypes. Those of a request: asked for, filtered on, compared, added,
   * modified, or in a new RDN. A search for all attributes (`*`, or none named) asks for each.
   */
  readonly attributes?: readonly string[];
  /** Of an extended operation, and of the controls of any request. */
  readonly oids?: readonly string[];
}

export type FirewallRule = RuleCondition & {
  /** What the log and the metrics call it; its place in the list (`rule 3`) unless told. */
  readonly name?: string;
  readonly unless?: RuleCondition;
} & (
    | { readonly deny: readonly RuleOperation[]; readonly allow?: never }
    | { readonly allow: readonly RuleOperation[]; readonly deny?: never }
  );

export interface FirewallOptions {
  /** In order: the first that applies decides; where none does, the operation is allowed. */
  readonly rules: readonly FirewallRule[];
  /** Refuses every `write`, before any rule. */
  readonly readOnly: boolean;
  /** Refuses everything in clear text but StartTLS and reading the root DSE, before any rule. */
  readonly requireConfidentiality: boolean;
}

/** What is decided about. */
export interface FirewallRequest {
  readonly client: ClientFacts;
  readonly frame: Frame;
  /** Who the client is; "" is anonymous. */
  readonly boundAs: string;
}

export type FirewallDecision =
  | { readonly allow: true }
  | {
      readonly allow: false;
      readonly resultCode: number;
      /** The diagnostic message for the client. */
      readonly text: string;
      /** The name of the rule: for the log, and not for the client. */
      readonly rule: string;
    };
