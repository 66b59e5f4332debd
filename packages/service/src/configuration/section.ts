/** One service's part of the configuration: its key in `espalier.yaml`, its schema, and the variables that set it too. */
import type { z } from "zod";
import { schemaAt } from "./schema-tree.ts";

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

export interface Section<Name extends string = string, Schema extends z.ZodObject = z.ZodObject> {
  readonly name: Name;
  readonly description: string;
  readonly schema: Schema;
  readonly environment: EnvironmentTable;
}

/**
 * Declares a section. Keys of `schema` that are not there by themselves are unknown and refused by the loader; defaults
 * live in the schema. Keys that no variable sets need a `.describe(…)` for the reference. What contradicts across keys goes
 * into a `superRefine`, which zod runs once every key by itself is right.
 *
 * @throws {TypeError} when a variable names a key that the schema does not have, or two claim one name.
 */
export function defineSection<const Name extends string, Schema extends z.ZodObject>(declaration: {
  readonly name: Name;
  readonly description: string;
  readonly schema: Schema;
  readonly environment?: EnvironmentTable;
}): Section<Name, Schema> {
  const { name, schema, description, environment = {} } = declaration;
  const names = new Set<string>();
  for (const [variable, { path, aliases = [] }] of Object.entries(environment)) {
    if (schemaAt(schema, path) === undefined) {
      throw new TypeError(`${variable} sets ${[name, ...path].join(".")}, which the schema of ${name} does not have`);
    }
    for (const each of [variable, ...aliases]) {
      if (names.has(each)) throw new TypeError(`${name} names the variable ${each} twice`);
      names.add(each);
    }
  }
  return { name, description, schema, environment };
}
