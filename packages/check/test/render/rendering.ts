/** Templates filled in as the command fills them in, without files. */

import fc from "fast-check";
import { SourceFile } from "../../src/inputs/source-file.ts";
import { hasPlaceholder } from "../../src/render/placeholder.ts";
import { type RenderProblem, renderText } from "../../src/render/render-text.ts";
import { isSecretVariable, type Variables } from "../../src/render/variables.ts";

/** Any text that may be a value, with what is special somewhere more often than chance would have it. */
export function anyValue(awkward: readonly string[]): fc.Arbitrary<string> {
  const part = fc.oneof(fc.constantFrom(...awkward), fc.string({ unit: "grapheme", maxLength: 3 }));
  return fc
    .oneof(
      fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
    )
    .map((text) => text.replaceAll("\0", "").toWellFormed())
    .filter((text) => text !== "" && !hasPlaceholder(text));
}

export function variablesOf(values: Readonly<Record<string, string>>): Variables {
  return {
    names: Object.keys(values),
    overridden: [],
    get(name) {
      const value = values[name];
      return value === undefined ? undefined : { value, isSecret: isSecretVariable(name, value) };
    },
  };
}

export interface Rendering {
  readonly text: string;
  readonly problems: readonly string[];
}

/** `FILE:LINE:COLUMN: what is wrong`, as the command prints it. */
export function rendered(path: string, template: string, values: Readonly<Record<string, string>>): Rendering {
  const problems: RenderProblem[] = [];
  const file = new SourceFile({ path, absolutePath: `/${path}`, text: template });
  const { text } = renderText(file, variablesOf(values), (problem) => problems.push(problem));
  return {
    text,
    problems: problems.map(
      ({ location: { file: name, line, column }, message }) => `${name}:${line}:${column}: ${message}`,
    ),
  };
}

/** @throws Error with the problems there are. */
export function renderedText(path: string, template: string, values: Readonly<Record<string, string>>): string {
  const { text, problems } = rendered(path, template, values);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return text;
}
