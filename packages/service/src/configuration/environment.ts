/** Environment variables as settings: NAME or the file that NAME_FILE names, and how a table of them sets keys. */
import { readFileSync } from "node:fs";
import type { ConfigurationProblem } from "./error.ts";
import type { Path } from "./path.ts";
import type { AnySchema } from "./schema-tree.ts";
import { alternatives, schemaAt, unwrap } from "./schema-tree.ts";
import type { EnvironmentVariable, Section } from "./section.ts";

export interface VariableValue {
  readonly text: string;
  /** The variable that held it: NAME or NAME_FILE. */
  readonly source: string;
}

/** A value for a key, from a variable. `failed` when it could not be had; the problem has then been reported. */
export type Setting =
  | { readonly path: Path; readonly source: string; readonly value: unknown }
  | { readonly path: Path; readonly failed: true };

/** The variables, each read once, so that a bad NAME_FILE is reported once however often it is asked for. */
export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #report: (problem: ConfigurationProblem) => void;
  readonly #read = new Map<string, VariableValue | "failed" | undefined>();

  constructor(
    variables: Readonly<Record<string, string | undefined>>,
    report: (problem: ConfigurationProblem) => void,
  ) {
    this.#variables = variables;
    this.#report = report;
  }

  /** `undefined` when neither NAME nor NAME_FILE is set; `"failed"` when there is a problem, which has been reported. */
  get(name: string): VariableValue | "failed" | undefined {
    if (!this.#read.has(name)) this.#read.set(name, this.#resolve(name));
    return this.#read.get(name);
  }

  #resolve(name: string): VariableValue | "failed" | undefined {
    const fileVariable = `${name}_FILE`;
    const text = this.#own(name);
    const file = this.#own(fileVariable);
    if (file === undefined) return text === undefined ? undefined : { text, source: name };
    if (text !== undefined) {
      this.#report({
        path: "",
        source: `${name}, ${fileVariable}`,
        message: "both are set, and only one can count: unset one of them",
      });
      return "failed";
    }
    try {
      return { text: readFileSync(file, "utf8").replace(/(?:\r?\n)+$/, ""), source: fileVariable };
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? "unknown error";
      this.#report({
        path: "",
        source: fileVariable,
        message: `the file ${file} cannot be read (${reason}): name a file that this user may read`,
      });
      return "failed";
    }
  }

  #own(name: string): string | undefined {
    const text = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    return text === "" ? undefined : text;
  }
}

/** Whether any variable of the section is set. */
export function isSet(section: Section, environment: Environment): boolean {
  return Object.entries(section.environment).some(([name, { aliases = [] }]) =>
    [name, ...aliases].some((each) => environment.get(each) !== undefined),
  );
}

/** What the variables of a section set, with `warn` told of deprecated ones. Paths begin with the section's name. */
export function settingsOf(
  section: Section,
  environment: Environment,
  report: (problem: ConfigurationProblem) => void,
  warn: (sentence: string) => void,
): Setting[] {
  return Object.entries(section.environment).flatMap(([name, variable]) => {
    const path = [section.name, ...variable.path];
    const found = [name, ...(variable.aliases ?? [])].flatMap((each) => environment.get(each) ?? []);
    if (found.includes("failed")) return [{ path, failed: true }];
    const [first, ...others] = found.filter((each) => each !== "failed");
    if (first === undefined) return [];
    const contradiction = others.find((other) => other.text !== first.text);
    if (contradiction !== undefined) {
      report({
        path: path.join("."),
        source: `${first.source}, ${contradiction.source}`,
        message: "these name the same setting with different values: unset one of them",
      });
      return [{ path, failed: true }];
    }
    if (variable.deprecated !== undefined) warn(`${first.source}: ${variable.deprecated}`);
    return [settingOf(section, variable, path, first, report)];
  });
}

function settingOf(
  section: Section,
  variable: EnvironmentVariable,
  path: Path,
  { text, source }: VariableValue,
  report: (problem: ConfigurationProblem) => void,
): Setting {
  try {
    const schema = schemaAt(section.schema, variable.path);
    const value =
      variable.parse !== undefined
        ? variable.parse(text)
        : schema !== undefined && wantsList(schema)
          ? splitList(text)
          : text;
    return { path, source, value };
  } catch (error) {
    report({ path: path.join("."), source, message: (error as Error).message });
    return { path, failed: true };
  }
}

function wantsList(schema: AnySchema): boolean {
  return alternatives(schema).every(({ _zod: { def } }) => def.type === "array" && isScalar(def.element));
}

function isScalar(schema: AnySchema): boolean {
  const { type } = unwrap(schema)._zod.def;
  return type !== "object" && type !== "array" && type !== "record";
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
