/** The texts of Espalier's own configuration, filled in as far as the files tell. */
import { posix } from "node:path";
import type { Project } from "../../engine/project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";

/** With `${NAME}` and `${NAME:-default}` filled in; undefined where a name is not known, or there is no text. */
export function settingText(node: ConfigNode | undefined, project: Project): string | undefined {
  const text = node?.text;
  if (node === undefined || text === undefined) return undefined;
  let isKnown = true;
  const filled = text.replaceAll(/\$\$|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (_, name?: string, fallback?: string) => {
    if (name === undefined) return "$";
    const value = variable(name, posix.dirname(node.location.file), project) ?? fallback;
    if (value === undefined) isKnown = false;
    return value ?? "";
  });
  return isKnown ? filled : undefined;
}

/** Of the `.env` files in the folder. */
function variable(name: string, folder: string, project: Project): string | undefined {
  const files = project.of("dotenv").filter(({ path }) => posix.dirname(path) === folder);
  const found = files.flatMap(({ variables }) => variables).find((each) => each.name === name && each.value !== "");
  return found?.value;
}
