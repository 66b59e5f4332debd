/** From the lines of one record to the record: `ldif-attrval-record` and `ldif-change-record` of RFC 2849. */
import { decodeName } from "../ber/text.ts";
import type { Change, Control, PartialAttribute } from "../message/message.ts";
import { decodeBase64 } from "./base64.ts";
import type { LdifBlock, LdifLine } from "./block.ts";
import { isAttributeDescription, LdifParseError, type LdifRecord } from "./record.ts";

/** What a `:< url` asks of whoever drives the parser, which goes on with the bytes that the URL stands for. */
export interface UrlRequest {
  readonly line: number;
  readonly url: string;
}
type Parsing<Result> = Generator<UrlRequest, Result, Uint8Array>;

/** A value as it is written: `: text`, `:: base64` or `:< url`. */
type ValueSpec = { readonly bytes: Uint8Array } | { readonly url: string };
interface Attrval {
  readonly line: number;
  readonly name: string;
  readonly value: ValueSpec;
}

const COLON = 0x3a;
const SPACE = 0x20;
const LESS_THAN = 0x3c;
const HYPHEN = 0x2d;

/**
 * Parses a block; `undefined` when it is no more than `version: 1`.
 *
 * Letter case of `dn`, `changetype` and the like does not matter, the version line may be missing or come again (files put
 * end to end), and the `-` after the last change may be missing: OpenLDAP's tools read all that too.
 *
 * @throws {LdifParseError}
 */
export function* parseLdifBlock(block: LdifBlock): Parsing<LdifRecord | undefined> {
  const cursor = new Cursor(block);
  if (cursor.peek()?.name.toLowerCase() === "version") {
    const version = cursor.next();
    if ((yield* text(version)) !== "1") throw new LdifParseError(version.line, "only version: 1 of LDIF is known.");
    if (cursor.atEnd) return undefined;
  }
  const first = cursor.next();
  if (first.name.toLowerCase() !== "dn") {
    throw new LdifParseError(first.line, `a record begins with dn:, but this line begins with ${first.name}:.`);
  }
  const dn = yield* text(first);
  const controls: Control[] = [];
  while (cursor.peek()?.name.toLowerCase() === "control") controls.push(yield* control(cursor.next()));
  if (cursor.peek()?.name.toLowerCase() !== "changetype") {
    if (controls.length > 0)
      throw new LdifParseError(first.line, "after control: lines a changetype: line must follow.");
    return { type: "content", dn, attributes: yield* attributes(cursor) };
  }
  const changeType = cursor.next();
  const keyword = (yield* text(changeType)).trimEnd().toLowerCase();
  switch (keyword) {
    case "add": {
      if (cursor.atEnd) throw new LdifParseError(changeType.line, "changetype: add needs at least one attribute.");
      return { type: "add", dn, controls, attributes: yield* attributes(cursor) };
    }
    case "delete":
      cursor.expectEnd("changetype: delete takes no further lines; put an empty line before the next record.");
      return { type: "delete", dn, controls };
    case "modify":
      return { type: "modify", dn, controls, changes: yield* changes(cursor) };
    case "modrdn":
    case "moddn":
      return { type: "modifyDn", dn, controls, ...(yield* modifyDn(cursor, changeType.line)) };
    default:
      throw new LdifParseError(
        changeType.line,
        `changetype: ${keyword} is not known; it is one of add, delete, modify, modrdn and moddn.`,
      );
  }
}

function* attributes(cursor: Cursor): Parsing<PartialAttribute[]> {
  const byName = new Map<string, { type: string; values: Uint8Array[] }>();
  while (!cursor.atEnd) {
    const attrval = cursor.next();
    const key = attrval.name.toLowerCase();
    if (key === "dn") throw new LdifParseError(attrval.line, "a second dn: line; put an empty line between records.");
    if (key === "changetype") throw new LdifParseError(attrval.line, "changetype: must follow the dn: line at once.");
    const value = yield* bytes(attrval);
    const attribute = byName.get(key);
    if (attribute === undefined) byName.set(key, { type: description(attrval.line, attrval.name), values: [value] });
    else attribute.values.push(value);
  }
  return [...byName.values()];
}

