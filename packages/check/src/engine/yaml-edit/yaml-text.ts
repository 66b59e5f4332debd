/** The text of a YAML file beside its tokens: where things begin and end, so that a change touches nothing else. */
import {
  type CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";

/** Text put in the place of `[start, end)`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type Token = CST.Token;
export type Item = CST.CollectionItem;
export type Collection = CST.BlockMap | CST.BlockSequence | CST.FlowCollection;

/** Why an edit of YAML cannot be made, as the end of the sentence `… was not fixed: …`. */
export class YamlEditError extends Error {
  override readonly name = "YamlEditError";
}

export class YamlText {
  readonly text: string;
  readonly document: Document.Parsed;
  readonly newline: "\n" | "\r\n";
  /** Spaces by which a map in a map is indented further. */
  readonly step: number;
  /** Spaces by which a list in a map is: none where the dashes stand below the key. */
  readonly listStep: number;
  readonly #lineStarts: readonly number[];

  /** @param text of one document. @throws {YamlEditError} for what is not YAML. */
  constructor(text: string) {
    const parsed = parseAllDocuments(text, { keepSourceTokens: true, prettyErrors: false });
    const [document = parseDocument(text)] = Array.isArray(parsed) ? parsed : [];
    if (document.errors.length > 0) throw new YamlEditError("the file is not YAML");
    this.text = text;
    this.document = document;
    this.#lineStarts = lineStarts(text);
    const newlineAt = text.indexOf("\n");
    this.newline = newlineAt > 0 && text[newlineAt - 1] === "\r" ? "\r\n" : "\n";
    const steps = this.#steps();
    this.step = steps.map ?? 2;
    this.listStep = steps.list ?? this.step;
  }

  lineStart(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#lineStarts[low]!;
  }

  /** Where the line after that of `offset` begins; the end of the text where there is none. */
  lineAfter(offset: number): number {
    const end = this.text.indexOf("\n", offset);
    return end < 0 ? this.text.length : end + 1;
  }

  column(offset: number): number {
    return offset - this.lineStart(offset);
  }

  /** Whether nothing but spaces is before it in its line. */
  startsLine(offset: number): boolean {
    return this.text.slice(this.lineStart(offset), offset).trim() === "";
  }

  /** Whole lines, put before the line that begins at `offset`. */
  insertLines(offset: number, lines: readonly string[]): Splice {
    const text = lines.join(this.newline);
    const isUnended = offset === this.text.length && this.text !== "" && !this.text.endsWith("\n");
    return {
      start: offset,
      end: offset,
      text: isUnended ? this.newline + text : text + this.newline,
    };
  }

  /** Takes the lines from that of `start` to that of `end` away. */
  deleteLines(start: number, end: number): Splice {
    return { start: this.lineStart(start), end: this.lineAfter(end), text: "" };
  }

  /** The collection that holds a node, which several aliases may lead to. */
  holderOf(node: Node): { readonly holder: YAMLMap | YAMLSeq; readonly key: string | number } | undefined {
    const waiting: unknown[] = [this.document.contents];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (isMap(next)) {
        for (const pair of next.items) {
          if (pair.value === node) return { holder: next, key: keyText(pair) };
          waiting.push(pair.value ?? undefined);
        }
      } else if (isSeq(next)) {
        const index = next.items.indexOf(node);
        if (index >= 0) return { holder: next, key: index };
        waiting.push(...next.items);
      }
    }
    return undefined;
  }

  #steps(): { map?: number; list?: number } {
    const steps: { map?: number; list?: number } = {};
    const contents = this.document.contents as (Node & { srcToken?: Token }) | null;
    const waiting: (Token | undefined)[] = [contents?.srcToken];
    for (let next = waiting.pop(); next !== undefined && (steps.map ?? steps.list) !== 0; next = waiting.pop()) {
      if (next.type !== "block-map" && next.type !== "block-seq") continue;
      for (const item of solidItems(next)) {
        const { value } = item;
        if (next.type === "block-map" && value && this.startsLine(value.offset)) {
          const step = this.column(value.offset) - this.column(itemStart(item));
          if (value.type === "block-map") steps.map ??= step;
          if (value.type === "block-seq") steps.list ??= step;
        }
      }
      waiting.push(...next.items.map(({ value }) => value).reverse());
      if (steps.map !== undefined && steps.list !== undefined) break;
    }
    return steps;
  }
}

/** The token of a node; undefined for what has none of its own, as the map in `[a: 1]`. */
export function tokenOf(node: unknown): Token | undefined {
  return (node as { srcToken?: Token }).srcToken;
}

/** The members of a collection, without what only holds comments and commas. */
export function solidItems(collection: Collection): readonly Item[] {
  const items: readonly Item[] = collection.items;
  return items.filter(
    (item) =>
      item.key !== undefined ||
      item.value !== undefined ||
      item.sep !== undefined ||
      item.start.some(({ type }) => type === "seq-item-ind" || type === "explicit-key-ind"),
  );
}

const filling: ReadonlySet<string> = new Set(["space", "newline", "comment", "comma"]);

/** Where a member begins: its dash, its `?`, its anchor, its key, or its value. */
export function itemStart(item: Item): number {
  const solid = item.start.find(({ type }) => !filling.has(type));
  return solid?.offset ?? item.key?.offset ?? item.sep?.[0]?.offset ?? item.value?.offset ?? 0;
}

/** Where its last character is, without comments behind it and without the newline. */
export function itemEnd(item: Item): number {
  return item.value ? tokenEnd(item.value) : headEnd(item);
}

/** Where a member's value may begin: behind its dash or colon, and the anchor and tag of the value. */
export function headEnd(item: Item): number {
  const before = [...item.start, ...(item.sep ?? [])].filter(({ type }) => !filling.has(type));
  const ends = before.map(({ offset, source }) => offset + source.length);
  return Math.max(...ends, item.key ? tokenEnd(item.key) : 0);
}

export function tokenEnd(token: Token): number {
  switch (token.type) {
    case "block-map":
    case "block-seq": {
      const last = solidItems(token).at(-1);
      return last === undefined ? token.offset : itemEnd(last);
    }
    case "flow-collection": {
      const end = token.end.find(({ type }) => type === "flow-map-end" || type === "flow-seq-end");
      return end === undefined ? token.offset : end.offset + end.source.length;
    }
    case "block-scalar": {
      const header = token.props.map((prop) => ("source" in prop ? prop.source : "")).join("");
      const text = header + token.source;
      const isKept = /^[|>]\d?\+/.test(text.slice(text.search(/[|>]/)));
      return token.offset + text.replace(isKept ? /\r?\n$/ : /\s+$/, "").length;
    }
    default:
      return token.offset + ("source" in token ? token.source.length : 0);
  }
}

/** As it is written. */
export function keyText({ key }: Pair): string {
  return isScalar(key) ? (key.source ?? String(key.value)) : String(key);
}

function lineStarts(text: string): number[] {
  const starts = [text.startsWith("\uFEFF") ? 1 : 0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

export function spliced(text: string, splices: readonly Splice[]): string {
  let result = text;
  for (const { start, end, text: put } of [...splices].sort((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, start) + put + result.slice(end);
  }
  return result;
}
