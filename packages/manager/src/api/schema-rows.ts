/** A JSON Schema (draft 2020-12) as rows of a table: one for each thing that may be written, nested ones by their path. */
import type { JsonObject } from "./openapi.ts";

export interface SchemaRow {
  /** `results[].problem.code`; of an object with any keys `attributes.{name}`. Empty for the whole. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

/** Deeper ones are told as `object`. */
const maxDepth = 6;

export function schemaRows(schema: JsonObject, definitions: Definitions): SchemaRow[] {
  const rows = rowsBelow(schema, "", definitions, 0);
  if (rows.length > 0 && typeName(schema, definitions) === "object") return rows;
  return [rowOf(schema, "", true, definitions), ...rows];
}

/** Schemas by what `$ref` calls them: `#/components/schemas/Problem`. */
export type Definitions = Readonly<Record<string, JsonObject>>;

function rowOf(schema: JsonObject, path: string, isRequired: boolean, definitions: Definitions): SchemaRow {
  const { description = "" } = { ...resolved(schema, definitions), ...schema } as { description?: string };
  const notes = [description, ...limitsOf(resolved(schema, definitions))].filter((note) => note !== "");
  return { path, type: typeName(schema, definitions), isRequired, description: notes.join(" ") };
}

function rowsBelow(written: JsonObject, path: string, definitions: Definitions, depth: number): SchemaRow[] {
  if (depth >= maxDepth) return [];
  const schema = resolved(written, definitions);
  const below = (child: JsonObject, at: string) => rowsBelow(child, at, definitions, depth + 1);
  const { properties, required = [], items, additionalProperties } = schema as SchemaKeys;
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return uniqueRows(alternatives.flatMap((each) => below(each, path)));
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, child]) => {
      const at = path === "" ? name : `${path}.${name}`;
      return [rowOf(child, at, required.includes(name), definitions), ...below(child, at)];
    });
  }
  if (isSchema(items)) return below(items, `${path}[]`);
  if (isSchema(additionalProperties)) return below(additionalProperties, path === "" ? "{name}" : `${path}.{name}`);
  return [];
}

/** Alternatives share members: a row each, required where all of them require it. */
function uniqueRows(rows: readonly SchemaRow[]): SchemaRow[] {
  const byPath = new Map<string, SchemaRow>();
  for (const row of rows) {
    const known = byPath.get(row.path);
    if (known === undefined) byPath.set(row.path, row);
    else byPath.set(row.path, merged(known, row));
  }
  return [...byPath.values()];
}

function merged(one: SchemaRow, other: SchemaRow): SchemaRow {
  const types = new Set([...one.type.split(" or "), ...other.type.split(" or ")]);
  const descriptions = new Set([one.description, other.description].filter((text) => text !== ""));
  return {
    path: one.path,
    type: [...types].join(" or "),
    isRequired: one.isRequired && other.isRequired,
    description: [...descriptions].join(" "),
  };
}

interface SchemaKeys {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonObject>>;
  readonly required?: readonly string[];
  readonly items?: unknown;
  readonly additionalProperties?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
}

function isSchema(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function alternativesOf({ anyOf, oneOf }: JsonObject): readonly JsonObject[] {
  return ((anyOf ?? oneOf) as readonly JsonObject[] | undefined) ?? [];
}

function resolved(schema: JsonObject, definitions: Definitions): JsonObject {
  const { $ref } = schema as SchemaKeys;
  return $ref === undefined ? schema : (definitions[$ref] ?? {});
}

export function typeName(schema: JsonObject, definitions: Definitions): string {
  const { $ref, type, items, additionalProperties, properties, ...rest } = schema as SchemaKeys;
  if ($ref !== undefined) return $ref.replace(/^.*\//, "");
  if (rest.const !== undefined) return JSON.stringify(rest.const);
  if (rest.enum !== undefined) return rest.enum.map((value) => JSON.stringify(value)).join(" or ");
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) {
    return [...new Set(alternatives.map((each) => typeName(each, definitions)))].join(" or ");
  }
  if (type === "array") return isSchema(items) ? `list of ${typeName(items, definitions)}` : "list";
  if (type === "object" && properties === undefined && isSchema(additionalProperties)) {
    return `${typeName(additionalProperties, definitions)} by name`;
  }
  return typeof type === "string" ? type : (type?.join(" or ") ?? "anything");
}

/** In words, what a value is bound to. */
function limitsOf(schema: JsonObject): string[] {
  const phrases: Readonly<Record<string, (value: unknown) => string>> = {
    default: (value) => `${JSON.stringify(value)} unless given.`,
    minimum: (value) => (Math.abs(Number(value)) >= Number.MAX_SAFE_INTEGER ? "" : `At least ${value}.`),
    maximum: (value) => (Math.abs(Number(value)) >= Number.MAX_SAFE_INTEGER ? "" : `At most ${value}.`),
    minLength: (value) => (value === 1 ? "Not empty." : `At least ${value} characters.`),
    maxLength: (value) => `At most ${value} characters.`,
    minItems: (value) => `At least ${value}.`,
    maxItems: (value) => `At most ${value}.`,
    format: (value) => `Format: ${value}.`,
    contentEncoding: (value) => `Encoding: ${value}.`,
  };
  return Object.entries(phrases).flatMap(([key, phrase]) => (key in schema ? [phrase(schema[key])] : []));
}
