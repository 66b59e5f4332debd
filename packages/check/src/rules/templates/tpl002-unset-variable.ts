import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import { defineRule } from "../../engine/rule.ts";
import type { VariableUse } from "../../inputs/compose/compose-project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

export const tpl002 = defineRule({
  id: "TPL002",
  title: "variable has no value",
  severity: "critical",
  profile: "lab",
  reads: ["compose"],
  fix: "safe",
  explanation: `Compose puts nothing in the place of a variable that is not set, warns in one line among many, and starts. A password is then empty, a path is \`/\`, an image has no tag, and the services seem to work.

Set the variable in \`.env\` or in the environment. Write \`\${NAME:?}\` in the file as well: without a value the start then stops, on this machine and on the next. Where nothing is a good value, say so with \`\${NAME:-}\`.`,
  references: [
    "Compose specification, “Interpolation”",
    "Docker documentation, “Set, use, and manage variables in a Compose file with interpolation”",
  ],
  *find(project) {
    const found = new Set<string>();
    for (const compose of project.of("compose")) {
      for (const { name, operator, from, isEmpty, node } of compose.variables) {
        const { file, start } = node.location;
        const use = `${file}:${start}:${name}`;
        if (operator !== "" || !isEmpty || found.has(use)) continue;
        found.add(use);
        const written = `\${${name}}`;
        const required = `\${${name}:?${name} must be set}`;
        yield {
          subject: subjectOf(node),
          message: `${node.pathText} has ${written}, which is ${places[from]} and has no default`,
          at: node,
          value: written,
          fix: `Set ${name} in .env or in the environment, and write instead of ${written}:\n${required}\nWhere nothing is right: \${${name}:-}`,
          edits: occurrences(node, name, project).map((at) => ({ kind: "replace", at, text: required })),
        };
      }
    }
  },
});

const places: Readonly<Record<VariableUse["from"], string>> = {
  environment: "empty in the environment",
  dotenv: "empty in an environment file",
  default: "empty",
  nothing: "set nowhere",
};

function subjectOf({ path, location }: ConfigNode): string {
  const [section, name] = path;
  return section === "services" && name !== undefined ? String(name) : location.file;
}

type Place = Extract<Edit, { kind: "replace" }>["at"];

/** Where `$NAME` or `${NAME}` stands in the text of a value; `$$` is a dollar sign and no variable. */
function occurrences({ location }: ConfigNode, name: string, project: Project): readonly Place[] {
  const file = project.files.get(location.file);
  const text = file?.text.slice(location.start, location.end) ?? "";
  const variable = new RegExp(`\\$\\$|\\$\\{${name}\\}|\\$${name}(?![A-Za-z0-9_])`, "g");
  return [...text.matchAll(variable)].flatMap(({ 0: { length }, index, input }) => {
    const start = location.start + index;
    return file === undefined || input.startsWith("$$", index) ? [] : [file.locate(start, start + length)];
  });
}
