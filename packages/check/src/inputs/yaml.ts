/** YAML (and JSON, which is YAML) as {@link ConfigNode}s: anchors, aliases and merge keys resolved, places kept. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
} from "yaml";
import { ConfigNode, type Key, type Scalar } from "./config-node.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

/** Aliases of aliases can make a small file large: no configuration is. */
const maxNodes = 500_000;

/** Several formats look at one file, and a compose file is a part of several projects. */
const parsed = new WeakMap<SourceFile, readonly ConfigNode[]>();

/** The documents of a file, of which most have one; an empty file has none. @throws {InputError} */
export function parseYaml(file: SourceFile): readonly ConfigNode[] {
  let documents = parsed.get(file);
  if (documents === undefined) {
    documents = readDocuments(file);
    parsed.set(file, documents);
  }
  return documents;
}

function readDocuments(file: SourceFile): readonly ConfigNode[] {
  const documents = parseDocuments(file);
  return documents.flatMap((document, index) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw new InputError(`this is not YAML: ${problem.message}`, file.locate(problem.pos[0], problem.pos[1]));
    }
    const { contents } = document;
    const sourcePath = documents.length > 1 ? [index] : [];
    return contents === null ? [] : [new Reader(file).read(contents as Node, { path: [], sourcePath })];
  });
}

function parseDocuments(file: SourceFile): readonly Document.Parsed[] {
  try {
    const documents = parseAllDocuments(file.text, { prettyErrors: false });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError("it is nested too deeply to be read", file.locate(0), { cause: error });
  }
}

interface Place {
  readonly path: readonly Key[];
  /**
   * As `path`, but with the merge keys: it leads to the place that uses a value, also where an alias takes it from another. In a
   * file of several documents the number of the document, from 0, comes first.
   */
  readonly sourcePath: readonly Key[];
  readonly key?: Location | undefined;
  /** Of what it is in, for a value that has no text. */
  readonly within?: Location | undefined;
}

class Reader {
  readonly #file: SourceFile;
  readonly #anchors = new Map<string, Node>();
  readonly #anchored = new Set<Node>();
  /** A name may be given again further down: an alias means the one before it, also where it is read a second time. */
  readonly #targets = new Map<Alias, Node>();
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  read(node: Node | null, place: Place): ConfigNode {
    if (++this.#nodes > maxNodes) throw new InputError("its aliases make it too large to be read", place.within);
    if (isAlias(node)) return this.read(this.#target(node), place);
    if (node !== null) this.#anchor(node);
    const { path, sourcePath, key } = place;
    const location = this.#locate(node) ?? key ?? place.within ?? this.#file.locate(0);
    const tag = node?.tag;
    const content = this.#content(node, place, location);
    const written = isScalar(node) ? (node.source ?? String(node.value ?? "")) : undefined;
    return new ConfigNode({ path, sourcePath, location, keyLocation: key, written, tag, content });
  }

  #content(node: Node | null, { path, sourcePath }: Place, location: Location): ConfigNode["content"] {
    if (node === null) return null;
    if (isScalar(node)) return scalarOf(node.value);
    this.#open.add(node);
    let content: ConfigNode["content"] = null;
    if (isMap(node)) content = this.#members(node.items as Pair<Node, Node | null>[], path, sourcePath, location);
    else if (isSeq(node)) {
      content = node.items.map((item, index) =>
        this.read(item as Node | null, {
          path: [...path, index],
          sourcePath: [...sourcePath, index],
          within: location,
        }),
      );
    }
    this.#open.delete(node);
    return content;
  }

  #members(
    pairs: readonly Pair<Node, Node | null>[],
    path: readonly Key[],
    sourcePath: readonly Key[],
    within: Location,
  ): ReadonlyMap<string, ConfigNode> {
    const content = new Map<string, ConfigNode>();
    const merged: (readonly [string, ConfigNode])[] = [];
    for (const { key: keyNode, value } of pairs) {
      const name = this.#nameOf(keyNode);
      const inner = { sourcePath: [...sourcePath, name], key: this.#locate(keyNode), within };
      if (name === "<<" && isMergeable(value)) merged.push(...this.#merged(value, { ...inner, path }));
      else content.set(name, this.read(value, { ...inner, path: [...path, name] }));
    }
    for (const [name, value] of merged) if (!content.has(name)) content.set(name, value);
    return content;
  }

  /** What a merge key brings: of several maps the first wins. */
  #merged(value: Node, place: Place): readonly (readonly [string, ConfigNode])[] {
    if (!isSeq(value)) return this.read(value, place).entries();
    return value.items.flatMap((item) => this.read(item as Node, place).entries());
  }

  /** Not again where it is read by an alias: its name may have been given to another since. */
  #anchor(node: Exclude<Node, Alias>): void {
    if (node.anchor === undefined || this.#anchored.has(node)) return;
    this.#anchored.add(node);
    this.#anchors.set(node.anchor, node);
  }

  #target(alias: Alias): Node {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    const at = this.#locate(alias);
    if (target === undefined) throw new InputError(`there is no anchor &${alias.source} before this`, at);
    if (this.#open.has(target)) throw new InputError(`the alias *${alias.source} is within its own anchor`, at);
    this.#targets.set(alias, target);
    return target;
  }

  #nameOf(key: Node): string {
    if (isAlias(key)) return this.#nameOf(this.#target(key));
    if (!isScalar(key)) return String(key);
    this.#anchor(key);
    return key.source ?? String(key.value);
  }

  #locate(node: Node | null): Location | undefined {
    const range = node?.range;
    return range ? this.#file.locate(range[0], range[1]) : undefined;
  }
}

function isMergeable(value: Node | null): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value);
}

function scalarOf(value: unknown): Scalar {
  if (value === undefined || value === null) return null;
  return typeof value === "boolean" || typeof value === "number" ? value : String(value);
}
