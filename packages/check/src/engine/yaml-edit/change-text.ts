/** One change of one collection as splices of the text: the line that it is about, and no other. */
import type { JsonValue } from "@espalier/service";
import { isMap, type YAMLMap, type YAMLSeq } from "yaml";
import type { Key } from "../../inputs/config-node.ts";
import { isInline, renderFlow, renderInline, renderLines } from "./render.ts";
import {
  type Collection,
  headEnd,
  type Item,
  itemEnd,
  itemStart,
  keyText,
  type Splice,
  solidItems,
  tokenEnd,
  tokenOf,
  YamlEditError,
  type YamlText,
} from "./yaml-text.ts";

type Holder = YAMLMap | YAMLSeq;

/** Gives `key` of a collection a value, in place of the one that it has or as a new last member. */
export function setText(yaml: YamlText, holder: Holder, key: Key, value: JsonValue): readonly Splice[] {
  const collection = collectionOf(holder);
  const item = solidItems(collection)[indexOf(holder, key)];
  if (item === undefined) return addText(yaml, collection, isMap(holder) ? String(key) : undefined, value);
  return collection.type === "flow-collection"
    ? replaceInFlow(yaml, collection, item, value)
    : replaceInBlock(yaml, collection, item, value);
}

/** The first members of a file that has none. */
export function fillText(yaml: YamlText, value: JsonValue): readonly Splice[] {
  return [yaml.insertLines(yaml.text.length, renderLines(value, 0, yaml))];
}

export function appendText(yaml: YamlText, list: YAMLSeq, value: JsonValue): readonly Splice[] {
  return addText(yaml, collectionOf(list), undefined, value);
}

export function deleteText(yaml: YamlText, holder: Holder, key: Key): readonly Splice[] {
  const collection = collectionOf(holder);
  const items = solidItems(collection);
  const index = indexOf(holder, key);
  const item = items[index];
  if (item === undefined) throw new YamlEditError(`there is no ${String(key)}`);
  const next = items[index + 1];
  if (collection.type === "flow-collection") {
    if (next !== undefined) return [{ start: itemStart(item), end: itemStart(next), text: "" }];
    const before = items[index - 1];
    if (before !== undefined) return [{ start: itemEnd(before), end: itemEnd(item), text: "" }];
    return [{ start: collection.start.offset + 1, end: tokenEnd(collection) - 1, text: "" }];
  }
  if (items.length === 1) return emptied(yaml, holder, collection);
  const start = itemStart(item);
  if (yaml.startsLine(start)) return [yaml.deleteLines(start, itemEnd(item))];
  // The first member stands behind the dash of the list that the map is an item of: the next one takes its place.
  const isNextToIt = next !== undefined && yaml.text.slice(itemEnd(item), itemStart(next)).trim() === "";
  return [{ start, end: isNextToIt ? itemStart(next) : itemEnd(item), text: "" }];
}

function collectionOf(holder: Holder): Collection {
  const token = tokenOf(holder);
  if (token?.type === "block-map" || token?.type === "block-seq" || token?.type === "flow-collection") return token;
  throw new YamlEditError("what it would be in is written in a way that is not changed");
}

function indexOf(holder: Holder, key: Key): number {
  if (!isMap(holder)) return Number(key);
  return holder.items.findIndex((pair) => keyText(pair) === String(key));
}

/** `{}` or `[]`, in the place of the only member. */
function emptied(yaml: YamlText, holder: Holder, collection: Collection): readonly Splice[] {
  const empty = isMap(holder) ? {} : [];
  const parent = yaml.holderOf(holder);
  if (parent !== undefined) return setText(yaml, parent.holder, parent.key, empty);
  return [{ start: collection.offset, end: tokenEnd(collection), text: renderInline(empty, yaml) }];
}

/** As a new last member; `key` is undefined for an item of a list. */
function addText(yaml: YamlText, collection: Collection, key: string | undefined, value: JsonValue): readonly Splice[] {
  const last = solidItems(collection).at(-1);
  const member = key === undefined ? [value] : { [key]: value };
  if (collection.type === "flow-collection") return addToFlow(yaml, collection, last, member);
  if (last === undefined) throw new YamlEditError("what it would be in is written in a way that is not changed");
  const column = yaml.column(itemStart(solidItems(collection)[0]!));
  return [yaml.insertLines(yaml.lineAfter(itemEnd(last)), renderLines(member, column, yaml))];
}

