/** YAML (and JSON, which is YAML) as {@link ConfigNode}s: anchors, aliases and merge keys resolved, places kept. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from "yaml";
import { ConfigNode, type Key, type Scalar } from "./config-node.ts";
import { InputError, type Location, type SourceFile } from "./source-file.ts";

/** Aliases of aliases can make a small file large: no configuration is. */
const maxNodes = 500_000;

/** The documents of a file, of which most have one; an empty file has none. @throws {InputError} */
export function parseYaml(file: SourceFile): readonly ConfigNode[] {
  const documents = parseAllDocuments(file.text, {
    lineCounter: new LineCounter(),
    keepSourceTokens: false,
    uniqueKeys: true,
    merge: true,
    prettyErrors: false,
    customTags: lenientTags,
  });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw new InputError(`this is not YAML: ${problem.message}`, file.locate(problem.pos[0], problem.pos[1]));
    }
    return document.contents === null ? [] : [new Reader(file, document).read(document.contents as Node, [], [])];
  });
}

/** Tags such as `!override` and `!reset` of compose change how a value is merged; their reader looks at `written` tags. */
const lenientTags = ["!override", "!reset", "!vault", "!env"].flatMap((tag) => [
  { tag, collection: "map" as const },
  { tag, collection: "seq" as const },
  { tag, resolve: (text: string) => text },
]) as never;

class Reader {
  readonly #file: SourceFile;
  readonly #document: Document.Parsed | Document;
  #nodes = 0;

  constructor(file: SourceFile, document: Document.Parsed | Document) {
    this.#file = file;
    this.#document = document;
  }

  read(
    node: Node | null,
    path: readonly Key[],
    sourcePath: readonly Key[],
    key?: Location,
    within?: Location,
  ): ConfigNode {
    if (++this.#nodes > maxNodes) throw new InputError("its aliases make it too large to be read", within);
    if (isAlias(node)) return this.#alias(node, path, sourcePath, key);
    const location = this.#locate(node) ?? key ?? within ?? this.#file.locate(0);
    const parts = { path, sourcePath, location, keyLocation: key };
    if (isMap(node)) {
      const content = new Map<string, ConfigNode>();
      const merged = new Map<string, ConfigNode>();
      for (const pair of node.items as Pair<Node, Node | null>[]) {
        const name = this.#keyOf(pair.key);
        const at = this.#locate(pair.key);
        if (name === "<<" && isMergeable(pair.value)) {
          for (const [inner, value] of this.#merged(pair.value, path, [...sourcePath, name], at)) {
            if (!merged.has(inner)) merged.set(inner, value);
          }
        } else {
          content.set(name, this.read(pair.value, [...path, name], [...sourcePath, name], at, location));
        }
      }
      for (const [name, value] of merged) if (!content.has(name)) content.set(name, value);
      return new ConfigNode({ ...parts, content });
    }
    if (isSeq(node)) {
      const content = node.items.map((item, index) =>
        this.read(item as Node | null, [...path, index], [...sourcePath, index], undefined, location),
      );
      return new ConfigNode({ ...parts, content });
    }
    const value = isScalar(node) ? node.value : null;
    const content: Scalar =
      value === undefined || value === null || typeof value === "boolean" || typeof value === "number"
        ? (value ?? null)
        : String(value);
    const written = isScalar(node) ? (node.source ?? String(value ?? "")) : undefined;
    return new ConfigNode({ ...parts, content, written });
  }

  #alias(alias: Alias, path: readonly Key[], sourcePath: readonly Key[], key: Location | undefined): ConfigNode {
    const target = alias.resolve(this.#document as Document);
    const at = this.#locate(alias) ?? key;
    if (target === undefined) throw new InputError(`there is no anchor &${alias.source} before this`, at);
    return this.read(target as Node, path, sourcePath, key, at);
  }

  #merged(value: Node, path: readonly Key[], sourcePath: readonly Key[], at: Location | undefined) {
    const sources = isSeq(value) ? (value.items as Node[]) : [value];
    return sources.flatMap((source) => this.read(source, path, sourcePath, at).entries());
  }

  #keyOf(key: Node): string {
    if (isAlias(key)) return this.#keyOf(key.resolve(this.#document as Document) as Node);
    return isScalar(key) ? String(key.value) : String(key);
  }

  #locate(node: Node | null): Location | undefined {
    const range = node?.range;
    return range ? this.#file.locate(range[0], range[1]) : undefined;
  }
}

function isMergeable(value: Node | null): value is Node {
  return isAlias(value) || isMap(value) || isSeq(value);
}
