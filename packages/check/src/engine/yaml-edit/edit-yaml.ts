/**
 * Changes of a YAML file that leave everything else of it byte for byte as it was: comments, anchors, order, quotes, flow style,
 * line ends. What comes by an alias or a merge key is changed where it is written if every place that shows it is to get the same
 * change; else the place gets a value of its own: a copy in place of the alias, or a key that hides the merged one.
 */
import { canonicalJson, type JsonValue } from "@espalier/service/plain";
import { isAlias, isSeq, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import type { Key } from "../../inputs/config-node.ts";
import { SourceFile } from "../../inputs/source-file.ts";
import { parseYaml } from "../../inputs/yaml.ts";
import { appendText, deleteText, fillText, setText } from "./change-text.ts";
import { documentTexts } from "./document-texts.ts";
import { type Change, changed, type YamlEdit } from "./model-edit.ts";
import { placesOf, placesOfValue, type Resolved, resolve } from "./resolve.ts";
import { type Splice, spliced, YamlEditError, YamlText } from "./yaml-text.ts";

export interface EditedYaml {
  readonly text: string;
  /** Those that were not made, with the reason. */
  readonly refused: ReadonlyMap<YamlEdit, string>;
}

/** One change of the text, which may put several edits right at once. */
interface Operation {
  readonly edits: readonly YamlEdit[];
  readonly splices: readonly Splice[];
  /** What it does to the plain value. */
  readonly changes: readonly { readonly path: readonly Key[]; readonly change: Change }[];
}

/**
 * Makes the edits in their order; paths are those of the text as it is given. Each is made as it is meant or refused: after each
 * round the text is parsed again, and what it then says is compared with what it is to say.
 */
export function editYaml(text: string, edits: readonly YamlEdit[]): EditedYaml {
  const texts = documentTexts(text);
  if (texts.length === 1) {
    return editDocument(
      text,
      edits.map((edit) => ({ edit, path: edit.path })),
    );
  }
  const refused = new Map<YamlEdit, string>();
  let current = texts;
  for (const [document, own] of Map.groupBy(edits, ({ path }) => path[0])) {
    const index = Number(document);
    const before = current[index];
    if (typeof document !== "number" || before === undefined) {
      for (const edit of own) refused.set(edit, `the file has no document ${String(document)}`);
      continue;
    }
    const edited = editDocument(
      before,
      own.map((edit) => ({ edit, path: edit.path.slice(1) })),
    );
    const after = current.with(index, edited.text);
    const isApart = isEqual(documentTexts(after.join("")), after);
    if (isApart) current = after;
    for (const edit of own) {
      const reason = isApart ? edited.refused.get(edit) : unchangeable;
      if (reason !== undefined) refused.set(edit, reason);
    }
  }
  return { text: current.join(""), refused };
}

const unchangeable = "the file is written in a way that is not changed";

function editDocument(text: string, edits: readonly Pending[]): EditedYaml {
  const refused = new Map<YamlEdit, string>();
  let current = text;
  let pending = edits;
  let isOneByOne = false;
  while (pending.length > 0) {
    let yaml: YamlText;
    let before: JsonValue;
    try {
      yaml = new YamlText(current);
      before = plainOf(current);
    } catch (error) {
      for (const { edit } of pending) refused.set(edit, reason(error));
      break;
    }
    const round = planRound(yaml, before, pending, refused, isOneByOne);
    const made = new Set(round.flatMap((operation) => operation.edits));
    const after = spliced(
      current,
      round.flatMap(({ splices }) => splices),
    );
    const result = expected(before, round);
    if (isSame(result, after)) {
      current = after;
      isOneByOne = false;
      pending = pending.filter(({ edit }) => !made.has(edit) && !refused.has(edit)).map((each) => moved(each, round));
    } else if (isOneByOne || round.length === 1) {
      for (const edit of made) refused.set(edit, unchangeable);
      pending = pending.filter(({ edit }) => !refused.has(edit));
      isOneByOne = false;
    } else {
      isOneByOne = true;
    }
  }
  return { text: current, refused };
}

/** An edit, and where its path leads in the document as it is now. */
interface Pending {
  readonly edit: YamlEdit;
  readonly path: readonly Key[];
}

/** As many edits as can be made at once: none touches what another one does. */
function planRound(
  yaml: YamlText,
  before: JsonValue,
  pending: readonly Pending[],
  refused: Map<YamlEdit, string>,
  isOneByOne: boolean,
): readonly Operation[] {
  const operations: Operation[] = [];
  const taken = new Set<YamlEdit>();
  const deferred: (readonly Key[])[] = [];
  for (const each of pending) {
    if (taken.has(each.edit)) continue;
    if (isOneByOne && operations.length > 0) break;
    try {
      const operation = operationOf(yaml, before, each, pending);
      const isApart =
        operations.every(
          ({ splices }) => !splices.some((one) => operation.splices.some((other) => touch(one, other))),
        ) && !deferred.some((path) => isPrefix(path, each.path) || isPrefix(each.path, path));
      if (isApart) {
        operations.push(operation);
        for (const edit of operation.edits) taken.add(edit);
      } else deferred.push(each.path);
    } catch (error) {
      refused.set(each.edit, reason(error));
    }
  }
  return operations;
}

function operationOf(yaml: YamlText, before: JsonValue, each: Pending, pending: readonly Pending[]): Operation {
  const resolved = resolve(yaml, each.path, each.edit.kind === "append");
  const { edit } = each;
  const { path, shared } = resolved;
  const change: Change = edit.kind === "delete" ? { kind: "delete" } : { kind: edit.kind, value: edit.value };
  changed(before, path, change);
  if (shared === undefined) {
    const atAnchor = change.kind === "set" ? anchoredOperation(yaml, resolved, change, pending) : undefined;
    if (atAnchor !== undefined) return atAnchor;
    return { edits: [edit], splices: splicesOf(yaml, resolved, change), changes: [{ path, change }] };
  }
  const everywhere = sharedOperation(yaml, resolved, change, pending);
  if (everywhere !== undefined) return everywhere;
  const below = path.slice(shared.depth);
  if (change.kind === "delete" && below.length === 0) {
    throw new YamlEditError(`it comes by a ${shared.by}, and other places that use it are to keep it`);
  }
  const value = changed(valueAt(before, path.slice(0, shared.depth)), below, change);
  return { edits: [edit], splices: setText(yaml, shared.holder, shared.key, value), changes: [{ path, change }] };
}

/** A new value for the anchor, if what is set is an alias and each place that shows the anchor's value is to get the same one. */
function anchoredOperation(
  yaml: YamlText,
  { holder, key, rest, exists }: Resolved,
  change: Change,
  pending: readonly Pending[],
): Operation | undefined {
  const member = holder !== undefined && exists && rest.length === 0 ? holder.get(key, true) : undefined;
  if (!isAlias(member)) return undefined;
  const value = member.resolve(yaml.document as never);
  const anchor = value === undefined ? undefined : yaml.holderOf(value);
  if (value === undefined || anchor === undefined) return undefined;
  const places = placesOfValue(yaml, value);
  const edits = editsOfAll(places, change, pending);
  if (edits === undefined) return undefined;
  const splices = setText(yaml, anchor.holder, anchor.key, valueIn(change));
  return { edits, splices, changes: places.map((path) => ({ path, change })) };
}

/** The change where it is written, if each place that shows it is to get it; undefined if one is to stay as it is. */
function sharedOperation(
  yaml: YamlText,
  resolved: Resolved,
  change: Change,
  pending: readonly Pending[],
): Operation | undefined {
  const { holder, key, rest } = resolved;
  if (holder === undefined) return undefined;
  const list = change.kind === "append" && rest.length === 0 ? memberOf(yaml, holder, key) : undefined;
  const places = isSeq(list)
    ? placesOfValue(yaml, list)
    : placesOf(yaml, holder, key).map((place) => [...place, ...rest]);
  const edits = editsOfAll(places, change, pending);
  if (edits === undefined) return undefined;
  return { edits, splices: splicesOf(yaml, resolved, change), changes: places.map((path) => ({ path, change })) };
}

/** The edits that want this change for each of the places that somebody uses; undefined where one of them is to stay. */
function editsOfAll(
  places: readonly (readonly Key[])[],
  change: Change,
  pending: readonly Pending[],
): readonly YamlEdit[] | undefined {
  const wanted = new Map<string, YamlEdit>();
  for (const { edit, path } of pending) {
    if (edit.kind !== change.kind || !isEqual(valueIn(edit), valueIn(change))) continue;
    wanted.set(canonicalJson(path.filter((each) => each !== "<<")), edit);
  }
  const users = places.filter(([first]) => !isTemplate(first));
  const edits = users.map((place) => wanted.get(canonicalJson(place)));
  return users.length > 0 && edits.every((edit) => edit !== undefined) ? edits : undefined;
}

function splicesOf(yaml: YamlText, { holder, key, rest, exists }: Resolved, change: Change): readonly Splice[] {
  if (change.kind === "delete") {
    if (holder === undefined || !exists || rest.length > 0) throw new YamlEditError(`there is no ${String(key)}`);
    return deleteText(yaml, holder, key);
  }
  if (change.kind === "append" && exists && rest.length === 0 && holder !== undefined) {
    const list = memberOf(yaml, holder, key);
    if (isSeq(list)) return appendText(yaml, list, change.value);
  }
  const value = changed(undefined, rest, change);
  if (holder === undefined) return fillText(yaml, { [String(key)]: value });
  return setText(yaml, holder, key, value);
}

function memberOf(yaml: YamlText, holder: YAMLMap | YAMLSeq, key: Key): unknown {
  const member = holder.get(key, true);
  return isAlias(member) ? member.resolve(yaml.document as never) : (member as Node);
}

/** What the whole file must say after a round. */
function expected(before: JsonValue, round: readonly Operation[]): JsonValue {
  const gone: (readonly Key[])[] = [];
  let value = before;
  for (const { path, change } of round.flatMap(({ changes }) => changes)) {
    const now = pathAfter(gone, path);
    value = changed(value, now, change);
    if (change.kind === "delete") gone.push(now);
  }
  return value;
}

function moved(each: Pending, round: readonly Operation[]): Pending {
  const gone: (readonly Key[])[] = [];
  for (const { path, change } of round.flatMap(({ changes }) => changes)) {
    if (change.kind === "delete") gone.push(pathAfter(gone, path));
  }
  return { ...each, path: pathAfter(gone, each.path) };
}

/** Where something is after deletions, each of which is told as it was when those before it had been made. */
function pathAfter(gone: readonly (readonly Key[])[], path: readonly Key[]): readonly Key[] {
  return gone.reduce((at, deleted) => shifted(at, deleted), path);
}

/** Behind an item that was taken out of a list, the others have moved up. */
function shifted(path: readonly Key[], deleted: readonly Key[]): readonly Key[] {
  const last = deleted.at(-1);
  const depth = deleted.length - 1;
  const own = path[depth];
  if (typeof last !== "number" || typeof own !== "number" || own <= last) return path;
  return isPrefix(deleted.slice(0, -1), path) ? path.with(depth, own - 1) : path;
}

/** `x-common: &common …` is there to be shared, and is nothing by itself. */
function isTemplate(first: Key | undefined): boolean {
  return typeof first === "string" && /^(?:x-|\.)/.test(first);
}

function isPrefix(short: readonly Key[], long: readonly Key[]): boolean {
  return short.every((key, index) => key === long[index]);
}

function touch(one: Splice, other: Splice): boolean {
  return one.start <= other.end && other.start <= one.end;
}

function valueAt(value: JsonValue, path: readonly Key[]): JsonValue | undefined {
  let current: JsonValue | undefined = value;
  for (const key of path) current = (current as Record<Key, JsonValue> | null | undefined)?.[key];
  return current;
}

function valueIn(change: Change | YamlEdit): JsonValue {
  return change.kind === "delete" ? null : change.value;
}

function isEqual(left: JsonValue, right: JsonValue): boolean {
  return canonicalJson(left) === canonicalJson(right);
}

/** What a file says, plain; null for one that says nothing. @throws {YamlEditError} */
function plainOf(text: string): JsonValue {
  const [root] = parseYaml(new SourceFile({ path: "", absolutePath: "", text }));
  return root?.value ?? null;
}

function isSame(value: JsonValue, text: string): boolean {
  try {
    return isEqual(plainOf(text), value);
  } catch {
    return false;
  }
}

function reason(error: unknown): string {
  if (error instanceof YamlEditError) return error.message;
  if (error instanceof Error && error.name === "InputError") return "the file cannot be read";
  throw error;
}
