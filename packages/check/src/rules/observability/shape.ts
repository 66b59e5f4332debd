/** The shape that a program wants its configuration in, as data; and what in a file is not of it. */
import type { ConfigNode } from "../../inputs/config-node.ts";

export type Shape =
  | { readonly kind: "any" }
  | { readonly kind: "value"; readonly what: string; readonly isOne: (node: ConfigNode) => boolean }
  | { readonly kind: "list"; readonly of: Shape; readonly orOne?: boolean }
  | { readonly kind: "named"; readonly of: Shape }
  | Fields;

export interface Fields {
  readonly kind: "fields";
  readonly fields: () => Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  /** What to write in place of a key that is often written here and is none: by that key. */
  readonly instead: Readonly<Record<string, string>>;
  /** Sets of keys of which only one may be there. */
  readonly exclusive: readonly (readonly string[])[];
}

export interface Fault {
  readonly node: ConfigNode;
  /** To stand after the name of the file. */
  readonly message: string;
  readonly fix: string;
}

export const any: Shape = { kind: "any" };
/** Go's YAML gives numbers and words to a text. */
export const text = value("a text", () => true);
export const boolean = value(
  "true or false",
  ({ scalar }) => typeof scalar === "boolean" || /^(?:y|yes|n|no|on|off)$/i.test(String(scalar)),
);
export const integer = value("a whole number", ({ scalar }) => Number.isInteger(scalar));
export const number = value("a number", ({ scalar }) => typeof scalar === "number");
export const duration = value("a duration such as 30s, 5m or 1h30m", ({ text: written = "" }) =>
  /^(?:0|(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/.test(written),
);
export const size = value("a size such as 10MB", ({ text: written = "" }) =>
  /^(?:0|(?:\d+(?:\.\d+)?(?:[KMGTPE]i?)?B)+)$/.test(written),
);

export function value(what: string, isOne: (node: ConfigNode) => boolean): Shape {
  return { kind: "value", what, isOne };
}

export function oneOf(...values: readonly string[]): Shape {
  return value(`one of ${values.join(", ")}`, ({ text: written }) => written !== undefined && values.includes(written));
}

export function listOf(of: Shape): Shape {
  return { kind: "list", of };
}

/** A map with keys of the user's own. */
export function named(of: Shape): Shape {
  return { kind: "named", of };
}

/** @param fields a function where a shape holds itself */
export function fields(
  all: Readonly<Record<string, Shape>> | (() => Readonly<Record<string, Shape>>),
  more: Partial<Pick<Fields, "required" | "instead" | "exclusive">> = {},
): Fields {
  const given = typeof all === "function" ? all : () => all;
  return { kind: "fields", fields: given, required: [], instead: {}, exclusive: [], ...more };
}

/** The same with more fields. */
export function extended(
  base: Fields,
  all: Readonly<Record<string, Shape>>,
  more: Partial<Omit<Fields, "kind" | "fields">> = {},
): Fields {
  return {
    kind: "fields",
    fields: () => ({ ...base.fields(), ...all }),
    required: [...base.required, ...(more.required ?? [])],
    instead: { ...base.instead, ...more.instead },
    exclusive: [...base.exclusive, ...(more.exclusive ?? [])],
  };
}

/** @param name how to call the value: the key it stands under, or the file */
export function* faults(node: ConfigNode, shape: Shape, name: string): Generator<Fault> {
  // A key without a value is one that is not there.
  if (shape.kind === "any" || node.scalar === null) return;
  const wrong = (what: string): Fault => ({
    node,
    message: `${name} must be ${what}`,
    fix: `Write ${what} at ${node.pathText || "the top"}.`,
  });
  switch (shape.kind) {
    case "value":
      if (node.kind !== "scalar" || !shape.isOne(node)) yield wrong(shape.what);
      return;
    case "list":
      if (node.kind !== "list") {
        yield wrong("a list");
        return;
      }
      for (const item of node.items()) {
        if (item.scalar === null && shape.of.kind === "fields")
          yield { ...wrong("a list without empty items"), node: item };
        else yield* faults(item, shape.of, `an item of ${name}`);
      }
      return;
    case "named":
      if (node.kind !== "map") yield wrong("a map");
      for (const [key, member] of node.entries()) yield* faults(member, shape.of, `${name}.${key}`);
      return;
    case "fields":
      if (node.kind !== "map") yield wrong("a map");
      else yield* faultsOfFields(node, shape, name);
  }
}

function* faultsOfFields(node: ConfigNode, shape: Fields, name: string): Generator<Fault> {
  const known = shape.fields();
  for (const [key, member] of node.entries()) {
    const inner = Object.hasOwn(known, key) ? known[key] : undefined;
    if (inner === undefined) yield { node: member, ...unknownKey(key, shape, name) };
    else yield* faults(member, inner, key);
  }
  for (const key of shape.required) {
    if (isGiven(node, key)) continue;
    yield { node, message: `${name} needs ${key}`, fix: `Add ${key} at ${node.pathText || "the top"}.` };
  }
  for (const keys of shape.exclusive) {
    const given = keys.filter((key) => isGiven(node, key));
    if (given.length < 2) continue;
    yield {
      node: node.get(given[1]!)!,
      message: `${name} has both ${given.join(" and ")}, of which only one may be there`,
      fix: `Keep one of ${given.join(", ")}.`,
    };
  }
}

function isGiven(node: ConfigNode, key: string): boolean {
  const member = node.get(key);
  return member !== undefined && member.scalar !== null && member.scalar !== "";
}

function unknownKey(key: string, { fields: all, instead }: Fields, name: string): Omit<Fault, "node"> {
  const advice = Object.hasOwn(instead, key) ? instead[key] : undefined;
  const known = Object.keys(all());
  const near = nearest(key, known);
  return {
    message: `${name} has no field ${key}`,
    fix: advice ?? (near === undefined ? `Take ${key} out; there are ${known.join(", ")}.` : `${near}:`),
  };
}

/** The one name that a slip of the pen away from it could mean. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  const plain = (word: string) =>
    word
      .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
      .replaceAll("-", "_")
      .toLowerCase();
  const distances = known.map((name) => ({ name, distance: distance(plain(written), name) }));
  const [best] = distances.sort((left, right) => left.distance - right.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(written.length / 4)) ? best.name : undefined;
}

/** Levenshtein's: characters to put in, take out or change. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = row[j - 1]! + Number(left[i - 1] !== right[j - 1]);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