const modOperations: ReadonlyMap<string, Change["operation"]> = new Map([
  ["add", "add"],
  ["delete", "delete"],
  ["replace", "replace"],
  ["increment", "increment"],
]);

function* changes(cursor: Cursor): Parsing<Change[]> {
  const changes: Change[] = [];
  while (!cursor.atEnd) {
    const head = cursor.next();
    const operation = modOperations.get(head.name.toLowerCase());
    if (operation === undefined) {
      throw new LdifParseError(
        head.line,
        `a change begins with add:, delete:, replace: or increment:, but this line begins with ${head.name}:.`,
      );
    }
    const type = description(head.line, (yield* text(head)).trimEnd());
    const values: Uint8Array[] = [];
    while (!cursor.atEnd && !cursor.takeHyphen()) {
      const attrval = cursor.next();
      if (attrval.name.toLowerCase() !== type.toLowerCase()) {
        throw new LdifParseError(
          attrval.line,
          `this line gives ${attrval.name}: within the change of ${type}; end each change with a line that is a single "-".`,
        );
      }
      values.push(yield* bytes(attrval));
    }
    changes.push({ operation, modification: { type, values } });
  }
  return changes;
}

function* modifyDn(
  cursor: Cursor,
  line: number,
): Parsing<{ newRdn: string; deleteOldRdn: boolean; newSuperior: string | undefined }> {
  const given = new Map<string, string>();
  while (!cursor.atEnd) {
    const attrval = cursor.next();
    const key = attrval.name.toLowerCase();
    if ((key !== "newrdn" && key !== "deleteoldrdn" && key !== "newsuperior") || given.has(key)) {
      throw new LdifParseError(
        attrval.line,
        `a renaming has newrdn:, deleteoldrdn: and perhaps newsuperior:, each once; this line is a further ${attrval.name}:.`,
      );
    }
    given.set(key, yield* text(attrval));
  }
  const newRdn = given.get("newrdn");
  const deleteOldRdn = given.get("deleteoldrdn")?.trimEnd();
  if (newRdn === undefined) throw new LdifParseError(line, "a renaming needs a newrdn: line.");
  if (deleteOldRdn !== "0" && deleteOldRdn !== "1") {
    throw new LdifParseError(line, "a renaming needs a line deleteoldrdn: 0 or deleteoldrdn: 1.");
  }
  return { newRdn, deleteOldRdn: deleteOldRdn === "1", newSuperior: given.get("newsuperior") };
}

const controlSpec = /^([0-9]+(?:\.[0-9]+)+)(?: +(true|false))? *$/i;

/** `control: 1.2.840.113556.1.4.805 true: value`, where criticality and value may be missing. */
function* control(attrval: Attrval): Parsing<Control> {
  const contents = yield* bytes(attrval);
  const colon = contents.indexOf(COLON);
  const head = decodeText(attrval.line, colon === -1 ? contents : contents.subarray(0, colon));
  const match = controlSpec.exec(head);
  if (match === null) {
    throw new LdifParseError(
      attrval.line,
      "a control is written: control: OID, then true or false, then : and its value.",
    );
  }
  const controlValue =
    colon === -1
      ? undefined
      : yield* bytes({ ...attrval, value: valueSpec(attrval.line, contents.subarray(colon + 1)) });
  return { controlType: match[1]!, criticality: match[2]?.toLowerCase() === "true", controlValue };
}

function* bytes(attrval: Attrval): Parsing<Uint8Array> {
  return "url" in attrval.value ? yield { line: attrval.line, url: attrval.value.url } : attrval.value.bytes;
}

