/**
 * Holds a compose file against the compose specification's JSON schema (`compose-spec.json`, draft-07), of which it knows the
 * keywords that occur there.
 *
 * Ajv gives the same verdicts, which the tests compare; it needs 400 ms and 25 MB to compile this schema, its generated code is
 * five times as long as the schema, and of `oneOf` it tells every branch that did not fit instead of the one that was meant.
 */
import { readFileSync } from "node:fs";
import { canonicalJson, nearestWord } from "@espalier/service/plain";
import { type ConfigNode, formatPath } from "../config-node.ts";
import type { Location } from "../source-file.ts";

export interface SchemaProblem {
  readonly message: string;
  readonly location: Location;
}

type TypeName = "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";

export interface Schema {
  readonly $ref?: string;
  readonly type?: TypeName | readonly TypeName[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly uniqueItems?: boolean;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

let loaded: Schema | undefined;

export function composeSchema(): Schema {
  loaded ??= JSON.parse(readFileSync(new URL("./compose-spec.json", import.meta.url), "utf8")) as Schema;
  return loaded;
}

/** Checks models that come of each other: what is the same in both is looked at once. */
export class ComposeValidator {
  readonly #report: (problem: SchemaProblem) => void;
  readonly #checked = new WeakSet<ConfigNode>();

  constructor(report: (problem: SchemaProblem) => void) {
    this.#report = report;
  }

  checkModel(model: ConfigNode): void {
    this.#check(model, composeSchema());
  }

  /** An item of `include`, which is not there any more when its file is merged. */
  checkInclude(item: ConfigNode): void {
    this.#check(item, { $ref: "#/definitions/include" });
  }

  #check(node: ConfigNode, given: Schema): void {
    if (this.#checked.has(node)) return;
    const schema = resolved(given);
    if (schema.oneOf !== undefined) this.#oneOf(node, schema.oneOf);
    if (!isOfType(node, schema.type)) this.#wrongType(node, schema.type);
    else if (node.kind === "map") this.#members(node, schema);
    else if (node.kind === "list") this.#items(node, schema);
    else this.#scalar(node, schema);
    this.#checked.add(node);
  }

  /** Of the branches of this schema no two are for the same kind of value. */
  #oneOf(node: ConfigNode, branches: readonly Schema[]): void {
    const meant = branches.map((branch) => resolved(branch));
    const branch = meant.find((each) => isOfType(node, each.type));
    if (branch !== undefined) this.#check(node, branch);
    else
      this.#wrongType(
        node,
        meant.flatMap((each) => each.type ?? []),
      );
  }

  #wrongType(node: ConfigNode, type: Schema["type"]): void {
    this.#report(problem(node, `must be ${typeNames(type)}, and is ${kindName(node)}`));
  }

  #members(node: ConfigNode, schema: Schema): void {
    const { properties = {}, patternProperties = {}, additionalProperties = true } = schema;
    for (const name of schema.required ?? []) {
      if (node.get(name) === undefined) this.#report(problem(node, `has no ${JSON.stringify(name)}`));
    }
    for (const [name, member] of node.entries()) {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const matching = Object.entries(patternProperties).filter(([pattern]) => compiled(pattern).test(name));
      if (own !== undefined) this.#check(member, own);
      for (const [, each] of matching) this.#check(member, each);
      if (own !== undefined || matching.length > 0) continue;
      if (typeof additionalProperties === "object") this.#check(member, additionalProperties);
      else if (!additionalProperties) this.#report(unknownKey(node, name, member, schema));
    }
  }

  #items(node: ConfigNode, { items, uniqueItems }: Schema): void {
    if (items !== undefined) for (const item of node.items()) this.#check(item, items);
    if (uniqueItems !== true) return;
    const seen = new Set<string>();
    for (const item of node.items()) {
      const value = canonicalJson(item.value);
      if (seen.has(value)) this.#report(problem(item, "is in the list already: remove one of both"));
      seen.add(value);
    }
  }

  #scalar(node: ConfigNode, { enum: allowed, pattern, minimum, maximum }: Schema): void {
    const { scalar } = node;
    if (allowed !== undefined && !allowed.includes(scalar)) {
      this.#report(problem(node, `must be one of ${allowed.map((value) => JSON.stringify(value)).join(", ")}`));
    }
    if (pattern !== undefined && typeof scalar === "string" && !compiled(pattern).test(scalar)) {
      this.#report(problem(node, `must be of the form ${pattern}`));
    }
    if (typeof scalar !== "number") return;
    if (minimum !== undefined && scalar < minimum) this.#report(problem(node, `must be at least ${minimum}`));
    if (maximum !== undefined && scalar > maximum) this.#report(problem(node, `must be at most ${maximum}`));
  }
}

/** Draft-07: what stands beside `$ref` does not count. */
function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace("#/definitions/", "");
  return resolved(composeSchema().definitions?.[name] ?? {});
}

function isOfType(node: ConfigNode, type: Schema["type"]): boolean {
  if (type === undefined) return true;
  if (typeof type !== "string") return type.some((each) => isOfType(node, each));
  const { kind, content } = node;
  if (kind !== "scalar") return type === (kind === "map" ? "object" : "array");
  if (type === "integer") return Number.isInteger(content);
  return content === null ? type === "null" : typeof content === type;
}

/** As a person says them. */
export const types: Readonly<Record<TypeName, string>> = {
  object: "a map",
  array: "a list",
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "empty",
};

function typeNames(type: Schema["type"] = []): string {
  const names = [...new Set((typeof type === "string" ? [type] : type).map((each) => types[each]))];
  return names.length < 2 ? (names[0] ?? "something else") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function kindName({ kind, content }: ConfigNode): string {
  if (kind !== "scalar") return kind === "map" ? types.object : types.array;
  if (content === null) return types.null;
  if (typeof content === "string") return types.string;
  return typeof content === "number" ? `${types.number}: write it in quotes` : `${types.boolean}: write it in quotes`;
}

function problem(node: ConfigNode, message: string): SchemaProblem {
  return { message: `${node.pathText === "" ? "the file" : node.pathText} ${message}`, location: node.location };
}

function unknownKey(node: ConfigNode, name: string, member: ConfigNode, { properties = {} }: Schema): SchemaProblem {
  const nearest = nearestWord(name, Object.keys(properties));
  const hint = nearest === undefined ? "" : `; is ${nearest} meant?`;
  const path = formatPath([...node.path, name]);
  const message =
    Object.keys(properties).length === 0 ? "is no name that may stand here" : "is no key of the compose specification";
  return { message: `${path} ${message}${hint}`, location: member.keyLocation ?? member.location };
}

const patterns = new Map<string, RegExp>();

function compiled(pattern: string): RegExp {
  let expression = patterns.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(pattern, "u");
    patterns.set(pattern, expression);
  }
  return expression;
}
