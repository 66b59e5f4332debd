/** The matching rules that this library performs, by OID and name. RFC 4517 §4.2, RFC 4530 §2. */
import type { MatchingRule } from "./matching-rule.ts";
import { identifierRules } from "./rules/identifier-rules.ts";
import { nameRules } from "./rules/name-rules.ts";
import { numberRules } from "./rules/number-rules.ts";
import { octetRules } from "./rules/octet-rules.ts";
import { stringRules } from "./rules/string-rules.ts";
import { timeRules } from "./rules/time-rules.ts";
import type { Schema } from "./schema.ts";

/** Keys are OIDs and lower-case names. Rules over OIDs and DNs look names up in `schema`. */
export function matchingRulesFor(schema: Schema): ReadonlyMap<string, MatchingRule> {
  const rules = new Map<string, MatchingRule>();
  for (const rule of [
    ...stringRules,
    ...numberRules,
    ...octetRules,
    ...timeRules,
    ...identifierRules(schema),
    ...nameRules(schema),
  ]) {
    rules.set(rule.oid, rule);
    rules.set(rule.name.toLowerCase(), rule);
  }
  return rules;
}
