/** The table of every key and variable, as Markdown, so that the documentation is what the program reads. */
import type { z } from "zod";
import type { AnySchema } from "./schema-tree.ts";
import { alternatives, defaultOf, descriptionOf, metadataOf, unwrap } from "./schema-tree.ts";
import type { EnvironmentVariable, Section } from "./section.ts";

/**
 * One heading and one table a section.
 *
 * @throws {TypeError} for a key that neither its schema nor a variable describes.
 */
export function configurationReference(sections: readonly Section[]): string {
  return sections
    .map(({ name, description, schema, environment }) => {
      const keys = keysOf(schema, []);
      const rows = keys.map(({ path, schema: key }) => row(name, path, key, environment));
      return [
        `## ${name}`,
        "",
        description,
        "",
        "| key | type | default | environment | meaning |",
        "| --- | --- | --- | --- | --- |",
        ...rows,
        ...variablesBeside(keys, environment).map((variable) => variableRow(name, variable)),
        "",
      ].join("\n");
    })
    .join("\n");
}

interface Key {
  readonly path: readonly string[];
  readonly schema: AnySchema;
}

/** The keys that hold values, in the order of the schema; `[]` is any item of a list, `<name>` any key of a group. */
function keysOf(schema: AnySchema, path: readonly string[]): Key[] {
  const members = alternatives(schema).filter(({ _zod: { def } }) => ["object", "array", "record"].includes(def.type));
  const nested = members.flatMap(({ _zod: { def } }): Key[] => {
    if (def.type === "object") {
      return Object.entries(def.shape).flatMap(([key, child]) => keysOf(child, [...path, key]));
    }
    if (def.type === "array") return keysOf(def.element, [...path, "[]"]);
    return def.type === "record" ? keysOf(def.valueType, [...path, "<name>"]) : [];
  });
  const holdsGroups = nested.some((key) => key.path.length > path.length && !isItem(key, path));
  if (!holdsGroups) return [{ path, schema }];
  const seen = new Set<string>();
  return nested.filter((key) => !seen.has(formatKey(key.path)) && seen.add(formatKey(key.path)));
}

/** A scalar in a list or a group of any names, which is told as the type of that and not as a key of its own. */
function isItem({ path }: Key, parent: readonly string[]): boolean {
  return path.length === parent.length + 1 && (path.at(-1) === "[]" || path.at(-1) === "<name>");
}

function row(section: string, path: readonly string[], schema: AnySchema, environment: Section["environment"]): string {
  const variables = Object.entries(environment).filter(([, variable]) => formatKey(variable.path) === formatKey(path));
  const key = formatKey([section, ...path]);
  const meaning = [
    descriptionOf(schema) ?? variables[0]?.[1].description,
    ...variables.map(([, each]) => each.deprecated),
  ]
    .filter((sentence) => sentence !== undefined)
    .join(" ");
  if (meaning === "")
    throw new TypeError(`${key} has no description: add .describe(…) to its schema or name a variable`);
  const cells = [
    `\`${key}\``,
    typeName(schema),
    formatDefault(schema),
    variables.map(formatVariable).join(", "),
    meaning,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

/** Variables that set one member of a group, such as the secret of one source: the table has no key of that name. */
function variablesBeside(keys: readonly Key[], environment: Section["environment"]): [string, EnvironmentVariable][] {
  const told = new Set(keys.map(({ path }) => formatKey(path)));
  return Object.entries(environment).filter(([, { path }]) => !told.has(formatKey(path)));
}

function variableRow(section: string, variable: [string, EnvironmentVariable]): string {
  const [, { path, description }] = variable;
  return `| \`${formatKey([section, ...path])}\` |  |  | ${formatVariable(variable)} | ${description.replaceAll("|", "\\|")} |`;
}

function formatKey(path: readonly string[]): string {
  return path.join(".").replaceAll(".[]", "[]");
}

function formatVariable([name, { aliases = [] }]: [string, EnvironmentVariable]): string {
  return [name, ...aliases].map((each) => `\`${each}\``).join(" or ");
}

function formatDefault(schema: AnySchema): string {
  const value = defaultOf(schema);
  if (value === undefined) return isRequired(schema) ? "required" : "";
  const { format } = metadataOf(schema);
  return `\`${typeof value === "number" && format !== undefined ? format(value) : formatScalar(value)}\``;
}

function formatScalar(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isRequired(schema: AnySchema): boolean {
  return (schema as z.core.$ZodTypes)._zod.optin !== "optional";
}

function typeName(schema: AnySchema): string {
  const { valueType } = metadataOf(schema);
  if (valueType !== undefined) return valueType;
  const bare = unwrap(schema);
  const { def } = bare._zod;
  switch (def.type) {
    case "string":
      return "text";
    case "number":
      return "number";
    case "boolean":
      return "`true` or `false`";
    case "enum":
      return Object.values(def.entries)
        .map((value) => `\`${value}\``)
        .join(", ");
    case "literal":
      return def.values.map((value) => `\`${String(value)}\``).join(", ");
    case "array":
      return `list of ${typeName(def.element)}`;
    case "record":
      return `group of ${typeName(def.valueType)}`;
    case "union":
      return [...new Set(def.options.map(typeName))].join(" or ");
    default:
      return "anything";
  }
}