function addToFlow(
  yaml: YamlText,
  collection: Extract<Collection, { type: "flow-collection" }>,
  last: Item | undefined,
  member: JsonValue[] | { [key: string]: JsonValue },
): readonly Splice[] {
  const closing = tokenEnd(collection) - 1;
  const isJson = isJsonStyle(yaml, collection);
  const text = isJson ? JSON.stringify(member).slice(1, -1) : renderFlow(member, yaml);
  const open = collection.start.offset + 1;
  if (last === undefined) {
    const isBlank = yaml.text.slice(open, closing).trim() === "";
    return [{ start: open, end: isBlank ? closing : open, text }];
  }
  const end = itemEnd(last);
  const comma = collection.items.at(-1)?.start.find(({ type, offset }) => type === "comma" && offset >= end);
  const isOwnLine = yaml.startsLine(itemStart(last)) && yaml.lineAfter(end) <= closing;
  if (!isOwnLine) {
    if (comma !== undefined) return [{ start: comma.offset + 1, end: comma.offset + 1, text: ` ${text}` }];
    return [{ start: end, end, text: `, ${text}` }];
  }
  const indent = " ".repeat(yaml.column(itemStart(last)));
  const pretty = isJson ? jsonLines(member, yaml.step) : text;
  const lines = pretty.split("\n").map((line) => indent + line);
  const line = yaml.insertLines(yaml.lineAfter(end), comma === undefined ? lines : withComma(lines));
  return comma === undefined ? [{ start: end, end, text: "," }, line] : [line];
}

function withComma(lines: readonly string[]): string[] {
  return lines.with(-1, `${lines.at(-1)},`);
}

/** Members as JSON in lines, without the brackets. */
function jsonLines(member: JsonValue[] | { [key: string]: JsonValue }, step: number): string {
  const text = JSON.stringify(member, null, step);
  return text
    .split("\n")
    .slice(1, -1)
    .map((line) => line.slice(step))
    .join("\n");
}

/** Whether strings and keys around it are in double quotes throughout, as in JSON. */
function isJsonStyle(yaml: YamlText, collection: Collection): boolean {
  const items = solidItems(collection);
  if (items.length === 0) return yaml.text.trimStart().startsWith("{");
  return items.every(({ key, value }) => (key === undefined ? isJsonToken(yaml, value) : isJsonToken(yaml, key)));
}

function isJsonToken(yaml: YamlText, token: Item["key"]): boolean {
  if (token?.type === "double-quoted-scalar") return true;
  if (token?.type === "flow-collection") return isJsonStyle(yaml, token);
  return token?.type === "scalar" && yaml.text.trimStart().startsWith("{");
}

function replaceInFlow(
  yaml: YamlText,
  collection: Extract<Collection, { type: "flow-collection" }>,
  item: Item,
  value: JsonValue,
): readonly Splice[] {
  const text = isJsonStyle(yaml, collection) ? JSON.stringify(value) : renderFlow([value], yaml);
  if (item.value) return [{ start: item.value.offset, end: tokenEnd(item.value), text }];
  const end = headEnd(item);
  const hasColon = item.sep?.some(({ type }) => type === "map-value-ind");
  return [{ start: end, end, text: hasColon || item.key === undefined ? ` ${text}` : `: ${text}` }];
}

function replaceInBlock(yaml: YamlText, collection: Collection, item: Item, value: JsonValue): readonly Splice[] {
  const head = headEnd(item);
  const old = item.value;
  const isOfMap = collection.type === "block-map";
  if (isOfMap && !item.sep?.some(({ type }) => type === "map-value-ind")) {
    throw new YamlEditError("its key is written in a way that is not changed");
  }
  const column = yaml.column(itemStart(item));
  const below = column + (Array.isArray(value) ? yaml.listStep : yaml.step);
  const isBlock = old?.type === "block-map" || old?.type === "block-seq";

  if (isInline(value)) {
    const text = renderInline(value, yaml);
    if (old === undefined || old === null) return [{ start: head, end: head, text: ` ${text}` }];
    if (!isBlock || !yaml.startsLine(old.offset)) return [{ start: old.offset, end: tokenEnd(old), text }];
    return [{ start: head, end: head, text: ` ${text}` }, yaml.deleteLines(old.offset, tokenEnd(old))];
  }
  if (!isOfMap) {
    const inner = (at: number) => renderLines(value, at, yaml).join(yaml.newline).trimStart();
    if (old === undefined || old === null) return [{ start: head, end: head, text: ` ${inner(column + 2)}` }];
    return [{ start: old.offset, end: tokenEnd(old), text: inner(yaml.column(old.offset)) }];
  }
  const lines = renderLines(value, below, yaml);
  if (old === undefined || old === null) return [yaml.insertLines(yaml.lineAfter(head), lines)];
  if (isBlock && yaml.startsLine(old.offset)) {
    return [{ start: yaml.lineStart(old.offset), end: tokenEnd(old), text: lines.join(yaml.newline) }];
  }
  const removed = { start: head, end: tokenEnd(old), text: "" };
  return [removed, yaml.insertLines(yaml.lineAfter(tokenEnd(old)), lines)];
}
