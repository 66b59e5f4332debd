/** Finds the compose projects among the files that were read, and merges each as Docker would. */
import { dirname, resolve } from "node:path";
import type { Unreadable } from "../../engine/project.ts";
import type { ConfigNode } from "../config-node.ts";
import { type DotenvFile, parseDotenv } from "../dotenv.ts";
import type { Lookup } from "../interpolation.ts";
import { InputError, type SourceFile } from "../source-file.ts";
import type { SourceFiles } from "../source-files.ts";
import { parseYaml } from "../yaml.ts";
import type { ComposeProject, ComposeService } from "./compose-project.ts";
import { inconsistencies } from "./consistency.ts";
import {
  type Candidate,
  groupFiles,
  isCompose,
  isFragment,
  isMainName,
  isNamedCompose,
  mayBeCompose,
} from "./discover.ts";
import { ComposeLoader } from "./loader.ts";
import { projectNameLookup, projectNameVariable } from "./project-name.ts";
import { readService } from "./service.ts";
import { dotenvOf, firstOf, lookupIn, type Surroundings, withEnvFiles } from "./surroundings.ts";
import { readVariables } from "./variables.ts";

export interface ComposeOptions {
  readonly root: string;
  /** Those that were named; what they lead to is read as well. */
  readonly files: SourceFiles;
  readonly composeFiles?: readonly string[];
  readonly envFiles?: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ComposeReading {
  readonly projects: readonly ComposeProject[];
  readonly unreadable: readonly Unreadable[];
}

export function readComposeProjects(options: ComposeOptions): ComposeReading {
  return new Reading(options).read();
}

/** One project as it was read, before it is known whether it is a part of another. */
interface Attempted {
  /** Absolute, in the order in which they are merged. */
  readonly paths: readonly string[];
  readonly project: ComposeProject | undefined;
  readonly problems: readonly Unreadable[];
  readonly loader: ComposeLoader;
}

type Report = (error: InputError) => void;

class Reading {
  readonly #options: ComposeOptions;

  constructor(options: ComposeOptions) {
    this.#options = options;
  }

