/** Files and trees of templates to what they are rendered to, all in memory: nothing is written here. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import { nearestWord } from "@espalier/service/plain";
import { InputError, SourceFile } from "../inputs/source-file.ts";
import { renderedName } from "./languages.ts";
import { type RenderProblem, renderText, type SecretRange } from "./render-text.ts";
import type { Variables } from "./variables.ts";

export interface RenderSources {
  /** Files and folders, relative to `folder`. What is below a folder keeps its path below the target. */
  readonly sources: readonly string[];
  /** The folder that is rendered into, relative to `folder`. */
  readonly target: string;
  readonly folder: string;
  readonly variables: Variables;
  /** Names that a template must use: what one of them is for would silently be left out otherwise. */
  readonly required?: readonly string[];
}

export interface RenderedFile {
  /** Of the template, relative to `folder`. */
  readonly source: string;
  /** Where it goes. */
  readonly absolutePath: string;
  /** The same relative to `folder`. */
  readonly path: string;
  /** What is no text is copied. */
  readonly content: string | Uint8Array;
  readonly secrets: readonly SecretRange[];
  /** Permission bits: those of the template; for its owner alone where it holds a secret. */
  readonly mode: number;
}

export interface Rendering {
  readonly files: readonly RenderedFile[];
  /** All there are; where there is one nothing may be written. Of a required name there is no place. */
  readonly problems: readonly (Omit<RenderProblem, "location"> & Partial<RenderProblem>)[];
}

/** @throws {InputError} for a source that cannot be read, and for two that would be rendered to one file. */
export function renderFiles({ sources, target, folder, variables, required = [] }: RenderSources): Rendering {
  const root = resolve(folder, target);
  const problems: Rendering["problems"][number][] = [];
  const used = new Set<string>();
  const byTarget = new Map<string, string>();
  const files: RenderedFile[] = [];
  for (const { absolute, below } of sources.flatMap((source) => templatesOf(resolve(folder, source), root, folder))) {
    const source = shown(absolute, folder);
    const absolutePath = join(root, renderedName(below));
    const other = byTarget.get(absolutePath);
    if (other !== undefined)
      throw new InputError(`${other} and ${source} would both be rendered to ${shown(absolutePath, folder)}`);
    byTarget.set(absolutePath, source);
    const { bytes, mode } = read(absolute, source);
    const place = { source, absolutePath, path: shown(absolutePath, folder) };
    const text = textOf(bytes);
    if (text === undefined) {
      files.push({ ...place, content: bytes, secrets: [], mode });
      continue;
    }
    const file = new SourceFile({ path: source, absolutePath: absolute, text });
    const rendered = renderText(file, variables, (problem) => problems.push(problem));
    for (const name of rendered.used) used.add(name);
    // 0o700: a script goes on being one.
    files.push({
      ...place,
      content: rendered.text,
      secrets: rendered.secrets,
      mode: rendered.secrets.length > 0 ? mode & 0o700 : mode,
    });
  }
  for (const name of required.filter((each) => !used.has(each))) {
    const nearest = nearestWord(name, [...used]);
    const question = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    problems.push({ message: `{{${name}}} is required and no template uses it${question}` });
  }
  return { files, problems };
}

interface Template {
  readonly absolute: string;
  /** Below the target. */
  readonly below: string;
}

function templatesOf(source: string, target: string, folder: string): readonly Template[] {
  if (!statusOf(source, folder).isDirectory()) return [{ absolute: source, below: basename(source) }];
  if (isWithin(target, source)) {
    throw new InputError(
      `${shown(target, folder)} is within ${shown(source, folder)}: render to a folder that is none of the templates`,
    );
  }
  return [...filesBelow(source, folder)].map((absolute) => ({ absolute, below: relative(source, absolute) }));
}

function* filesBelow(path: string, folder: string): Generator<string> {
  for (const name of readdirSync(path).sort()) {
    const inner = join(path, name);
    const status = statusOf(inner, folder);
    if (status.isDirectory()) yield* filesBelow(inner, folder);
    else yield inner;
  }
}

function statusOf(path: string, folder: string) {
  try {
    const status = statSync(path);
    if (status.isFile() || status.isDirectory()) return status;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === "ENOENT" ? `there is no ${shown(path, folder)}` : `${shown(path, folder)} cannot be read (${code})`,
    );
  }
  throw new InputError(`${shown(path, folder)} is neither a file nor a folder`);
}

function read(absolute: string, source: string): { readonly bytes: Buffer; readonly mode: number } {
  try {
    return { bytes: readFileSync(absolute), mode: statSync(absolute).mode & 0o777 };
  } catch (error) {
    throw new InputError(`${source} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

function shown(absolutePath: string, folder: string): string {
  return relative(folder, absolutePath) || ".";
}
