/** What the rules about compose services share: going through them, and speaking of keys that are not there. */
import type { JsonValue } from "@espalier/service";
import type { Edit } from "../../engine/edit.ts";
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";
import type { ComposeProject, ComposeService } from "../../inputs/compose/compose-project.ts";
import { formatPath, type Key } from "../../inputs/config-node.ts";

/** A service with the project that it is part of. */
export interface ServiceInProject {
  readonly compose: ComposeProject;
  readonly service: ComposeService;
}

export function* servicesOf(project: Project): Generator<ServiceInProject> {
  for (const compose of project.of("compose")) {
    for (const service of compose.services) yield { compose, service };
  }
}

/** The place of a key that the service lacks: its name, and the path that the key would have. */
export function absent({ name, node }: ComposeService, key: string): Pick<Found, "subject" | "at" | "path" | "value"> {
  return { subject: name, at: node.keyLocation ?? node.location, path: `${node.pathText}.${key}`, value: null };
}

/** A path below the service, where that of a node would have a number that changes with its neighbours. */
export function pathIn({ node }: ComposeService, ...keys: readonly Key[]): string {
  return formatPath([...node.path, ...keys]);
}

export function set({ node }: ComposeService, path: readonly Key[], value: JsonValue): Edit {
  return { kind: "set", file: node.location.file, path: [...node.sourcePath, ...path], value };
}

export function append({ node }: ComposeService, path: readonly Key[], value: JsonValue): Edit {
  return { kind: "append", file: node.location.file, path: [...node.sourcePath, ...path], value };
}

/** Lines of YAML below the service, as they are pasted into the file. */
export function pasted({ name }: ComposeService, ...lines: readonly string[]): string {
  return ["services:", `  ${name}:`, ...lines.map((line) => `    ${line}`)].join("\n");
}

/** `true` in YAML, and as text, which compose takes as well. */
export function isTrue(text: string | undefined): boolean {
  return text === "true";
}

/** One that does its work and ends: `restart: "no"`, or others wait for its end. */
export function isOneShot({ compose, service }: ServiceInProject): boolean {
  if (service.node.get("restart")?.text === "no") return true;
  return compose.services.some(
    ({ node }) => node.get("depends_on", service.name, "condition")?.text === "service_completed_successfully",
  );
}
