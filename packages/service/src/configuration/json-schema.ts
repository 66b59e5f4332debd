/** The configuration file as a JSON Schema (draft 2020-12), for editors that complete and check YAML. */
import { z } from "zod";
import type { Section } from "./section.ts";

const reference = { type: "string", pattern: "\\$\\{" } as const;

/**
 * Describes what may be written, so it differs from the check at start in two ways: nothing is required, since a variable
 * may set it, and `${NAME}` may stand where a number, a boolean or one of several words is wanted.
 */
export function configurationJsonSchema(sections: readonly Section[]): Record<string, unknown> {
  const properties = Object.fromEntries(
    sections.map(({ name, description, schema }) => {
      const { $schema: _, ...section } = z.toJSONSchema(schema, {
        io: "input",
        unrepresentable: "any",
        override: soften,
      });
      return [name, { description, ...section }];
    }),
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "espalier.yaml",
    type: "object",
    properties,
    additionalProperties: false,
  };
}

function soften({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const { type } = zodSchema._zod.def;
  if (type === "object") {
    delete jsonSchema.required;
    jsonSchema.additionalProperties ??= false;
  }
  if (type === "number" || type === "boolean" || type === "enum") {
    const { description: _, ...strict } = jsonSchema;
    for (const key of Object.keys(strict)) delete jsonSchema[key];
    jsonSchema.anyOf = [strict, reference];
  }
}
