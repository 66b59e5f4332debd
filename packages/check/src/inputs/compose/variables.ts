/** The variables that a compose model is filled in from. */
import type { ConfigNode } from "../config-node.ts";
import type { VariableUse } from "./compose-project.ts";
import type { References } from "./fill-in.ts";
import type { ComposeLoader } from "./loader.ts";

/** Each use in the values that count, in the order of the files; what an anchor gives to many is one use, where it is written. */
export function readVariables(model: ConfigNode, { references, folders }: ComposeLoader): readonly VariableUse[] {
  const nodes = new Map<string, ConfigNode>();
  collect(model, references, nodes);
  const order = [...folders.keys()];
  const place = ({ location }: ConfigNode) => order.indexOf(location.file);
  const sorted = [...nodes.values()].sort(
    (left, right) => place(left) - place(right) || left.location.start - right.location.start,
  );
  return sorted.flatMap((node) => {
    const own = references.get(node) ?? [];
    return own.map((reference) => ({ ...reference, isRequired: reference.operator.endsWith("?"), node }));
  });
}

function collect(node: ConfigNode, references: References, nodes: Map<string, ConfigNode>): void {
  if (references.has(node)) {
    const place = `${node.location.file}:${node.location.start}`;
    if (!nodes.has(place)) nodes.set(place, node);
  }
  for (const [, member] of node.entries()) collect(member, references, nodes);
  for (const item of node.items()) collect(item, references, nodes);
}
