import { nearestWord } from "@espalier/service/plain";
import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { SourceFile } from "../../inputs/source-file.ts";
import { isTemplatePath } from "../../inputs/template.ts";
import { type Placeholder, placeholdersOf } from "../../render/placeholder.ts";

export const tpl001 = defineRule({
  id: "TPL001",
  title: "placeholder is left in a rendered file",
  severity: "critical",
  profile: "lab",
  reads: ["file"],
  fix: "none",
  explanation: `A file with \`{{NAME}}\` in it was rendered although NAME had no value, or was never rendered. The service that reads it takes the placeholder for the value: a password that everybody can read in the repository, a host that does not exist.

Set the variable and render again. \`espalier render\` writes nothing at all where one is missing, and lists them with the nearest names that there are. Templates are not looked at, nor are files whose own language has such braces: Go and Jinja templates, Helm charts, Prometheus rules, Grafana dashboards, documentation.`,
  references: ["Espalier documentation, docs/render.md"],
  *find(project) {
    const known = [...new Set(project.of("dotenv").flatMap(({ variables }) => variables.map(({ name }) => name)))];
    for (const file of renderedFiles(project)) {
      const byName = new Map<string, Placeholder[]>();
      for (const placeholder of placeholdersOf(file.text).filter((each) => isLeft(file, each))) {
        const others = byName.get(placeholder.name);
        if (others === undefined) byName.set(placeholder.name, [placeholder]);
        else others.push(placeholder);
      }
      for (const [name, [first, ...others]] of byName) {
        if (first === undefined) continue;
        const places = [first, ...others].map(({ start }) => `    ${file.path}:${file.locate(start).line}`);
        yield {
          subject: file.path,
          message: `${file.path} has the placeholder {{${name}}} in the place of its value`,
          at: file.locate(first.start, first.end),
          path: name,
          fix: `${advice(name, known)} It is left in\n${[...new Set(places)].join("\n")}`,
        };
      }
    }
  },
});

function advice(name: string, known: readonly string[]): string {
  if (known.includes(name)) return `${name} is set: render again, with \`espalier render\`, which leaves none.`;
  const nearest = nearestWord(name, known);
  const question = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
  return `Set ${name}${question} and render again, with \`espalier render\`, which leaves none.`;
}

const configurations =
  /\.(?:ya?ml|json|toml|ini|conf|cfg|cnf|config|env|properties|ldif|sql|xml|hcl|acl|rules|service|socket|timer|mount|sh|bash)$|(?:^|\/)(?:Caddyfile|\.env[^/]*|[a-z0-9_-]+)$/;
/** Where upper-case names between braces belong to somebody else. */
const others = /(?:^|\/)(?:\.github|roles|group_vars|host_vars|playbooks?|tasks|handlers|ansible|charts)\//i;

function renderedFiles(project: Project): readonly SourceFile[] {
  const otherFormats = new Set(
    [...project.of("prometheusRules"), ...project.of("grafanaDashboard")].map(({ file }) => file.path),
  );
  const charts = project
    .of("file")
    .filter(({ path }) => /(?:^|\/)Chart\.ya?ml$/.test(path))
    .map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  return project
    .of("file")
    .filter(
      ({ path, text }) =>
        text.includes("{{") &&
        configurations.test(path) &&
        !others.test(path) &&
        !isTemplatePath(path) &&
        !otherFormats.has(path) &&
        !charts.some((folder) => path.startsWith(folder)),
    );
}

/** Not in a comment, and not where a script does the replacing itself. */
function isLeft({ path, text }: SourceFile, { start }: Placeholder): boolean {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", start);
  const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd);
  if (/^\s*(?:#|\/\/|--|;)/.test(line)) return false;
  return !(/\.(?:sh|bash)$|(?:^|\/)[^./]+$/.test(path) && /\b(?:sed|awk|perl|grep|python3?|tr)\b/.test(line));
}
