/**
 * Carries out a Dockerfile without Docker: every stage is a folder, RUN happens in it by chroot, COPY copies into it. What comes
 * out is the last stage's root, and what Docker would start in it.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { baseEnvironment, makeBaseImage } from "./base-image.ts";
import { buildContext, type CopySource, copyInto, makeFolders, stageFiles } from "./copy.ts";
import { DockerfileError, fillVariables, parseDockerfile, type Step } from "./dockerfile.ts";
import { runEntered } from "./enter.ts";
import { type NpmAccess, npmAccess } from "./npm-access.ts";

export interface BuildOptions {
  readonly dockerfile: string;
  /** The folder that COPY copies from. */
  readonly context: string;
  /** A folder that is there: it gets a folder `root`. */
  readonly output: string;
  /** Is told of each step before it is carried out. */
  onStep?(text: string): void;
}

/** What Docker keeps of an image besides its files. */
interface ImageConfig {
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  /** UID:GID. */
  readonly user: string;
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[] | undefined;
}

export interface Image {
  readonly root: string;
  readonly config: ImageConfig;
}

/** Needs root. @throws Error at the first step that fails or is not known; nothing is left behind then. */
export async function buildImage(options: BuildOptions): Promise<Image> {
  if (process.getuid?.() !== 0) throw new Error("Run this as root: it makes namespaces, mounts and device files");
  const root = join(options.output, "root");
  if (existsSync(root)) throw new Error(`${root} is there already`);
  const folder = await mkdtemp(join(options.output, "stages-"));
  try {
    const build = new Build(options, folder);
    for (const step of parseDockerfile(readFileSync(options.dockerfile, "utf8"))) await build.carryOut(step);
    const last = build.stage;
    await rename(last.root, root);
    return { root, config: last.config };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly name: string;
  readonly root: string;
  readonly arguments: Map<string, string>;
  config: ImageConfig;
}

class Build {
  readonly #options: BuildOptions;
  readonly #folder: string;
  readonly #context: CopySource;
  readonly #npm: NpmAccess = npmAccess();
  /** ARG before the first FROM. */
  readonly #globalArguments = new Map<string, string>();
  readonly #stages: Stage[] = [];

  constructor(options: BuildOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#context = buildContext(options.context, options.dockerfile);
  }

  get stage(): Stage {
    const stage = this.#stages.at(-1);
    if (stage === undefined) throw new Error("there is no FROM before it");
    return stage;
  }

  /** @throws DockerfileError with the line of what fails. */
  async carryOut(step: Step): Promise<void> {
    this.#options.onStep?.(step.text);
    try {
      await this.#carryOut(step);
    } catch (error) {
      throw new DockerfileError(step.line, (error as Error).message);
    }
  }

  async #carryOut(step: Step): Promise<void> {
    switch (step.kind) {
      case "arg":
        return this.#declare(step.name, step.value);
      case "from":
        return this.#begin(fillVariables(step.image, this.#globalArguments), step.stage);
      case "copy":
        return this.#copy(step.from, step.sources, step.destination);
      case "run":
        return this.#run(step.command);
      case "env":
        return this.#configure({
          environment: { ...this.stage.config.environment, [step.name]: this.#filled(step.value) },
        });
      case "workdir": {
        const path = posix.resolve(this.stage.config.workingDirectory, this.#filled(step.path));
        await makeFolders(this.stage.root, join(this.stage.root, path));
        return this.#configure({ workingDirectory: path });
      }
      case "user":
        return this.#configure({ user: step.user });
      case "volume":
        return this.#configure({ volumes: [...this.stage.config.volumes, this.#filled(step.path)] });
      case "entrypoint":
        // As Docker does: parameters that were meant for another entrypoint are forgotten.
        return this.#configure({ entrypoint: step.command, command: [] });
      case "cmd":
        return this.#configure({ command: step.command });
      case "healthcheck":
        return this.#configure({ healthcheck: step.command });
    }
  }

  #declare(name: string, value: string | undefined): void {
    const declared = this.#stages.at(-1)?.arguments ?? this.#globalArguments;
    const given = value === undefined ? this.#globalArguments.get(name) : fillVariables(value, this.#variables);
    if (given !== undefined) declared.set(name, given);
  }

  async #begin(image: string, name: string = `${this.#stages.length}`): Promise<void> {
    const root = join(this.#folder, `${this.#stages.length}`);
    if (this.#stages.some((stage) => stage.name === image)) throw new Error("FROM a stage is not known here");
    await makeBaseImage(image, root);
    this.#stages.push({ name, root, arguments: new Map(), config: baseConfig });
  }

  async #copy(from: string | undefined, sources: readonly string[], destination: string): Promise<void> {
    const { root, config } = this.stage;
    const source = from === undefined ? this.#context : this.#stageOf(from);
    const written = this.#filled(destination);
    if (sources.length > 1 && !written.endsWith("/")) throw new Error(`${written} must end with / for several sources`);
    const target = posix.join(written.startsWith("/") ? "/" : config.workingDirectory, written);
    for (const each of sources) await copyInto(source, this.#filled(each), root, target);
  }

  #stageOf(name: string): CopySource {
    const stage = this.#stages.slice(0, -1).find((each) => each.name === name);
    if (stage === undefined) throw new Error(`COPY --from=${name}: there is no such stage before this one`);
    return stageFiles(name, stage.root);
  }

  async #run(command: string): Promise<void> {
    const { root, config, arguments: declared } = this.stage;
    if (config.user !== baseConfig.user) throw new Error("RUN after USER is not known here");
    await runEntered({
      root,
      command: ["/bin/sh", "-c", command],
      environment: {
        HOME: "/root",
        ...Object.fromEntries(declared),
        ...config.environment,
        ...this.#npm.environment,
      },
      workingDirectory: config.workingDirectory,
      binds: this.#npm.binds,
    });
  }

  #configure(changes: Partial<ImageConfig>): void {
    this.stage.config = { ...this.stage.config, ...changes };
  }

  #filled(text: string): string {
    return fillVariables(text, this.#variables);
  }

  get #variables(): ReadonlyMap<string, string> {
    const stage = this.#stages.at(-1);
    if (stage === undefined) return this.#globalArguments;
    return new Map([...stage.arguments, ...Object.entries(stage.config.environment)]);
  }
}

const baseConfig: ImageConfig = {
  environment: baseEnvironment,
  workingDirectory: "/",
  user: "0:0",
  volumes: [],
  entrypoint: [],
  command: ["node"],
  healthcheck: undefined,
};
