/**
 * What of a filter is decided by an entry's shape alone. `(&(objectClass=posixAccount)(uid=*)(uidNumber=*))` over ten
 * thousand users of one shape is decided once, and not ten thousand times.
 */
import { compileFilter, type Filter, type FilterTarget, type Schema } from "@espalier/ldap";
import type { Shape } from "../snapshot/shape.ts";

/** The filter for entries of one shape: decided (`undefined` is RFC 4511's Undefined), or what is left to evaluate. */
export type Specialized = boolean | undefined | Filter;

export interface SpecializeFor {
  readonly shape: Shape;
  readonly schema: Schema;
  /** A part of the filter that is known to be True. */
  readonly fulfilled: Filter | undefined;
}

export function specialize(filter: Filter, known: SpecializeFor): Specialized {
  if (filter === known.fulfilled) return true;
  switch (filter.type) {
    case "and":
      return connect("and", filter.filters, known);
    case "or":
      return connect("or", filter.filters, known);
    case "not": {
      const inner = specialize(filter.filter, known);
      if (inner === undefined) return undefined;
      return typeof inner === "boolean" ? !inner : { type: "not", filter: inner };
    }
    case "extensibleMatch":
      return filter;
    case "present":
      return isPresent(filter.attribute, known);
    default:
      if (dependsOnValues(filter.attribute, known)) return filter;
      return compileFilter(filter, known.schema)(shapeTarget(known.shape));
  }
}

/** RFC 4511 §4.5.1.7: one False decides `and`, one True decides `or`; else an Undefined among decided parts stays. */
function connect(type: "and" | "or", filters: readonly Filter[], known: SpecializeFor): Specialized {
  const deciding = type === "or";
  const rest: Filter[] = [];
  let anyUndefined = false;
  for (const filter of filters) {
    const part = specialize(filter, known);
    if (part === deciding) return deciding;
    if (part === undefined) anyUndefined = true;
    else if (typeof part === "object") rest.push(part);
  }
  if (rest.length === 0) return anyUndefined ? undefined : !deciding;
  if (anyUndefined) rest.push(undefinedFilter);
  return rest.length === 1 ? rest[0] : { type, filters: rest };
}

/** An item that evaluates to Undefined for every entry: presence of an attribute that no schema has. */
const undefinedFilter: Filter = { type: "present", attribute: "1.1" };

function isPresent(description: string, { shape, schema }: SpecializeFor): boolean | undefined {
  const resolved = schema.resolve(description);
  if (!resolved) return undefined;
  return (
    resolved.options.length === 0 && schema.subtypes(resolved.attribute).some(({ key }) => shape.positions.has(key))
  );
}

/** Whether the entry's values matter: it holds the attribute or a subtype, and that is not the object class. */
function dependsOnValues(description: string, { shape, schema }: SpecializeFor): boolean {
  const attribute = schema.resolve(description)?.attribute;
  if (!attribute || attribute.key === "objectclass") return false;
  return schema.subtypes(attribute).some(({ key }) => shape.positions.has(key));
}

/** An entry of which only the object classes are known, and that it has none of the attributes asked about. */
function shapeTarget(shape: Shape): FilterTarget {
  const classes = shape.objectClasses.map((name) => Buffer.from(name));
  return { dn: "", values: (key) => (key === "objectclass" ? classes : []) };
}
