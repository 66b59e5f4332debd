/** The merged tree before its check: variables laid over the file, unknown keys found, text turned into what is wanted. */
import type { Path } from "./path.ts";
import type { AnySchema } from "./schema-tree.ts";
import { alternatives, isContainer, unwrap } from "./schema-tree.ts";

/** Sets `value` at `path`, making the objects on the way; something else that is in the way stays, for the check to find. */
export function setAt(tree: Record<string, unknown>, path: Path, value: unknown): void {
  let parent = tree;
  for (const key of path.slice(0, -1).map(String)) {
    if (!Object.hasOwn(parent, key) || parent[key] === null) parent[key] = {};
    const child = parent[key];
    if (!isContainer(child) || Array.isArray(child)) return;
    parent = child;
  }
  parent[String(path.at(-1))] = value;
}

/**
 * A copy of `value` without the keys that `schema` does not know, each of them reported with those it knows, with an
 * empty key as an empty object where one is wanted, and with text as the number or boolean that is wanted.
 */
export function prepare(
  schema: AnySchema,
  value: unknown,
  path: Path,
  reportUnknown: (path: Path, known: readonly string[]) => void,
): unknown {
  const kind = kindOf(value);
  const members = alternatives(schema, value);
  const member = members.find(({ _zod: { def } }) => kinds[def.type] === kind) ?? members[0];
  if (member === undefined) return value;
  const { def } = member._zod;
  const below = (child: AnySchema, key: PropertyKey, item: unknown) =>
    prepare(child, item, [...path, key], reportUnknown);
  if (def.type === "object" && (value === null || kind === "object")) {
    const known = Object.keys(def.shape);
    const isOpen = def.catchall !== undefined && def.catchall._zod.def.type !== "never";
    const written = (value ?? {}) as Record<string, unknown>;
    // A required group that is not there at all: what is missing are its keys, and the variables that set them.
    const missing = Object.entries(def.shape).filter(
      ([key, child]) => !Object.hasOwn(written, key) && isRequiredGroup(child),
    );
    return Object.fromEntries([
      ...missing.map(([key, child]) => [key, below(child, key, {})]),
      ...Object.entries(written).flatMap(([key, item]) => {
        const child = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
        if (child !== undefined) return [[key, below(child, key, item)]];
        if (isOpen) return [[key, item]];
        reportUnknown([...path, key], known);
        return [];
      }),
    ]);
  }
  if (def.type === "array" && Array.isArray(value)) return value.map((item, index) => below(def.element, index, item));
  if (def.type === "record" && kind === "object") {
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).map(([key, item]) => [key, below(def.valueType, key, item)]),
    );
  }
  if (typeof value === "string" && !members.some(({ _zod }) => kinds[_zod.def.type] === "text")) {
    return readScalar(
      value,
      members.map(({ _zod }) => _zod.def.type),
    );
  }
  return value;
}

function isRequiredGroup(schema: AnySchema): boolean {
  return schema._zod.optin !== "optional" && unwrap(schema)._zod.def.type === "object";
}

/** Which schemas a written value of some kind can be meant for. */
const kinds: Partial<Record<string, "object" | "array" | "text" | "number" | "boolean">> = {
  object: "object",
  record: "object",
  array: "array",
  string: "text",
  number: "number",
  boolean: "boolean",
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "string" ? "text" : typeof value;
}

function readScalar(text: string, wanted: readonly string[]): unknown {
  if (wanted.includes("number") && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (wanted.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}
