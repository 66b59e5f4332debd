/** What a form changed: entries as the API shows them, in which secrets are hidden and stay as they are. */
import type { Change, Schema } from "@espalier/ldap";
import { ApiError } from "../api/problem.ts";
import { type Attributes, type Value, valueBytes } from "../api/value.ts";
import { AttributeMatching } from "./attribute-matching.ts";
import { diffPair } from "./diff.ts";

/**
 * An attribute that only `read` has is to be removed; one in neither stays as it is. A hidden value stays where both have it;
 * where all are gone from `wanted` the attribute is removed, or replaced by the values that are in their place.
 *
 * @throws ApiError `invalid_request` where it cannot be told which hidden value is meant
 */
export function formChanges(read: Attributes, wanted: Attributes, schema: Schema): Change[] {
  const matching = new AttributeMatching(schema);
  const before = valuesByKey(read, matching);
  const after = valuesByKey(wanted, matching);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const was = before.get(key);
    const is = after.get(key);
    const description = was?.description ?? is?.description ?? key;
    const [hiddenBefore, hiddenAfter] = [hiddenCount(was?.values), hiddenCount(is?.values)];
    const known = (values: readonly Value[] = []) =>
      values.filter((value) => !isHidden(value)).map((value) => valueBytes(description, value));
    if (hiddenBefore === hiddenAfter) {
      return diffPair({ key, description, read: known(was?.values), wanted: known(is?.values) }, matching);
    }
    if (hiddenAfter > 0) {
      throw new ApiError(
        "invalid_request",
        `Values of ${description} are hidden, so one of them cannot be added or removed: leave them all, or remove them all.`,
      );
    }
    const values = known(is?.values);
    const operation = values.length === 0 ? "delete" : "replace";
    return [{ operation, modification: { type: description, values } }] satisfies Change[];
  });
}

interface Described {
  readonly description: string;
  readonly values: Value[];
}

export function valuesByKey(attributes: Attributes, matching: AttributeMatching): Map<string, Described> {
  const found = new Map<string, Described>();
  for (const [description, values] of Object.entries(attributes)) {
    const key = matching.key(description);
    const described = found.get(key) ?? { description, values: [] };
    found.set(key, described);
    described.values.push(...values);
  }
  return found;
}

function hiddenCount(values: readonly Value[] = []): number {
  return values.filter(isHidden).length;
}

function isHidden(value: Value): boolean {
  return typeof value === "object" && "hidden" in value;
}
