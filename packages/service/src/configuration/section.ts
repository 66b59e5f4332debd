/** One service's part of the configuration: its key in `espalier.yaml`, its schema, and the variables that set it too. */
import { z } from "zod";
import type { Path } from "./path.ts";
import { metadataOf, schemaAt } from "./schema-tree.ts";

/** An environment variable that sets one key of a section. `NAME_FILE` beside it names a file that holds the value. */
export interface EnvironmentVariable {
  /** The key it sets, from the section downwards: `["sql", "uri"]`. */
  readonly path: readonly string[];
  /** What it means, for the reference: a sentence. */
  readonly description: string;
  /** Other names for the same setting. Two names with different values are a contradiction. */
  readonly aliases?: readonly string[];
  /**
   * Turns the text into what the schema reads. Without it the schema decides: `true` and `false` exactly where it wants
   * a boolean, a number where it wants one, a comma-separated list where it wants an array of scalars, else the text.
   * It may throw an `Error` whose message completes "NAME …", such as `must be a JSON array`.
   */
  readonly parse?: (text: string) => unknown;
  /** Set: the variable still works, and the start warns with this sentence, which says what to use instead. */
  readonly deprecated?: string;
}

export type EnvironmentTable = Readonly<Record<string, EnvironmentVariable>>;

/** A section holds keys, or a list of which each item has them. A list that a service needs must be there: it has no defaults. */
export type SectionSchema = z.ZodObject | z.ZodArray;

export interface Section<Name extends string = string, Schema extends SectionSchema = SectionSchema> {
  readonly name: Name;
  readonly description: string;
  readonly schema: Schema;
  readonly environment: EnvironmentTable;
  /** Whether the text at `path`, from the section downwards, is left as it is written, `${…}` and all. */
  readonly isVerbatim: (path: Path) => boolean;
}

/**
 * Declares a section. Keys of `schema` that are not there by themselves are unknown and refused by the loader; defaults
 * live in the schema. Keys that no variable sets need a `.describe(…)` for the reference. What contradicts across keys goes
 * into a `superRefine`, which zod runs once every key by itself is right.
 *
 * @throws {TypeError} when a variable names a key that the schema does not have, or one of a list, or two claim one name.
 */
export function defineSection<const Name extends string, Schema extends SectionSchema>(declaration: {
  readonly name: Name;
  readonly description: string;
  readonly schema: Schema;
  readonly environment?: EnvironmentTable;
}): Section<Name, Schema> {
  const { name, schema, description, environment = {} } = declaration;
  const names = new Set<string>();
  if (schema instanceof z.ZodArray && Object.keys(environment).length > 0) {
    throw new TypeError(`${name} is a list, and no variable can say of which item it sets a key`);
  }
  for (const [variable, { path, aliases = [] }] of Object.entries(environment)) {
    if (schemaAt(schema, path) === undefined) {
      throw new TypeError(`${variable} sets ${[name, ...path].join(".")}, which the schema of ${name} does not have`);
    }
    for (const each of [variable, ...aliases]) {
      if (names.has(each)) throw new TypeError(`${name} names the variable ${each} twice`);
      names.add(each);
    }
  }
  return { name, description, schema, environment, isVerbatim: (path) => isVerbatim(schema, path) };
}

/** The section as it is to a service that has no use for it: it may be in the file, and is checked by those it belongs to. */
export function foreignSection<Name extends string>({ name, description, schema, isVerbatim }: Section<Name>) {
  const anything = schema instanceof z.ZodArray ? z.array(z.unknown()) : z.looseObject({});
  const section: Section<Name> = { name, description, schema: anything, environment: {}, isVerbatim };
  return section;
}

function isVerbatim(schema: SectionSchema, path: Path): boolean {
  const found = schemaAt(schema, path);
  return found !== undefined && metadataOf(found).verbatim === true;
}
