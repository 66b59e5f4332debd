/** Loads compose files as Docker does: variables filled in, services extended, files included, one merged over the other. */
import { dirname, resolve } from "node:path";
import { canonicalJson } from "@espalier/service/plain";
import { type ConfigNode, formatPath } from "../config-node.ts";
import { InputError, type SourceFile } from "../source-file.ts";
import type { SourceFiles } from "../source-files.ts";
import { parseYaml } from "../yaml.ts";
import { fillIn, type References } from "./fill-in.ts";
import { Merger, withoutReset } from "./merge.ts";
import { ComposeValidator } from "./schema.ts";
import { settle } from "./settle.ts";
import { dotenvOf, type Surroundings, withEnvFiles } from "./surroundings.ts";

/** What of a compose file an include takes over. */
const resources = ["services", "networks", "volumes", "secrets", "configs", "models"] as const;

export class ComposeLoader {
  /** The variables of each value. */
  readonly references: References = new WeakMap();
  /** The paths of the files that were read, the first first, and the folder that paths in them begin at. */
  readonly folders = new Map<string, string>();
  /** Absolute paths of those that were reached from another, not named. */
  readonly included = new Set<string>();
  readonly extended = new Set<string>();
  readonly #files: SourceFiles;
  readonly #report: (error: InputError) => void;
  readonly #validator: ComposeValidator;
  readonly #services = new Map<string, ConfigNode | undefined>();

  /** @param report takes what is wrong and lets the rest be read. */
  constructor(files: SourceFiles, report: (error: InputError) => void) {
    this.#files = files;
    this.#report = report;
    this.#validator = new ComposeValidator(({ message, location }) => report(new InputError(message, location)));
  }

  /** Files merged in their order; undefined where nothing is in them. @throws {InputError} */
  load(
    files: readonly SourceFile[],
    surroundings: Surroundings,
    chain: readonly string[] = [],
  ): ConfigNode | undefined {
    let model: ConfigNode | undefined;
    for (const file of files) {
      this.folders.set(file.path, surroundings.folder);
      for (const document of this.#documents(file, surroundings)) {
        const extended = this.#extendAll(document, file, surroundings);
        const whole = this.#include(extended, surroundings, [...chain, file.absolutePath]);
        const merged = model === undefined ? withoutReset(whole) : this.#merged(model, whole);
        model = settle(merged, [], this.references);
        this.#validator.checkModel(model);
      }
    }
    return model;
  }

