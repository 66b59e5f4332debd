/** What an edit does to the plain value of a file: what the file must say once its text has been changed. */
import type { JsonValue } from "@espalier/service";
import type { Key } from "../../inputs/config-node.ts";
import type { Edit } from "../edit.ts";
import { YamlEditError } from "./yaml-text.ts";

export type YamlEdit = Extract<Edit, { readonly kind: "set" | "append" | "delete" }>;

/** An edit without its file. */
export type Change = { readonly kind: "set" | "append"; readonly value: JsonValue } | { readonly kind: "delete" };

/** A new value; the given one stays as it is. @throws {YamlEditError} where the path does not lead to where it can be made. */
export function changed(value: JsonValue | undefined, path: readonly Key[], change: Change): JsonValue {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (change.kind === "set") return change.value;
    if (change.kind === "delete") throw new YamlEditError("a whole file is not deleted");
    if (value === undefined || value === null) return [change.value];
    if (!Array.isArray(value)) throw new YamlEditError("what it would be added to is no list");
    return [...value, change.value];
  }
  const isLast = rest.length === 0 && change.kind === "delete";
  if (Array.isArray(value)) {
    const isWithin = typeof key === "number" && key >= 0 && key < value.length + Number(change.kind !== "delete");
    if (!isWithin) throw new YamlEditError(`the list has no item ${key}`);
    if (isLast) return value.toSpliced(key, 1);
    return value.toSpliced(key, 1, changed(value[key], rest, change));
  }
  if (value === undefined || value === null || typeof value === "object") {
    const members = new Map(Object.entries((value ?? {}) as { [name: string]: JsonValue }));
    const name = String(key);
    if (typeof key === "number" && members.size === 0) throw new YamlEditError(`there is no list for item ${key}`);
    if (change.kind === "delete" && !members.has(name)) throw new YamlEditError(`there is no ${name}`);
    if (isLast) members.delete(name);
    else members.set(name, changed(members.get(name), rest, change));
    return Object.fromEntries(members);
  }
  throw new YamlEditError(`what ${String(key)} would be below is no map`);
}
