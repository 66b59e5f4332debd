/** Whether entries match a filter, RFC 4511 §4.5.1.7: what an entry's shape decides is decided once a shape. */
import { type CompiledFilter, compileFilter, type Filter, type Schema } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import type { Shape } from "../snapshot/shape.ts";
import { EntryTarget } from "./entry-target.ts";
import { specialize } from "./shape-filter.ts";

export type Matcher = (entry: Entry) => boolean;

/** @param fulfilled a part of the filter that is known to be True for every entry asked about. */
export function matcherFor(filter: Filter, schema: Schema, fulfilled?: Filter): Matcher {
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
