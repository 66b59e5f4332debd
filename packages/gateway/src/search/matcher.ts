/** Whether entries match a filter, RFC 4511 §4.5.1.7: what an entry's shape decides is decided once a shape. */
import { type CompiledFilter, compileFilter, type Filter, type Schema } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import type { Shape } from "../snapshot/shape.ts";
import { EntryTarget } from "./entry-target.ts";
import { type FilterQuestion, isSameQuestion } from "./same-filter.ts";
import { specialize } from "./shape-filter.ts";

export type Matcher = (entry: Entry) => boolean;

export function matcherFor({ filter, fulfilled }: FilterQuestion, schema: Schema): Matcher {
  const target = new EntryTarget();
  const byShape = new Map<Shape, boolean | CompiledFilter>();
  return (entry) => {
    let compiled = byShape.get(entry.shape);
    if (compiled === undefined) {
      const rest = specialize(filter, { shape: entry.shape, schema, fulfilled });
      compiled = typeof rest === "object" ? compileFilter(rest, schema) : rest === true;
      byShape.set(entry.shape, compiled);
    }
    if (typeof compiled === "boolean") return compiled;
    target.entry = entry;
    return compiled(target) === true;
  };
}

const matchesAll: Matcher = () => true;

/** The matchers of the last few questions: a client's program asks the same few, each time about another user. */
export class MatcherCache {
  readonly #schema: Schema;
  /** The one that was asked last comes first. */
  readonly #recent: { readonly question: FilterQuestion; readonly matcher: Matcher }[] = [];

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  get(question: FilterQuestion): Matcher {
    if (question.fulfilled === question.filter) return matchesAll;
    const recent = this.#recent;
    for (let i = 0; i < recent.length; i++) {
      const known = recent[i]!;
      if (!isSameQuestion(known.question, question)) continue;
      if (i > 0) {
        recent.splice(i, 1);
        recent.unshift(known);
      }
      return known.matcher;
    }
    const matcher = matcherFor(question, this.#schema);
    if (itemsOf(question.filter) > maxItems) return matcher;
    if (recent.length >= maxRemembered) recent.pop();
    recent.unshift({ question, matcher });
    return matcher;
  }
}

const maxRemembered = 8;
/** SSSD's filters have seven; a stranger may send thousands, and each would be kept for every shape of entry. */
const maxItems = 32;

function itemsOf(filter: Filter): number {
  switch (filter.type) {
    case "and":
    case "or":
      return filter.filters.reduce((sum, item) => sum + itemsOf(item), 1);
    case "not":
      return 1 + itemsOf(filter.filter);
    default:
      return 1;
  }
}