  read(): ComposeReading {
    const { composeFiles, root } = this.#options;
    const unreadable: Unreadable[] = [];
    const named = composeFiles?.map((path) => resolve(root, path));
    const groups = named === undefined ? this.#found(unreadable) : [named];
    const attempts: Attempted[] = [];
    for (const paths of groups) {
      // A file that is a part of another is not read by itself, where that is known already.
      if (!attempts.some((other) => isPartOf(paths, other))) attempts.push(this.#attempt(paths));
    }
    const projects = attempts.filter(({ paths }) => !attempts.some((other) => isPartOf(paths, other)));
    unreadable.push(...projects.flatMap(({ problems }) => problems));
    return { projects: projects.flatMap(({ project }) => project ?? []), unreadable };
  }

  #found(unreadable: Unreadable[]): readonly (readonly string[])[] {
    const { files } = this.#options;
    const candidates: Candidate[] = [];
    for (const file of files.texts.filter(mayBeCompose)) {
      try {
        const documents = parseYaml(file);
        if (isNamedCompose(file.path) || isCompose(documents))
          candidates.push({ file, isFragment: isFragment(documents) });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        unreadable.push({ subject: file.path, message: error.message, location: error.location });
      }
    }
    // Those that include others are found before these are read by themselves.
    const first = candidates.toSorted((left, right) => rank(left) - rank(right));
    return groupFiles(first, (folder) => this.#composeFile(folder));
  }

  /** What `COMPOSE_FILE` in a folder's `.env` names. */
  #composeFile(folder: string): readonly string[] {
    try {
      const lookup = withEnvFiles(() => undefined, dotenvOf(folder, this.#options.files));
      const named = lookup("COMPOSE_FILE")?.value ?? "";
      return named === "" ? [] : named.split(lookup("COMPOSE_PATH_SEPARATOR")?.value ?? ":");
    } catch (error) {
      // The project itself tells what is wrong with its `.env`.
      if (error instanceof InputError) return [];
      throw error;
    }
  }

  #attempt(paths: readonly string[]): Attempted {
    const { files } = this.#options;
    const problems: Unreadable[] = [];
    const report = ({ message, location }: InputError, path = paths[0]) => {
      problems.push({ subject: location?.file ?? files.shown(path ?? ""), message, location });
    };
    const loader = new ComposeLoader(files, report);
    const sources = paths.map((path) =>
      attempt(
        () => files.readText(path),
        (error) => report(error, path),
      ),
    );
    const project = sources.every((file) => file !== undefined)
      ? attempt(() => this.#project(sources, loader, report), report)
      : undefined;
    return { paths, project, problems, loader };
  }

  #project(sources: readonly SourceFile[], loader: ComposeLoader, report: Report): ComposeProject | undefined {
    const [main] = sources;
    if (main === undefined) return undefined;
    const surroundings = this.#surroundings(sources, dirname(main.absolutePath));
    const model = loader.load(sources, surroundings);
    if (model === undefined) throw new InputError("there is nothing in it", main.locate(0));
    const services = (model.get("services")?.entries() ?? []).map(([name, node]) =>
      this.#service(name, node, loader, surroundings.lookup, report),
    );
    for (const problem of inconsistencies(model, services)) report(problem);
    return {
      name: surroundings.lookup(projectNameVariable)?.value ?? "",
      files: [...loader.folders.keys()],
      model,
      services,
      variables: readVariables(model, loader),
    };
  }

  #surroundings(sources: readonly SourceFile[], folder: string): Surroundings {
    const { environment, envFiles, files, root } = this.#options;
    // One that cannot be read is told where the files that were named are read.
    const named = envFiles?.flatMap((path) => files.known(resolve(root, path)) ?? []);
    const given = withEnvFiles(lookupIn(environment), named ?? dotenvOf(folder, files));
    return { folder, lookup: firstOf(given, projectNameLookup(sources, folder, given)) };
  }

  #service(name: string, node: ConfigNode, loader: ComposeLoader, lookup: Lookup, report: Report): ComposeService {
    const { files } = this.#options;
    const pathOf = (path: string, at: ConfigNode) => resolve(loader.folders.get(at.location.file) ?? "", path);
    return readService(name, node, {
      fileOf: (source, at) => files.known(pathOf(source, at))?.path,
      envFiles: (service) => {
        const list = service.get("env_file");
        const items = list?.kind === "list" ? list.items() : list === undefined ? [] : [list];
        return items.flatMap((item) => this.#envFile(item, pathOf, lookup, report));
      },
    });
  }

  #envFile(
    item: ConfigNode,
    pathOf: (path: string, at: ConfigNode) => string,
    lookup: Lookup,
    report: Report,
  ): readonly DotenvFile[] {
    const path = item.kind === "map" ? item.get("path") : item;
    if (path?.text === undefined) return [];
    const isRequired = item.get("required")?.scalar !== false;
    try {
      const file = this.#options.files.follow(pathOf(path.text, path), path.location);
      return [parseDotenv(file, { lookup, isRaw: item.get("format")?.text === "raw" })];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (isRequired || error.location?.file !== path.location.file) report(error);
      return [];
    }
  }
}

/** Whether what is read by itself is a part of another: a main file that another only extends can still be run by itself. */
function isPartOf(paths: readonly string[], { paths: others, loader }: Attempted): boolean {
  const [first = ""] = paths;
  if (paths === others || paths.length > 1) return false;
  return loader.included.has(first) || (loader.extended.has(first) && !isMainName(first));
}

/** Main files first, and of these the outer. */
function rank({ file: { path } }: Candidate): number {
  return path.split("/").length + (isMainName(path) ? 0 : 1000);
}

function attempt<T>(act: () => T, report: Report): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    report(error);
    return undefined;
  }
}
