/** Which of the files that were read are compose files, and which of those Docker would run together. */
import { basename, dirname, join, resolve } from "node:path";
import type { ConfigNode } from "../config-node.ts";
import type { SourceFile } from "../source-file.ts";

/** What Docker looks for in a folder, the first first. */
const mainNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const overrideNames = mainNames.map((name) => name.replace("compose.", "compose.override."));

const composeName = /^(?:docker-)?compose(?:[._-].+)?\.ya?ml$/;
const yamlName = /\.ya?ml$/;
const topLevelServices = /^["']?services["']?\s*:/m;
/** What a service is made of. */
const origins = ["image", "build", "extends", "provider"];

/** A quick look, before the file is parsed. */
export function mayBeCompose({ path, text }: SourceFile): boolean {
  return isNamedCompose(path) || (yamlName.test(path) && topLevelServices.test(text));
}

export function isNamedCompose(path: string): boolean {
  return composeName.test(basename(path));
}

export function isMainName(path: string): boolean {
  return mainNames.includes(basename(path));
}

/** Other formats have a map of services too. */
export function isCompose(documents: readonly ConfigNode[]): boolean {
  return documents.some((document) => {
    const services = document.get("services")?.entries() ?? [];
    return services.some(([, service]) => [...origins, "container_name"].some((key) => service.get(key) !== undefined));
  });
}

/** Whether a file is complete only together with another: it says more of a service than what it is made of. */
export function isFragment(documents: readonly ConfigNode[]): boolean {
  const services = documents.flatMap((document) => document.get("services")?.entries() ?? []);
  return services.some(([, service]) => origins.every((key) => service.get(key) === undefined));
}

export interface Candidate {
  readonly file: SourceFile;
  readonly isFragment: boolean;
}

/**
 * The files of each project in the order in which they are merged: those that `COMPOSE_FILE` names in a folder's `.env`; the main
 * file with its override; a fragment such as compose.prod.yaml over the main file; each other file by itself.
 */
export function groupFiles(
  candidates: readonly Candidate[],
  composeFileOf: (folder: string) => readonly string[],
): readonly (readonly string[])[] {
  const groups: (readonly string[])[] = [];
  const grouped = new Set<string>();
  const add = (paths: readonly string[]) => {
    groups.push(paths);
    for (const path of paths) grouped.add(path);
  };
  const byFolder = Map.groupBy(candidates, ({ file }) => dirname(file.absolutePath));
  for (const [folder, inFolder] of byFolder) {
    const find = (names: readonly string[]) =>
      names.map((name) => join(folder, name)).find((path) => inFolder.some(({ file }) => file.absolutePath === path));
    const main = find(mainNames);
    const named = composeFileOf(folder);
    if (named.length > 0) add(named.map((path) => resolve(folder, path)));
    else if (main !== undefined) add([main, find(overrideNames) ?? []].flat());
    for (const candidate of inFolder) {
      const path = candidate.file.absolutePath;
      if (!grouped.has(path)) add(main !== undefined && candidate.isFragment ? [main, path] : [path]);
    }
  }
  return groups;
}
