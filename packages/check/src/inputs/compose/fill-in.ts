/** Fills `${NAME}` in below a node, gives texts the types that compose gives them, and keeps which variables each value has. */
import type { ConfigNode, Scalar } from "../config-node.ts";
import { type Interpolated, InterpolationError, interpolate, type Lookup, type Reference } from "../interpolation.ts";
import { InputError } from "../source-file.ts";
import { castAt } from "./cast.ts";
import { types } from "./schema.ts";

/** By the node that they are part of. */
export type References = WeakMap<ConfigNode, readonly Reference[]>;

export interface Filling {
  readonly lookup: Lookup;
  /** Gets the variables of each value that has some. */
  readonly references: References;
  /** Takes what compose refuses, which is left as it is written. */
  readonly report: (error: InputError) => void;
}

export function fillIn(node: ConfigNode, filling: Filling): ConfigNode {
  const { content } = node;
  if (content instanceof Map) {
    let isSame = true;
    const members = new Map<string, ConfigNode>();
    for (const [name, member] of node.entries()) {
      const filled = fillIn(member, filling);
      isSame &&= filled === member;
      members.set(name, filled);
    }
    return isSame ? node : node.with({ content: members });
  }
  if (Array.isArray(content)) {
    const items = node.items().map((item) => fillIn(item, filling));
    return items.every((item, index) => item === content[index]) ? node : node.with({ content: items });
  }
  return typeof content === "string" ? filledText(node, content, filling) : node;
}

function filledText(node: ConfigNode, text: string, filling: Filling): ConfigNode {
  const { value, references } = interpolated(node, text, filling);
  const content = casted(node, value, filling);
  if (content === text && references.length === 0) return node;
  const filled = node.with({ content });
  if (references.length > 0) filling.references.set(filled, references);
  return filled;
}

function interpolated(node: ConfigNode, text: string, { lookup, report }: Filling): Interpolated {
  try {
    if (text.includes("$")) return interpolate(text, lookup);
  } catch (error) {
    if (!(error instanceof InterpolationError)) throw error;
    report(new InputError(`${node.pathText}: ${error.message}`, node.location, { cause: error }));
  }
  return { value: text, references: [] };
}

function casted(node: ConfigNode, value: string, { report }: Filling): Scalar {
  const expected = castAt(node.path);
  const content = expected?.cast(value);
  // What a variable leaves empty is for a rule to tell.
  if (expected !== undefined && content === undefined && value !== "") {
    report(new InputError(`${node.pathText} must be ${types[expected.type]}, and is ${types.string}`, node.location));
  }
  return content ?? value;
}
