/** zod's issues as sentences that complete "gateway.sql.uri …" and say what to do. */
import type { z } from "zod";
import { formatPath } from "./path.ts";
import { nearestWord } from "./suggestion.ts";

type Issue = z.core.$ZodRawIssue;

export interface IssueContext {
  /** The value must not be repeated. */
  readonly isSecret: boolean;
  /** Where the key can be set: `LDAP_BASE_DN or in espalier.yaml`. */
  readonly whereToSet: string;
}

/** `undefined` when zod's own message is better: that of a `refine`, written for this very key. */
export function issueSentence(issue: Issue, context: IssueContext): string | undefined {
  if (issue.input === undefined && issue.code !== "custom") return `is missing: set it with ${context.whereToSet}`;
  const shown = context.isSecret ? "" : shownValue(issue.input);
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "string" && (typeof issue.input === "number" || typeof issue.input === "boolean")
        ? "must be text: put the value in quotes"
        : `must be ${typeNames[issue.expected] ?? issue.expected}${shown}`;
    case "invalid_value": {
      const values = issue.values.map(String);
      const nearest = typeof issue.input === "string" ? nearestWord(issue.input, values) : undefined;
      const question = nearest === undefined || context.isSecret ? "" : `; did you mean ${nearest}?`;
      return `must be ${formatAlternatives(values)}${shown}${question}`;
    }
    case "too_small":
      return `must ${sizePhrase(issue.origin, "at least", issue.minimum)}${shown}`;
    case "too_big":
      return `must ${sizePhrase(issue.origin, "at most", issue.maximum)}${shown}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}${shown}`;
    case "invalid_format":
      return issue.format === "regex"
        ? `does not have the right form${shown}`
        : `must be a valid ${issue.format}${shown}`;
    case "invalid_union":
      return unionSentence(issue, context) ?? `has no form that is known here${shown}`;
    default:
      return undefined;
  }
}

/** What each alternative says of the value, those that fail at the value itself; a failure further in says which form was meant. */
function unionSentence(issue: Extract<Issue, { code: "invalid_union" }>, context: IssueContext): string | undefined {
  if ("options" in issue && Array.isArray(issue.options))
    return `must be ${formatAlternatives(issue.options.map(String))}`;
  const branches = issue.errors.map(([first]) => first).filter((first) => first !== undefined);
  const further = branches.filter(({ path }) => path.length > 0);
  const [deepest] = further;
  if (deepest !== undefined && further.length === 1) return `${formatPath(deepest.path)} ${deepest.message}`;
  const sentences = branches.map(
    (branch) =>
      issueSentence({ ...branch, input: issue.input } as Issue, { ...context, isSecret: true }) ?? branch.message,
  );
  return sentences.length === 0 ? undefined : [...new Set(sentences)].join(", or ");
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a group of keys",
  record: "a group of keys",
  array: "a list",
};

function sizePhrase(origin: string, bound: string, size: number | bigint): string {
  const unit = size === 1 || size === 1n ? "" : "s";
  if (origin === "string") return `have ${bound} ${size} character${unit}`;
  if (origin === "array" || origin === "set") return `have ${bound} ${size} item${unit}`;
  return `be ${bound} ${size}`;
}

function formatAlternatives(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** `, not "abc"`; nothing for what is long, is no scalar, or could be a URL with a password in it. */
function shownValue(value: unknown): string {
  if (typeof value === "object" || typeof value === "undefined") return "";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 || /:\/\/.*@/.test(text) ? "" : `, not ${text}`;
}