function* text(attrval: Attrval): Parsing<string> {
  return decodeText(attrval.line, yield* bytes(attrval));
}

function decodeText(line: number, contents: Uint8Array): string {
  try {
    return decodeName(contents, 0, contents.length);
  } catch (cause) {
    throw new LdifParseError(line, "the text is not UTF-8; save the file as UTF-8.", { cause });
  }
}

function description(line: number, name: string): string {
  if (!isAttributeDescription(name)) {
    throw new LdifParseError(
      line,
      "this is not the name of an attribute; a line that continues the one before begins with a space.",
    );
  }
  return name;
}

/** The `value-spec` of RFC 2849 behind its first colon. */
function valueSpec(line: number, contents: Uint8Array): ValueSpec {
  const marker = contents[0];
  if (marker === COLON) {
    const decoded = decodeBase64(trimSpaces(contents, 1));
    if (decoded === undefined)
      throw new LdifParseError(line, "what follows :: is not base64 in full; was the line cut?");
    return { bytes: decoded };
  }
  if (marker === LESS_THAN) return { url: decodeText(line, trimSpaces(contents, 1)) };
  const plain = contents.subarray(skipSpaces(contents, 0));
  if (plain.includes(0x00)) {
    throw new LdifParseError(
      line,
      "there is a NUL byte: save the file as UTF-8, or write the value in base64 behind ::.",
    );
  }
  if (plain.includes(0x0d)) {
    throw new LdifParseError(
      line,
      "there is a carriage return within the line: end lines by LF or CRLF, or write the value in base64 behind ::.",
    );
  }
  return { bytes: plain };
}

function skipSpaces(contents: Uint8Array, from: number): number {
  let start = from;
  while (contents[start] === SPACE) start++;
  return start;
}

function trimSpaces(contents: Uint8Array, from: number): Uint8Array {
  const start = skipSpaces(contents, from);
  let end = contents.length;
  while (end > start && contents[end - 1] === SPACE) end--;
  return contents.subarray(start, end);
}

/** Goes over the lines of a block; a line is taken apart when it is first looked at. */
class Cursor {
  readonly #block: LdifBlock;
  #index = 0;
  #ahead: Attrval | undefined;

  constructor(block: LdifBlock) {
    this.#block = block;
  }

  get atEnd(): boolean {
    return this.#index === this.#block.length;
  }

  peek(): Attrval | undefined {
    const line = this.#block[this.#index];
    if (line === undefined) return undefined;
    this.#ahead ??= parseLine(line);
    return this.#ahead;
  }

  next(): Attrval {
    const attrval = this.peek();
    if (attrval === undefined) {
      throw new LdifParseError(this.#block.at(-1)?.line ?? 0, "the record ends too early; is its rest missing?");
    }
    this.#index += 1;
    this.#ahead = undefined;
    return attrval;
  }

  /** Takes the line that ends a change, if it is next. */
  takeHyphen(): boolean {
    const line = this.#block[this.#index];
    if (line === undefined || line.bytes[0] !== HYPHEN || trimSpaces(line.bytes, 0).length !== 1) return false;
    this.#index += 1;
    return true;
  }

  expectEnd(sentence: string): void {
    const line = this.#block[this.#index];
    if (line !== undefined) throw new LdifParseError(line.line, sentence);
  }
}

function parseLine({ line, bytes: contents }: LdifLine): Attrval {
  const colon = contents.indexOf(COLON);
  if (contents[0] === SPACE) {
    throw new LdifParseError(
      line,
      "the line begins with a space but there is no line before it that it could continue.",
    );
  }
  if (colon === -1) {
    throw new LdifParseError(
      line,
      "the line has no colon; write name: value, or begin the line with a space where it continues the one before.",
    );
  }
  return {
    line,
    name: decodeText(line, contents.subarray(0, colon)),
    value: valueSpec(line, contents.subarray(colon + 1)),
  };
}
