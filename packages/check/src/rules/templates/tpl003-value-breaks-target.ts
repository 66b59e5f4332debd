import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { DotenvVariable } from "../../inputs/dotenv.ts";
import { SourceFile } from "../../inputs/source-file.ts";
import type { TemplateFile } from "../../inputs/template.ts";
import { type Language, replaceAll } from "../../render/language.ts";
import { languageOf } from "../../render/languages.ts";
import type { Placeholder } from "../../render/placeholder.ts";
import { renderText } from "../../render/render-text.ts";

export const tpl003 = defineRule({
  id: "TPL003",
  title: "value would break what it is rendered into",
  severity: "high",
  profile: "lab",
  reads: ["template"],
  fix: "none",
  explanation: `Put into a template as it is, this value would mean something else to whoever reads the file: a quote ends the string of an SQL statement, a line break begins a new line of LDIF, \`@\` and \`/\` end the password of a URL, and YAML takes \`1e5\` for a number and \`: \` for a key. At best the file cannot be read; at worst it says something that nobody wrote.

\`espalier render\` writes each value as its place needs it and refuses what a place cannot hold. Where the templates are filled in by something else, that has to do the same, or the value must have none of these characters.`,
  references: [
    "RFC 2849 (LDIF), SAFE-STRING",
    "YAML 1.2.2, section 7.3",
    "PostgreSQL documentation, 4.1.2.1 “String Constants”",
    "RFC 3986, section 2.2",
    "Espalier documentation, docs/render.md",
  ],
  *find(project) {
    const values = valuesOf(project);
    const isRendered = [...project.files.values()].some(({ text }) => /\bespalier render\b/.test(text));
    for (const template of project.of("template")) {
      const language = languageOf(template.file.path, template.file.text);
      for (const placeholder of template.placeholders) {
        const variable = values.get(placeholder.name);
        if (variable === undefined || variable.value === "") continue;
        const problem = isRendered
          ? refusal(template, placeholder, variable)
          : difference(template, placeholder, variable, language);
        if (problem === undefined) continue;
        const { file, line } = variable.location;
        yield {
          subject: template.file.path,
          message: `the value of ${placeholder.name} (${file}:${line}) ${problem}`,
          at: template.file.locate(placeholder.start, placeholder.end),
          path: placeholder.name,
          fix: isRendered
            ? "Say with the placeholder what its place is, or choose another value; `espalier render` writes nothing until then."
            : `Render with \`espalier render\`, which writes it as ${nameOf(language)} needs it:\n    espalier render --env-file ${file} ${template.file.path} --to FOLDER\nor choose a value of letters and digits.`,
        };
      }
    }
  },
});

/** Of a name that several files define the first; what a file has no value for is not judged. */
function valuesOf(project: Project): ReadonlyMap<string, DotenvVariable> {
  const values = new Map<string, DotenvVariable>();
  for (const variable of project.of("dotenv").flatMap(({ variables }) => variables)) {
    if (!values.has(variable.name)) values.set(variable.name, variable);
  }
  return values;
}

/** The template with every other placeholder as a harmless word. */
function alone({ file, placeholders }: TemplateFile, placeholder: Placeholder): SourceFile {
  const others = placeholders.filter((each) => each !== placeholder);
  const text = replaceAll(
    file.text,
    others.map(({ start, end }) => ({ start, end, text: "x".repeat(end - start) })),
  );
  return new SourceFile({ path: file.path, absolutePath: file.absolutePath, text });
}

/** What `espalier render` would say. */
function refusal(template: TemplateFile, placeholder: Placeholder, { value }: DotenvVariable): string | undefined {
  const problems: string[] = [];
  const variables = { names: [], overridden: [], get: () => ({ value, isSecret: false }) };
  renderText(alone(template, placeholder), variables, ({ message }) => problems.push(message));
  return problems[0]?.replace(/^\{\{\w+\}\} /, "");
}

/** Whether the value as it is would be read otherwise than it is meant. */
function difference(
  template: TemplateFile,
  placeholder: Placeholder,
  variable: DotenvVariable,
  language: Language,
): string | undefined {
  const refused = refusal(template, placeholder, variable);
  if (refused !== undefined) return refused.replace(/[;:] (?:write|say|put) .*$/s, "");
  const file = alone(template, placeholder);
  const variables = { names: [], overridden: [], get: () => ({ value: variable.value, isSecret: false }) };
  const { text: escaped } = renderText(file, variables, () => undefined);
  const plain = replaceAll(file.text, [{ ...placeholder, text: variable.value }]);
  if (plain === escaped || placeholder.form === "raw") return undefined;
  const meant = language.read?.(escaped);
  const isSame = meant !== undefined && JSON.stringify(language.read?.(plain)) === JSON.stringify(meant);
  return isSame
    ? undefined
    : `has characters that end or change what it stands in: ${nameOf(language)} needs it escaped`;
}

const names: Readonly<Record<string, string>> = {
  ldif: "LDIF",
  yaml: "YAML",
  json: "JSON",
  sql: "SQL",
  shell: "the shell",
  plain: "a URL",
};

function nameOf({ name }: Language): string {
  return names[name] ?? name;
}
