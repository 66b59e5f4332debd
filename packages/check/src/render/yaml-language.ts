/**
 * Values in YAML 1.2.2. The template is parsed with its placeholders blackened, so that the place of each is known: in quotes, in a
 * block, or plain. A plain scalar that the value would make something else (§7.3.3) is put in quotes as a whole.
 */
import { type Document, parseAllDocuments, type Scalar, visit } from "yaml";
import { isJsonWord, quoteJson } from "./json-language.ts";
import {
  type EscapeContext,
  type Fill,
  fillMarks,
  hasLineBreak,
  type Language,
  markFills,
  type Replacement,
  replaceAll,
} from "./language.ts";

export const yamlLanguage: Language = {
  name: "yaml",
  escape(text, fills, context) {
    const { marked, fillOf } = markFills(text, fills);
    const template = parse(marked);
    if (template === undefined) return reportAll(fills, context);
    const scalars = template.map((scalar) => new FilledScalar(marked, scalar, fillOf));
    const replacements = [
      ...scalars.flatMap((scalar) => scalar.replacements()),
      ...outside(marked, scalars, fillOf, context),
    ];
    const wrong = mismatches(text, scalars, replacements);
    if (wrong.length === 0) return replacements;
    for (const scalar of wrong) scalar.isRequoted = true;
    const again = [...scalars.flatMap((scalar) => scalar.replacements()), ...outside(marked, scalars, fillOf, context)];
    const stillWrong = mismatches(text, scalars, again);
    for (const fill of stillWrong.flatMap((scalar) => scalar.fills)) {
      context.report(fill, "cannot be written where it stands in this YAML; put the placeholder in double quotes");
    }
    return again;
  },
  read: (text) => parse(text)?.map(({ value }) => String(value)),
};

