/** Authelia's settings as they count: from its file, or from the variable of a service, which goes before it. */

import { posix } from "node:path";
import type { JsonValue } from "@espalier/service";
import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import type { ConfigNode, Key } from "../../inputs/config-node.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import type { Place } from "../directory/place.ts";

export interface Setting {
  readonly text: string;
  readonly place: Place;
  /** None for what a variable says. */
  edits(value: JsonValue): readonly Edit[];
}

/** @param names of the same setting in different versions, the newest first. */
export function settingOf(
  project: Project,
  { root }: ConfigFile,
  ...names: readonly (readonly string[])[]
): Setting | undefined {
  return names
    .map((path) => fromVariable(project, path) ?? fromNode(root.get(...path)))
    .find((setting) => setting !== undefined);
}

export function fromNode(node: ConfigNode | undefined): Setting | undefined {
  if (node?.text === undefined) return undefined;
  return {
    text: node.text,
    place: { at: node },
    edits: (value) => [{ kind: "set", file: node.location.file, path: node.sourcePath, value }],
  };
}

function fromVariable(project: Project, path: readonly string[]): Setting | undefined {
  const name = `AUTHELIA_${path.join("_").toUpperCase()}`;
  for (const { services } of project.of("compose")) {
    for (const service of services) {
      const variable = service.environment.find((each) => each.name === name && (each.value ?? "") !== "");
      if (variable?.value === undefined) continue;
      const at = variable.node ?? variable.location;
      return {
        text: variable.value,
        place: { at, path: `services.${service.name}.environment.${name}` },
        edits: () => [],
      };
    }
  }
  return undefined;
}

/** Whether a file beside it, which Authelia is started with as well, says it. */
export function isSaidBeside(project: Project, config: ConfigFile, ...path: readonly Key[]): boolean {
  const folder = posix.dirname(config.file.path);
  return project
    .of("authelia")
    .some(
      ({ file, root }) =>
        file !== config.file && posix.dirname(file.path) === folder && root.get(...path) !== undefined,
    );
}
