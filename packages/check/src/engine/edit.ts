/** A change of a file that puts a finding right: small, so that comments, anchors and the order of keys stay. */
import type { JsonValue } from "@espalier/service";
import type { Key } from "../inputs/config-node.ts";
import type { Location } from "../inputs/source-file.ts";

/** `file` is a {@link SourceFile.path}; `path` leads there in that file, as {@link ConfigNode.sourcePath}. */
export type Edit =
  /** Gives a key of a YAML map a value, in place of what it has or as a new last member. Missing maps on the way are made. */
  | { readonly kind: "set"; readonly file: string; readonly path: readonly Key[]; readonly value: JsonValue }
  /** Adds an item to a YAML list, which is made where it is not there. */
  | { readonly kind: "append"; readonly file: string; readonly path: readonly Key[]; readonly value: JsonValue }
  /** Removes a member of a YAML map or an item of a list. */
  | { readonly kind: "delete"; readonly file: string; readonly path: readonly Key[] }
  /** Puts text in the place of a stretch of a file of any kind. */
  | { readonly kind: "replace"; readonly at: Location; readonly text: string }
  | { readonly kind: "chmod"; readonly file: string; readonly mode: number };