/** The scalars of every document in their order, keys and values; undefined where it is not YAML. */
function parse(text: string): readonly Scalar[] | undefined {
  const documents = parseAllDocuments(text, { uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
  if (!Array.isArray(documents)) return [];
  const scalars: Scalar[] = [];
  for (const document of documents as readonly Document.Parsed[]) {
    if (document.errors.length > 0) return undefined;
    visit(document, { Scalar: (_, scalar) => void scalars.push(scalar) });
  }
  return scalars;
}

function reportAll(fills: readonly Fill[], { report }: EscapeContext): readonly Replacement[] {
  for (const fill of fills) {
    report(fill, "stands in what is not YAML, so its place is not known; say it, as in {{NAME|yaml}} or {{NAME|raw}}");
  }
  return [];
}

class FilledScalar {
  readonly fills: readonly Fill[];
  /** What it is to be read as. */
  readonly expected: string;
  /** Written in double quotes as a whole, whatever it was. */
  isRequoted: boolean;
  readonly #node: Scalar;
  readonly #source: string;
  readonly #start: number;
  readonly #end: number;

  constructor(marked: string, node: Scalar, fillOf: ReadonlyMap<string, Fill>) {
    const [start, end] = node.range ?? [0, 0];
    this.#node = node;
    this.#start = start;
    this.#end = end;
    this.#source = marked.slice(start, end);
    this.fills = [...fillOf.values()].filter((fill) => start <= fill.start && fill.end <= end);
    this.expected = this.fills.length === 0 ? String(node.value) : fillMarks(String(node.value), fillOf);
    this.isRequoted = this.fills.length > 0 && !this.#staysInPlace();
  }

  replacements(): readonly Replacement[] {
    if (this.fills.length === 0) return [];
    if (this.isRequoted) {
      const end = this.#source.endsWith("\n") ? "\n" : "";
      return [{ start: this.#start, end: this.#end, text: quoteJson(this.expected) + end }];
    }
    return this.fills.map((fill) => ({ ...fill, text: this.#inPlace(fill.value) }));
  }

  #inPlace(value: string): string {
    switch (this.#node.type) {
      case "QUOTE_DOUBLE":
        return quoteJson(value).slice(1, -1);
      case "QUOTE_SINGLE":
        return value.replaceAll("'", "''");
      case "BLOCK_LITERAL":
      case "BLOCK_FOLDED":
        return value.replaceAll("\n", `\n${this.#indent()}`);
      default:
        return value;
    }
  }

  #staysInPlace(): boolean {
    const isOneLine = !this.#source.includes("\n");
    switch (this.#node.type) {
      case "QUOTE_DOUBLE":
        return isOneLine;
      case "QUOTE_SINGLE":
        return isOneLine && this.fills.every(({ value }) => isPrintable(value));
      case "BLOCK_LITERAL":
        return this.fills.every(({ value }) => isPrintable(value.replaceAll("\n", "")));
      case "BLOCK_FOLDED":
        return this.fills.every(({ value }) => isPrintable(value));
      default:
        return isOneLine && isPlain(this.expected);
    }
  }

  /** Of the lines of a block; where its header states it (§8.1.1.1) the reading back decides. */
  #indent(): string {
    const lines = this.#source.split("\n").slice(1);
    return /^ */.exec(lines.find((line) => line.trim() !== "") ?? "")?.[0] ?? "";
  }
}

/** Placeholders that are part of no scalar: in comments, anchors and tags. */
function outside(
  marked: string,
  scalars: readonly FilledScalar[],
  fillOf: ReadonlyMap<string, Fill>,
  { report }: EscapeContext,
): readonly Replacement[] {
  const within = new Set(scalars.flatMap(({ fills }) => fills));
  return [...fillOf.values()].flatMap((fill) => {
    if (within.has(fill)) return [];
    const before = marked.slice(marked.lastIndexOf("\n", fill.start) + 1, fill.start);
    const isSound = /(?:^|\s)#/.test(before) ? !hasLineBreak(fill.value) : /^[A-Za-z0-9_.-]+$/.test(fill.value);
    if (isSound) return [{ ...fill, text: fill.value }];
    report(fill, "cannot be written into a comment, an anchor or a tag of YAML as it is; write it elsewhere");
    return [];
  });
}

/** The scalars that are read otherwise than they are meant; all that were filled where the text is no longer the same YAML. */
function mismatches(
  text: string,
  scalars: readonly FilledScalar[],
  replacements: readonly Replacement[],
): readonly FilledScalar[] {
  const filled = scalars.filter(({ fills }) => fills.length > 0);
  const read = parse(replaceAll(text, replacements));
  if (read?.length !== scalars.length) return filled;
  const wrong = scalars.filter(({ expected }, index) => String(read[index]?.value) !== expected);
  return wrong.every(({ fills }) => fills.length > 0) ? wrong : filled;
}

/** `c-printable` of §5.1, in one line. */
function isPrintable(text: string): boolean {
  return /^[\t\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u.test(text);
}

/**
 * Whether it stands plain in any place, a flow map's key too, for readers of YAML 1.1 and 1.2, and is the same text to both.
 * Numbers and booleans stay what they are where they have one spelling: the template has not put them in quotes.
 */
function isPlain(text: string): boolean {
  if (isJsonWord(text)) return true;
  if (
    !/^[A-Za-z0-9_/.$(+;^\u00c0-\u024f]/.test(text) ||
    !isPrintable(text) ||
    text.endsWith(" ") ||
    text.includes("\t")
  )
    return false;
  if (/[,[\]{}"'`]|: | #|:$/.test(text) || /^(?:\.\.\.|---)/.test(text)) return false;
  return !words.test(text) && !numbers.test(text);
}

/** What YAML 1.1 or 1.2 takes for null, a boolean or a special number. */
const words = /^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?\.inf|\.nan)$/i;
/** Whatever begins like a number or a date and has nothing but their characters. */
const numbers = /^[-+.]?\d[\d_.:+eExXoObBa-fA-FtTzZ -]*$/;
