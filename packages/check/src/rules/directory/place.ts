/** Where something is written, as a finding says it. */
import { type ConfigNode, formatPath } from "../../inputs/config-node.ts";
import type { Location } from "../../inputs/source-file.ts";

export interface Place {
  readonly at: ConfigNode | Location;
  /** Where it is not that of the node. */
  readonly path?: string;
}

/** Of a node, or of the key that its parent lacks. */
export function placeOf(node: ConfigNode | undefined, parent: ConfigNode, key: string): Place {
  if (node !== undefined) return { at: node };
  return { at: parent.keyLocation ?? parent.location, path: formatPath([...parent.path, key]) };
}
