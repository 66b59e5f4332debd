/**
 * What of a filter is decided by an entry's shape alone. `(&(objectClass=posixAccount)(uid=*)(uidNumber=*))` over ten
 * thousand users of one shape is decided once, and not ten thousand times.
 */
import { compileFilter, type Filter, type Schema } from "@espalier/ldap";
import type { Shape } from "../snapshot/shape.ts";

/** The filter for entries of one shape: decided (`undefined` is RFC 4511's Undefined), or what is left to evaluate. */
export type Specialized = boolean | undefined | Filter;

export function specialize(filter: Filter, shape: Shape, schema: Schema): Specialized {
  switch (filter.type) {
    case "and":
      return connect("and", filter.filters, shape, schema);
    case "or":
      return connect("or", filter.filters, shape, schema);
    case "not": {
      const inner = specialize(filter.filter, shape, schema);
      if (inner === undefined) return undefined;
      return typeof inner === "boolean" ? !inner : { type: "not", filter: inner };
    }
    case "extensibleMatch":
      return filter;
    default:
      return dependsOnValues(filter.type, filter.attribute, shape, schema)
        ? filter
        : compileFilter(filter, schema)(shapeTarget(shape));
  }
}

/** RFC 4511 §4.5.1.7: one False decides `and`, one True decides `or`; else an Undefined among decided parts stays. */
function connect(type: "and" | "or", filters: readonly Filter[], shape: Shape, schema: Schema): Specialized {
  const deciding = type === "or";
  const rest: Filter[] = [];
  let anyUndefined = false;
  for (const filter of filters) {
    const part = specialize(filter, shape, schema);
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

function dependsOnValues(item: Filter["type"], attribute: string, shape: Shape, schema: Schema): boolean {
  if (item === "present") return false;
  const type = schema.resolve(attribute)?.attribute;
  if (!type) return false;
  return schema
    .subtypes(type)
    .some(({ key }) => key !== "objectclass" && shape.positions.has(key));
}

/** An entry of which only the shape is known: its classes, and one empty value for whatever else it holds. */
function shapeTarget(shape: Shape) {
  const classes = shape.objectClasses.map((name) => Buffer.from(name));
  return {
    dn: "",
    values: (key: string) => (key === "objectclass" ? classes : shape.positions.has(key) ? [emptyValue] : []),
  };
}

const emptyValue = new Uint8Array(0);
