/** `${NAME}` in values, filled in as the compose specification says (chapter Interpolation). */

export type Operator = "" | ":-" | "-" | ":?" | "?" | ":+" | "+";

interface Variable {
  readonly value: string;
  readonly from: "environment" | "dotenv";
}

/** What fills a name; undefined where nothing does. */
export type Lookup = (name: string) => Variable | undefined;

/** One `${NAME}` that has its part in a value. */
export interface Reference {
  readonly name: string;
  readonly operator: Operator;
  readonly from: "environment" | "dotenv" | "default" | "nothing";
  readonly isEmpty: boolean;
}

export interface Interpolated {
  readonly value: string;
  /** In their order; those in a default that is not used are not among them. */
  readonly references: readonly Reference[];
}

/** A `${` that is not followed by a name, or is not closed. */
export class InterpolationError extends Error {
  override readonly name = "InterpolationError";
}

const names = /[A-Za-z_][A-Za-z0-9_]*/y;
const operators = /:?[-?+]/y;

/**
 * `$$` is a dollar sign, and so is a `$` before anything that is not a name. A required variable (`:?`, `?`) that nothing
 * fills is empty here: that is for a rule to tell.
 *
 * @throws {InterpolationError}
 */
export function interpolate(text: string, lookup: Lookup): Interpolated {
  const references: Reference[] = [];
  return { value: text.includes("$") ? fill(text, lookup, references) : text, references };
}

function fill(text: string, lookup: Lookup, references: Reference[]): string {
  let result = "";
  let from = 0;
  for (let at = text.indexOf("$"); at >= 0; at = text.indexOf("$", from)) {
    result += text.slice(from, at);
    const next = text[at + 1];
    if (next === "$") {
      result += "$";
      from = at + 2;
    } else if (next === "{") {
      const end = closingBrace(text, at);
      result += braced(text.slice(at + 2, end), lookup, references);
      from = end + 1;
    } else {
      const name = matchAt(names, text, at + 1);
      result += name === undefined ? "$" : resolve(name, "", "", lookup, references);
      from = at + 1 + (name?.length ?? 0);
    }
  }
  return result + text.slice(from);
}

function braced(inner: string, lookup: Lookup, references: Reference[]): string {
  const name = matchAt(names, inner, 0);
  if (name === undefined)
    throw new InterpolationError("there is no name of a variable after ${; write $${ for the text itself");
  if (name.length === inner.length) return resolve(name, "", "", lookup, references);
  const operator = matchAt(operators, inner, name.length);
  if (operator === undefined) {
    throw new InterpolationError("after a name in braces comes one of :- - :? ? :+ + or the closing brace");
  }
  return resolve(name, operator as Operator, inner.slice(name.length + operator.length), lookup, references);
}

function resolve(name: string, operator: Operator, word: string, lookup: Lookup, references: Reference[]): string {
  const variable = lookup(name);
  const isFilled = variable !== undefined && (!operator.startsWith(":") || variable.value !== "");
  const place = references.length;
  let value = variable?.value ?? "";
  let from: Reference["from"] = variable?.from ?? "nothing";
  if (operator.endsWith("+")) {
    value = isFilled ? fill(word, lookup, references) : "";
    from = "default";
  } else if (operator.endsWith("-") && !isFilled) {
    value = fill(word, lookup, references);
    from = "default";
  }
  references.splice(place, 0, { name, operator, from, isEmpty: value === "" });
  return value;
}

/** Of the `${` at `start`: each `${` within it has one of its own. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("${", at)) {
      depth++;
      at++;
    } else if (text[at] === "}" && --depth === 0) return at;
  }
  throw new InterpolationError("a ${ is not closed by a brace; write $${ for the text itself");
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
