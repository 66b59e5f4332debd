/** The file `espalier.yaml`: its tree, filled in from the environment, and where in the file each key stands. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Document, Node, Pair, Scalar } from "yaml";
import { isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Environment } from "./environment.ts";
import type { ConfigurationProblem } from "./error.ts";
import { interpolate } from "./interpolation.ts";
import type { Path } from "./path.ts";
import { formatPath } from "./path.ts";
import { isContainer } from "./schema-tree.ts";

export interface ConfigurationFile {
  /** As given, for the reader. */
  readonly name: string;
  readonly tree: Record<string, unknown>;
  /** Values that could not be filled in; reported already. */
  readonly failed: readonly Path[];
  /** `espalier.yaml:12:9`, of the value at `path` or of the nearest above it; `undefined` when the file has neither. */
  locateValue(path: Path): string | undefined;
  /** The same for the key itself. */
  locateKey(path: Path): string | undefined;
}

export interface FileReading {
  readonly environment: Environment;
  /** Whether the text at a path is not to be filled in. */
  readonly isVerbatim: (path: Path) => boolean;
  readonly report: (problem: ConfigurationProblem) => void;
}

/** `undefined` when the file is not there and need not be, or cannot be used: then the problem has been reported. */
export function readConfigurationFile(
  path: string,
  required: boolean,
  reading: FileReading,
): ConfigurationFile | undefined {
  const { report } = reading;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !required) return undefined;
    const advice = code === "ENOENT" ? "there is no such file: check the path" : `cannot be read (${code})`;
    report({ path: "", source: path, message: advice });
    return undefined;
  }
  return parseConfigurationFile(basename(path), text, reading);
}

function parseConfigurationFile(name: string, text: string, reading: FileReading): ConfigurationFile | undefined {
  const { report } = reading;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    for (const error of document.errors) {
      report({ path: "", source: at(error.pos[0]), message: `this is not YAML: ${error.message}` });
    }
    return undefined;
  }
  const failed = fillIn(document, reading, (offset, path, message) =>
    report({ path: formatPath(path), source: at(offset), message }),
  );
  const tree = toTree(document, name, report);
  if (tree === undefined) return undefined;
  const locate = (path: Path, find: (document: Document.Parsed, path: Path) => Node | undefined) => {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const offset = find(document, path.slice(0, depth))?.range?.[0];
      if (offset !== undefined) return at(offset);
    }
    return undefined;
  };
  return {
    name,
    tree,
    failed,
    locateValue: (path) => locate(path, valueNode),
    locateKey: (path) => locate(path, keyNode),
  };
}

/** Replaces the references in every text value, after the YAML is parsed: a value can be any text and stays one text. */
function fillIn(
  document: Document.Parsed,
  { environment, isVerbatim }: FileReading,
  report: (offset: number, path: Path, message: string) => void,
): Path[] {
  const failed: Path[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("$")) return;
      const path = pathOf(node, ancestors);
      if (isVerbatim(path)) return;
      let reported = false;
      const result = interpolate(node.value, (name) => {
        const value = environment.get(name);
        if (value === "failed") reported = true;
        return value === "failed" ? "" : value?.text;
      });
      if ("text" in result) node.value = result.text;
      if ("problem" in result || reported) {
        failed.push(path);
        if ("problem" in result) report(node.range?.[0] ?? 0, path, result.problem);
      }
    },
  });
  return failed;
}

function pathOf(node: Scalar, ancestors: readonly (Document | Node | Pair)[]): Path {
  const chain = [...ancestors, node];
  return chain.flatMap((each, index): Path => {
    const next = chain[index + 1];
    if ("items" in each && !isMap(each)) return [each.items.indexOf(next as never)];
    return "key" in each && isScalar(each.key) ? [String(each.key.value)] : [];
  });
}

function toTree(
  document: Document.Parsed,
  name: string,
  report: (problem: ConfigurationProblem) => void,
): Record<string, unknown> | undefined {
  let tree: unknown;
  try {
    tree = document.toJS();
  } catch (error) {
    report({ path: "", source: name, message: `this cannot be read: ${(error as Error).message}` });
    return undefined;
  }
  if (tree === null || tree === undefined) return {};
  if (isContainer(tree) && !Array.isArray(tree)) return tree;
  report({ path: "", source: name, message: "must hold sections, each a name followed by a colon and its keys" });
  return undefined;
}

function valueNode(document: Document.Parsed, path: Path): Node | undefined {
  return document.getIn(path.map(nodeKey), true) as Node | undefined;
}

function keyNode(document: Document.Parsed, path: Path): Node | undefined {
  const parent = path.length === 1 ? document.contents : valueNode(document, path.slice(0, -1));
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
  return pair?.key as Node | undefined;
}

function nodeKey(key: PropertyKey): string | number {
  return typeof key === "number" ? key : String(key);
}