  #merged(model: ConfigNode, override: ConfigNode): ConfigNode {
    return this.#attempt(() => new Merger(this.references, "base").merge(model, override, [])) ?? model;
  }

  /** The documents of a file with variables filled in. */
  #documents(file: SourceFile, { lookup }: Surroundings): readonly ConfigNode[] {
    return parseYaml(file).flatMap((document) => {
      if (document.content === null) return [];
      const filled = fillIn(document, { lookup, references: this.references, report: this.#report });
      if (filled.kind === "map") return [filled];
      this.#report(new InputError("a compose file must be a map, with services and what they need", filled.location));
      return [];
    });
  }

  #extendAll(document: ConfigNode, file: SourceFile, surroundings: Surroundings): ConfigNode {
    const services = document.get("services");
    if (services === undefined || !services.entries().some(([, service]) => service.get("extends") !== undefined)) {
      return document;
    }
    const members = services.entries().map(([name, service]) => {
      const extended = this.#attempt(() => this.#extend(service, name, services, file, surroundings, []));
      return [name, extended ?? service] as const;
    });
    return document.with({
      content: new Map(document.entries()).set("services", services.with({ content: new Map(members) })),
    });
  }

  #extend(
    service: ConfigNode,
    name: string,
    services: ConfigNode,
    file: SourceFile,
    surroundings: Surroundings,
    chain: readonly string[],
  ): ConfigNode {
    const extension = service.get("extends");
    if (extension === undefined) return service;
    const here = `${file.path}: ${name}`;
    if (chain.includes(here)) {
      throw new InputError(`service ${name} extends itself (${[...chain, here].join(" → ")})`, extension.location);
    }
    const from = extension.text ?? extension.get("service")?.text;
    if (from === undefined) {
      throw new InputError(`${formatPath(["services", name, "extends"])} must name a service`, extension.location);
    }
    const path = extension.get("file")?.text;
    const other = path === undefined ? file : this.#follow(path, extension, surroundings.folder, this.extended);
    const around = path === undefined ? surroundings : { ...surroundings, folder: dirname(other.absolutePath) };
    const bases = path === undefined ? services : this.#servicesOf(other, around);
    const base = bases?.get(from);
    if (bases === undefined || base === undefined) {
      throw new InputError(`service ${name} extends ${from}, which ${other.path} does not have`, extension.location);
    }
    const whole = this.#extend(base, from, bases, other, around, [...chain, here]);
    const own = new Map(service.entries());
    own.delete("extends");
    const merger = new Merger(this.references, "override");
    return merger.merge(withoutReset(whole), service.with({ content: own }), ["services", name]);
  }

  #servicesOf(file: SourceFile, surroundings: Surroundings): ConfigNode | undefined {
    const key = canonicalJson([file.absolutePath, surroundings.folder]);
    if (!this.#services.has(key)) {
      this.folders.set(file.path, surroundings.folder);
      const documents = this.#documents(file, surroundings);
      const merged = documents.reduce<ConfigNode | undefined>(
        (model, document) => (model === undefined ? document : this.#merged(model, document)),
        undefined,
      );
      this.#services.set(key, merged?.get("services"));
    }
    return this.#services.get(key);
  }

  /** What is included belongs to the model as if it was written there; a name that both have must mean the same. */
  #include(document: ConfigNode, surroundings: Surroundings, chain: readonly string[]): ConfigNode {
    const include = document.get("include");
    if (include === undefined) return document;
    const members = new Map(document.entries());
    members.delete("include");
    if (include.kind !== "list") throw new InputError("include must be a list of files", include.location);
    for (const item of include.items()) {
      this.#validator.checkInclude(item);
      const included = this.#attempt(() => this.#included(item, surroundings, chain));
      if (included === undefined) continue;
      for (const kind of resources) {
        const taken = included.get(kind);
        if (taken !== undefined) members.set(kind, this.#joined(members.get(kind), taken, kind, item));
      }
    }
    return document.with({ content: members });
  }

  #included(item: ConfigNode, surroundings: Surroundings, chain: readonly string[]): ConfigNode | undefined {
    const paths = item.kind === "map" ? valuesOf(item.get("path")) : [item];
    const files = paths.map((path) => this.#follow(path.text ?? "", path, surroundings.folder, this.included));
    const [first] = files;
    if (first === undefined) return undefined;
    const again = files.find(({ absolutePath }) => chain.includes(absolutePath));
    if (again !== undefined) {
      const round = [...chain.slice(chain.indexOf(again.absolutePath)), again.absolutePath];
      const shown = round.map((path) => this.#files.shown(path)).join(" → ");
      throw new InputError(`it includes itself (${shown})`, item.location);
    }
    const directory = item.get("project_directory")?.text;
    const folder = directory === undefined ? dirname(first.absolutePath) : resolve(surroundings.folder, directory);
    const envFiles = valuesOf(item.get("env_file")).map((path) =>
      this.#files.follow(resolve(surroundings.folder, path.text ?? ""), path.location),
    );
    const dotenv = envFiles.length > 0 ? envFiles : dotenvOf(folder, this.#files);
    const lookup = withEnvFiles(surroundings.lookup, dotenv);
    return this.load(files, { folder, lookup }, chain);
  }

  #joined(own: ConfigNode | undefined, taken: ConfigNode, kind: string, item: ConfigNode): ConfigNode {
    if (own === undefined) return taken;
    const members = new Map(own.entries());
    for (const [name, member] of taken.entries()) {
      const existing = members.get(name);
      if (existing !== undefined && canonicalJson(existing.value) !== canonicalJson(member.value)) {
        const there = `${member.location.file}, line ${member.location.line}`;
        const message = `${formatPath([kind, name])} is given by what is included here (${there}) and by another file: rename one`;
        this.#report(new InputError(message, item.location));
      } else members.set(name, existing ?? member);
    }
    return own.with({ content: members });
  }

  #follow(path: string, at: ConfigNode, folder: string, reached: Set<string>): SourceFile {
    if (isRemote(path)) {
      throw new InputError("this is fetched from elsewhere, and was not looked at: check a copy of it", at.location);
    }
    const absolute = resolve(folder, path);
    reached.add(absolute);
    return this.#files.follow(absolute, at.location);
  }

  /** Undefined where it did not succeed, which is reported. */
  #attempt<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#report(error);
      return undefined;
    }
  }
}

function valuesOf(node: ConfigNode | undefined): readonly ConfigNode[] {
  if (node === undefined || node.content === null) return [];
  return node.kind === "list" ? node.items() : [node];
}

function isRemote(path: string): boolean {
  return /^(?:oci|git|https?|ssh):\/\/|^git@|\.git(?:#.*)?$/.test(path);
}
