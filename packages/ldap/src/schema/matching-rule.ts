/** What a matching rule does, RFC 4512 §4.1.3 and RFC 4517 §4: turns values into keys that compare by plain string operators. */

interface RuleIdentity {
  readonly oid: string;
  /** The RFC's name, for example `caseIgnoreMatch`. */
  readonly name: string;
  /** OID of the assertion syntax. */
  readonly syntax: string;
}

/** Two values match when their keys are equal. A key of `undefined` is a value that is not of the syntax: Undefined. */
export interface EqualityRule extends RuleIdentity {
  readonly kind: "equality";
  /** The key of an attribute value. */
  normalize(value: Uint8Array): string | undefined;
  /** The key of an assertion value; differs from `normalize` in the first-component rules and for unknown OID names. */
  normalizeAssertion(value: Uint8Array): string | undefined;
  /**
   * What the key of printable ASCII without spaces at the ends or side by side is, where the rule is that simple: the
   * value as it is, or in lower case.
   */
  readonly plainKey?: "asIs" | "lowerCase";
  /**
   * The same answer as `normalize(value) === key`, where there is a way that builds no string. `key` comes from
   * `normalizeAssertion`.
   */
  matcher?(key: string): (value: Uint8Array) => boolean;
}

/** Keys compare with `<`, `===` and `>` of strings in the order of the rule. */
export interface OrderingRule extends RuleIdentity {
  readonly kind: "ordering";
  normalize(value: Uint8Array): string | undefined;
}

export type SubstringPosition = "initial" | "any" | "final";

/** A value matches when its key starts with, then contains in order and without overlap, then ends with the pieces' keys. */
export interface SubstringsRule extends RuleIdentity {
  readonly kind: "substrings";
  normalize(value: Uint8Array): string | undefined;
  normalizeSubstring(piece: Uint8Array, position: SubstringPosition): string | undefined;
}

/** A rule that no key expresses, for example the bit rules; only an extensible match names it. */
export interface PredicateRule extends RuleIdentity {
  readonly kind: "predicate";
  /** Undefined when the assertion is not of the rule's syntax. */
  compile(assertion: Uint8Array): ((value: Uint8Array) => boolean) | undefined;
}

export type MatchingRule = EqualityRule | OrderingRule | SubstringsRule | PredicateRule;
