/** Reading a zod schema as a tree of keys: what the loader, the JSON schema and the reference need to know of it. */
import { z } from "zod";

/** What the helper types (`secret()`, `duration()`, …) say of themselves beyond their zod schema. */
export interface ValueMetadata {
  /** The value must not be repeated in any text. */
  readonly secret?: boolean;
  /** `${…}` in the text is for whoever reads the value: the loader leaves it. */
  readonly verbatim?: boolean;
  /** What the reference calls the type. */
  readonly valueType?: string;
  /** Writes a number that the program holds as the configuration would. */
  readonly format?: (value: number) => string;
}

/** Kept apart from zod's own registry, whose entries become keywords of the JSON schema. */
export const valueMetadata = z.registry<ValueMetadata>();

/** Any schema, as the traversal of zod's core sees it. */
export type AnySchema = z.core.$ZodType;

/** The schema without its wrappers (optional, default, transform, …): what a person writing the value has to write. */
export function unwrap(schema: AnySchema): z.core.$ZodTypes {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "catch":
      return unwrap(def.innerType);
    case "pipe":
      return unwrap(written(def));
    case "lazy":
      return unwrap(def.getter());
    default:
      return schema as z.core.$ZodTypes;
  }
}

/** The first schema from the outside in, wrappers before what they wrap, for which `read` finds something. */
function outermost<T>(schema: AnySchema, read: (schema: AnySchema) => T | undefined): T | undefined {
  const found = read(schema);
  if (found !== undefined) return found;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ("innerType" in def) return outermost(def.innerType, read);
  return def.type === "pipe" ? outermost(written(def), read) : undefined;
}

/** The side of a pipe that a person writes: what goes in, or, where a `preprocess` takes anything, what it must become. */
function written(def: z.core.$ZodPipeDef): AnySchema {
  return (def.in as z.core.$ZodTypes)._zod.def.type === "transform" ? def.out : def.in;
}

export function metadataOf(schema: AnySchema): ValueMetadata {
  return outermost(schema, (each) => valueMetadata.get(each)) ?? {};
}

export function descriptionOf(schema: AnySchema): string | undefined {
  return outermost(schema, (each) => z.globalRegistry.get(each)?.description);
}

/** The default as the schema holds it: of a `.prefault` what would be written, of a `.default` what the program gets. */
export function defaultOf(schema: AnySchema): unknown {
  return outermost(schema, (each) => {
    const { def } = (each as z.core.$ZodTypes)._zod;
    return def.type === "default" || def.type === "prefault" ? { value: def.defaultValue } : undefined;
  })?.value;
}

/**
 * The schema at a path below `schema`. `value` is what is there, needed where a union decides by a discriminator; without
 * it all the alternatives are looked through.
 */
export function schemaAt(schema: AnySchema, path: readonly PropertyKey[], value?: unknown): AnySchema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const child = isContainer(value) ? value[key as string] : undefined;
  for (const alternative of alternatives(schema, value)) {
    const { def } = alternative._zod;
    const next =
      def.type === "object"
        ? def.shape[key as string]
        : def.type === "array"
          ? def.element
          : def.type === "record"
            ? def.valueType
            : undefined;
    const found = next === undefined ? undefined : schemaAt(next, rest, child);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The unwrapped schema, or, of a union, those of its members that `value` may be meant for: one if a discriminator tells. */
export function alternatives(schema: AnySchema, value?: unknown): readonly z.core.$ZodTypes[] {
  const bare = unwrap(schema);
  const { def } = bare._zod;
  if (def.type !== "union") return [bare];
  const members = def.options.flatMap((option) => alternatives(option, value));
  const discriminator = "discriminator" in def ? String(def.discriminator) : undefined;
  if (discriminator === undefined || !isContainer(value)) return members;
  return members.filter((member) => {
    const memberDef = member._zod.def;
    const tag = memberDef.type === "object" ? memberDef.shape[discriminator] : undefined;
    return tag?._zod.values?.has(value[discriminator] as z.core.util.Primitive) ?? false;
  });
}

export function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
