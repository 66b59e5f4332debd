import { basename } from "node:path";
import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { DotenvFile } from "../../inputs/dotenv.ts";

export const tpl004 = defineRule({
  id: "TPL004",
  title: "variable is defined and never used",
  severity: "low",
  profile: "strict",
  reads: ["dotenv"],
  fix: "none",
  explanation: `A variable that nothing reads is a setting that has no effect, which somebody will change one day and wonder about, or a misspelt name of one that is missing. A secret among them is one more that can leak.

Remove it, or write the name as it is used. A name counts as used where any other file that is checked has it: compose files, templates, scripts, programs.`,
  references: ["Compose specification, “Interpolation”"],
  *find(project) {
    const files = project.of("dotenv").filter((file) => isChecked(file, project));
    const defined = new Set(files.flatMap(({ variables }) => variables.map(({ name }) => name)));
    const used = usedNames(defined, project);
    for (const file of files) {
      for (const { name, location } of file.variables) {
        if (used.has(name) || ofTools.test(name)) continue;
        yield {
          subject: file.path,
          message: `${name} is defined in ${file.path} and used nowhere`,
          at: location,
          path: name,
          fix: `Remove the line of ${name}, or write the name as it is used.`,
        };
      }
    }
  },
});

/** Read by Docker and its like themselves. */
const ofTools = /^(?:COMPOSE|DOCKER|BUILDKIT|PODMAN)_|^(?:PATH|HOME|TZ|LANG|PUID|PGID|UID|GID|USER)$/;

/** Not an example, not what a container is given as a whole, and only where there is something that could use it. */
function isChecked({ path }: DotenvFile, project: Project): boolean {
  if (/\b(?:example|sample|dist|template|default)s?\b/i.test(basename(path))) return false;
  const given = project
    .of("compose")
    .some(({ services }) =>
      services.some(({ environment }) => environment.some(({ location }) => location.file === path)),
    );
  return !given && (project.of("compose").length > 0 || project.of("template").length > 0);
}

/** Wherever a file has the name as a word; in files of variables only behind a dollar sign, since they define it. */
function usedNames(defined: ReadonlySet<string>, project: Project): ReadonlySet<string> {
  const definitions = new Set(project.of("dotenv").map(({ path }) => path));
  const used = new Set<string>();
  for (const { path, text } of project.of("file")) {
    const pattern = definitions.has(path) ? /\$\{?([A-Za-z_]\w*)/g : /([A-Za-z_]\w*)/g;
    for (const [, name = ""] of text.matchAll(pattern)) if (defined.has(name)) used.add(name);
  }
  return used;
}
