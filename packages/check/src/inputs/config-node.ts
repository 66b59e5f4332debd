/** A value of a configuration file with where it is written, whatever anchors, merges and files it came by. */
import type { JsonValue } from "@espalier/service";
import type { Location } from "./source-file.ts";

export type Key = string | number;
export type Scalar = string | number | boolean | null;

export interface ConfigNodeParts {
  /** Where the value is in the whole model: `["services", "ldap", "image"]`. */
  readonly path: readonly Key[];
  /**
   * Where it is in its own file, which an edit needs; differs from `path` for what was included, extended or merged, and by the
   * number of the document in a file of several.
   */
  readonly sourcePath: readonly Key[];
  readonly location: Location;
  readonly keyLocation?: Location | undefined;
  /** A scalar as it is written, before `${…}` was filled in. */
  readonly written?: string | undefined;
  /** A tag of its own, such as `!reset`. */
  readonly tag?: string | undefined;
  readonly content: Scalar | ReadonlyMap<string, ConfigNode> | readonly ConfigNode[];
}

export class ConfigNode {
  readonly path: readonly Key[];
  readonly sourcePath: readonly Key[];
  readonly location: Location;
  /** Of the key that it is the value of. */
  readonly keyLocation: Location | undefined;
  readonly written: string | undefined;
  readonly tag: string | undefined;
  readonly content: ConfigNodeParts["content"];

  constructor(parts: ConfigNodeParts) {
    this.path = parts.path;
    this.sourcePath = parts.sourcePath;
    this.location = parts.location;
    this.keyLocation = parts.keyLocation;
    this.written = parts.written;
    this.tag = parts.tag;
    this.content = parts.content;
  }

  /** The same node but for these parts. */
  with(parts: Partial<ConfigNodeParts>): ConfigNode {
    return new ConfigNode({ ...this, ...parts });
  }

  get kind(): "map" | "list" | "scalar" {
    if (this.content instanceof Map) return "map";
    return Array.isArray(this.content) ? "list" : "scalar";
  }

  /** What is below these keys; undefined where one of them is not there. */
  get(...keys: readonly Key[]): ConfigNode | undefined {
    let node: ConfigNode | undefined = this;
    for (const key of keys) {
      const content: ConfigNodeParts["content"] = node.content;
      if (content instanceof Map) node = content.get(String(key));
      else node = Array.isArray(content) && typeof key === "number" ? content[key] : undefined;
      if (node === undefined) return undefined;
    }
    return node;
  }

  /** The members of a map in their order; nothing for anything else. */
  entries(): readonly (readonly [string, ConfigNode])[] {
    return this.content instanceof Map ? [...this.content] : [];
  }

  /** The items of a list; nothing for anything else. */
  items(): readonly ConfigNode[] {
    return Array.isArray(this.content) ? this.content : [];
  }

  /** A scalar; undefined for a map or a list. */
  get scalar(): Scalar | undefined {
    return this.kind === "scalar" ? (this.content as Scalar) : undefined;
  }

  /** A scalar as text, as `"8080"` for the number; undefined for null, a map or a list. */
  get text(): string | undefined {
    const { scalar } = this;
    return scalar === undefined || scalar === null ? undefined : String(scalar);
  }

  /** The whole value, plain. */
  get value(): JsonValue {
    const { content } = this;
    if (content instanceof Map) {
      return Object.fromEntries([...content].map(([key, node]: [string, ConfigNode]) => [key, node.value]));
    }
    return Array.isArray(content) ? content.map((node: ConfigNode) => node.value) : (content as Scalar);
  }

  /** `services.ldap.healthcheck.test[3]`, the path that baselines and suppressions know. */
  get pathText(): string {
    return formatPath(this.path);
  }
}

export function formatPath(path: readonly Key[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}
