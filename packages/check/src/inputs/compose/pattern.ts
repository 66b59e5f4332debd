/** Where a node is in a compose model, whatever the names there: what rules of merging and of types are told by. */
import type { Key } from "../config-node.ts";

/** `services.*.environment`: names that a user gives are stars. */
export function pattern(path: readonly Key[]): string {
  const isNamed = path[2] === "networks" || path[2] === "ulimits";
  return path
    .map((key, index) => (index === 1 || (index === 3 && isNamed) || typeof key === "number" ? "*" : key))
    .join(".");
}
