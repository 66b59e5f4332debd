/** Whether entries match a filter: compiled once, and over many entries once a shape. RFC 4511 §4.5.1.7. */
import { compileFilter, type Filter, type Schema } from "@espalier/ldap";
import type { Entry } from "../snapshot/entry.ts";
import type { Shape } from "../snapshot/shape.ts";
import { EntryTarget } from "./entry-target.ts";
import { specialize } from "./shape-filter.ts";

export type Matcher = (entry: Entry) => boolean;

type Compiled = boolean | ReturnType<typeof compileFilter>;

/** For a few entries. */
export function matcherFor(filter: Filter, schema: Schema): Matcher {
  const compiled = compileFilter(filter, schema);
  const target = new EntryTarget();
  return (entry) => {
    target.entry = entry;
    return compiled(target) === true;
  };
}

/** For many entries of few shapes: what a shape decides is not evaluated again. */
export function scanningMatcherFor(filter: Filter, schema: Schema): Matcher {
  const byShape = new Map<Shape, Compiled>();
  const target = new EntryTarget();
  return (entry) => {
    let compiled = byShape.get(entry.shape);
    if (compiled === undefined) {
      const rest = specialize(filter, entry.shape, schema);
      compiled = typeof rest === "object" ? compileFilter(rest, schema) : rest === true;
      byShape.set(entry.shape, compiled);
    }
    if (typeof compiled === "boolean") return compiled;
    target.entry = entry;
    return compiled(target) === true;
  };
}
