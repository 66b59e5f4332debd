/** Where a path leads in a YAML document, through aliases and merge keys, and which other places show what is written there. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from "yaml";
import type { Key } from "../../inputs/config-node.ts";
import { keyText, YamlEditError, type YamlText } from "./yaml-text.ts";

export interface Resolved {
  /** The path in the plain value of the file: without the merge keys that a source path has. */
  readonly path: readonly Key[];
  /** The collection that has, or is to get, `key`; undefined for an empty file. */
  readonly holder: YAMLMap | YAMLSeq | undefined;
  readonly key: Key;
  /** What of the path is below `key`: not empty where maps must be made on the way. */
  readonly rest: readonly Key[];
  readonly exists: boolean;
  /**
   * Set where `holder` is not written here but came by an alias or a merge key: the nearest collection that is, the key in it
   * that a copy would get, and how much of `path` leads to that key.
   */
  readonly shared?: {
    readonly holder: YAMLMap | YAMLSeq;
    readonly key: Key;
    readonly depth: number;
    readonly by: "alias" | "merge key";
  };
}

type Value = Node | null | undefined;

/** @param isOfTarget whether the edit is made inside what the path leads to, as an item is appended to a list. */
export function resolve(yaml: YamlText, sourcePath: readonly Key[], isOfTarget: boolean): Resolved {
  const { document } = yaml;
  const path: Key[] = [];
  let shared: Resolved["shared"];
  let holder: YAMLMap | YAMLSeq | undefined;
  let key: Key | undefined;
  let node: Value = document.contents as Value;
  const done = (exists: boolean, at: Key, rest: readonly Key[]): Resolved => ({
    path: [...path, ...rest],
    holder,
    key: at,
    rest,
    exists,
    ...(shared === undefined ? {} : { shared }),
  });
  const follow = () => {
    if (!isAlias(node)) return;
    if (holder !== undefined && key !== undefined) shared ??= { holder, key, depth: path.length, by: "alias" };
    node = node.resolve(document as never) as Value;
  };

  for (const [index, each] of sourcePath.entries()) {
    if (each === "<<" && isMap(node) && mergeSources(yaml, node).length > 0) continue;
    follow();
    const rest = sourcePath.slice(index + 1).filter((inner) => inner !== "<<");
    if (isMap(node)) {
      const own = ownPair(node, each);
      const merged = own === undefined ? mergedPair(yaml, node, String(each)) : undefined;
      if (merged?.isAliased) shared ??= { holder: node, key: String(each), depth: path.length + 1, by: "merge key" };
      holder = merged?.source ?? node;
      key = String(each);
      path.push(key);
      const pair = own ?? merged?.pair;
      if (pair === undefined) return done(false, key, rest);
      node = pair.value as Value;
    } else if (isSeq(node)) {
      if (typeof each !== "number" || each < 0 || each > node.items.length) {
        throw new YamlEditError(`the list has no item ${String(each)}`);
      }
      holder = node;
      key = each;
      path.push(each);
      if (each === node.items.length) return done(false, each, rest);
      node = node.items[each] as Value;
    } else if (node === null || node === undefined || (isScalar(node) && node.value === null)) {
      // `web:` with nothing below it: it becomes a map, in its holder.
      if (typeof each === "number") throw new YamlEditError(`there is no list for item ${each}`);
      const below = [String(each), ...rest];
      if (key !== undefined) return done(true, key, below);
      path.push(...below);
      return { path, holder: undefined, key: below[0]!, rest: below.slice(1), exists: false };
    } else {
      throw new YamlEditError(`what ${String(each)} would be below is no map`);
    }
  }
  if (isOfTarget) follow();
  if (key === undefined) throw new YamlEditError("a whole file is not replaced");
  return done(true, key, []);
}

function ownPair(map: YAMLMap, key: Key): Pair | undefined {
  return map.items.find((pair) => keyText(pair) === String(key)) as Pair | undefined;
}

/** Each place of the plain value where `key` of this holder is seen: one, unless aliases or merge keys lead to it. */
export function placesOf(yaml: YamlText, holder: YAMLMap | YAMLSeq, key: Key): readonly (readonly Key[])[] {
  const places: (readonly Key[])[] = [];
  visitPlaces(yaml, (path, value, from) => {
    if (from === holder && path.at(-1) === key) places.push(path);
    // Where the key is not there yet.
    if (value === holder && isMap(holder) && ownPair(holder, key) === undefined) places.push([...path, key]);
  });
  return places;
}

/** Each place where a value is seen. */
export function placesOfValue(yaml: YamlText, wanted: Node): readonly (readonly Key[])[] {
  const places: (readonly Key[])[] = [];
  visitPlaces(yaml, (path, value) => {
    if (value === wanted) places.push(path);
  });
  return places;
}

/** @param seen gets each value, aliases and merge keys followed, and the collection in which it is written. */
function visitPlaces(
  yaml: YamlText,
  seen: (path: readonly Key[], value: Value, from: YAMLMap | YAMLSeq | undefined) => void,
): void {
  let budget = 500_000;
  const visit = (at: Value, path: readonly Key[], from?: YAMLMap | YAMLSeq): void => {
    if (--budget < 0) throw new YamlEditError("its aliases lead to too many places");
    const value = isAlias(at) ? (at.resolve(yaml.document as never) as Value) : at;
    seen(path, value, from);
    if (isSeq(value)) {
      for (const [index, item] of value.items.entries()) visit(item as Value, [...path, index], value);
    } else if (isMap(value)) {
      for (const [source, pair] of visiblePairs(yaml, value))
        visit(pair.value as Value, [...path, keyText(pair)], source);
    }
  };
  visit(yaml.document.contents as Value, []);
}

/** The members of a map, its own and those that merge keys bring, each with the map in which it is written. */
function visiblePairs(yaml: YamlText, map: YAMLMap): readonly (readonly [YAMLMap, Pair])[] {
  const pairs = new Map<string, readonly [YAMLMap, Pair]>();
  const sources = mergeSources(yaml, map);
  for (const pair of map.items as Pair[]) {
    if (keyText(pair) !== "<<" || sources.length === 0) pairs.set(keyText(pair), [map, pair]);
  }
  for (const { source } of sources) {
    for (const [from, pair] of visiblePairs(yaml, source)) {
      if (!pairs.has(keyText(pair))) pairs.set(keyText(pair), [from, pair]);
    }
  }
  return [...pairs.values()];
}

function mergedPair(
  yaml: YamlText,
  map: YAMLMap,
  key: string,
): { readonly source: YAMLMap; readonly pair: Pair; readonly isAliased: boolean } | undefined {
  for (const { source, isAliased } of mergeSources(yaml, map)) {
    const own = ownPair(source, key);
    if (own !== undefined) return { source, pair: own, isAliased };
    const further = mergedPair(yaml, source, key);
    if (further !== undefined) return { ...further, isAliased: isAliased || further.isAliased };
  }
  return undefined;
}

function mergeSources(yaml: YamlText, map: YAMLMap): readonly { source: YAMLMap; isAliased: boolean }[] {
  const value = ownPair(map, "<<")?.value as Value;
  if (value === undefined || value === null) return [];
  const written = isSeq(value) ? (value.items as Node[]) : [value];
  return written.flatMap((each) => {
    const source = isAlias(each) ? each.resolve(yaml.document as never) : each;
    return isMap(source) ? [{ source, isAliased: isAlias(each) }] : [];
  });
}
