/** One template to one text: every placeholder filled so that whoever reads the text gets the value back. */
import { nearestWord } from "@espalier/service/plain";
import type { Location, SourceFile } from "../inputs/source-file.ts";
import { type Fill, type Language, type Replacement, replaceAll } from "./language.ts";
import { forms, languageOf, namedLanguages } from "./languages.ts";
import { hasPlaceholder, type Placeholder, placeholdersOf } from "./placeholder.ts";
import { encodeForUrl, encodeUrlComponent, urlPlaceOf } from "./url-place.ts";
import type { Variables } from "./variables.ts";

export interface RenderProblem {
  readonly location: Location;
  /** What is wrong and what to do, in one line. Holds no value. */
  readonly message: string;
}

/** A stretch that holds a secret. */
export interface SecretRange {
  readonly start: number;
  readonly end: number;
}

export interface RenderedText {
  readonly text: string;
  readonly secrets: readonly SecretRange[];
  /** The names of its placeholders. */
  readonly used: ReadonlySet<string>;
}

/**
 * Fills a template in. The language of a place is that of the file, unless its placeholder says otherwise: `raw` writes the value
 * as it is, `url` percent-encodes it first, and the name of a language reads the line that it stands in as that one. In any
 * language, what stands behind `://` is part of a URL.
 *
 * Every problem is reported; the result counts only where none is.
 */
export function renderText(
  file: SourceFile,
  variables: Variables,
  report: (problem: RenderProblem) => void,
): RenderedText {
  const placeholders = placeholdersOf(file.text);
  const used = new Set(placeholders.map(({ name }) => name));
  if (placeholders.length === 0) return { text: file.text, secrets: [], used };
  const reportAt = ({ start, end, name }: Placeholder, message: string) =>
    report({ location: file.locate(start, end), message: `{{${name}}} ${message.replaceAll("{{NAME", `{{${name}`)}` });
  const fillings = placeholders.flatMap((placeholder): readonly Filling[] => {
    const value = filledValue(placeholder, variables, (message) => reportAt(placeholder, message));
    return value === undefined ? [] : [{ placeholder, start: placeholder.start, end: placeholder.end, ...value }];
  });
  if (fillings.length < placeholders.length) return { text: "", secrets: [], used };
  const filling = new TextFilling(file.text, fillings, file.path, ({ placeholder }, message) =>
    reportAt(placeholder, message),
  );
  filling.fillNamed();
  filling.fillRest(languageOf(file.path, file.text));
  return { text: filling.text, secrets: filling.secrets, used };
}

/** A placeholder with its value, where it is now: what is filled in before it moves it. */
interface Filling {
  readonly placeholder: Placeholder;
  readonly value: string;
  readonly isSecret: boolean;
  readonly start: number;
  readonly end: number;
}

function filledValue(
  placeholder: Placeholder,
  variables: Variables,
  report: (message: string) => void,
): { readonly value: string; readonly isSecret: boolean } | undefined {
  const { name, form, isOptional } = placeholder;
  if (form !== undefined && !forms.includes(form)) {
    const nearest = nearestWord(form, forms);
    report(
      `says |${form}, which is none of ${forms.join(", ")}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
    );
    return undefined;
  }
  const { value, isSecret } = variables.get(name) ?? { value: undefined, isSecret: false };
  if (value === undefined || value === "") {
    if (isOptional) return { value: "", isSecret: false };
    const nearest = nearestWord(
      name,
      variables.names.filter((known) => known !== name),
    );
    const question = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    report(value === "" ? "is empty; write {{NAME?}} where it may be" : `is not set${question}`);
    return undefined;
  }
  if (value.includes("\0")) {
    report("has a NUL character, which no configuration holds");
    return undefined;
  }
  if (hasPlaceholder(value)) {
    report("has a value that holds a placeholder itself, and values are not filled in; render that elsewhere first");
    return undefined;
  }
  return { value, isSecret };
}

/** A template on its way to its text. */
class TextFilling {
  text: string;
  /** In order. */
  secrets: readonly SecretRange[] = [];
  #open: readonly Filling[];
  readonly #path: string;
  readonly #report: (filling: Filling, message: string) => void;

  constructor(
    text: string,
    open: readonly Filling[],
    path: string,
    report: (filling: Filling, message: string) => void,
  ) {
    this.text = text;
    this.#open = open;
    this.#path = path;
    this.#report = report;
  }

  /** Those that say what their place is, but for `url`, which is a matter of the value. */
  fillNamed(): void {
    const named = this.#open.filter(({ placeholder: { form } }) => form !== undefined && form !== "url");
    this.#make(
      named.flatMap((filling) => this.#named(filling)),
      named,
    );
  }

  #named(filling: Filling): readonly Replacement[] {
    const language = namedLanguages.get(filling.placeholder.form!);
    if (language === undefined) return [{ start: filling.start, end: filling.end, text: filling.value }];
    const lineStart = this.text.lastIndexOf("\n", filling.start - 1) + 1;
    const lineEnd = this.text.indexOf("\n", filling.end);
    const line = this.text.slice(lineStart, lineEnd < 0 ? this.text.length : lineEnd);
    const others = this.#open
      .filter((other) => other !== filling && lineStart <= other.start && other.end <= lineStart + line.length)
      .map(({ start, end }) => ({ start: start - lineStart, end: end - lineStart, text: "x".repeat(end - start) }));
    const fill = { start: filling.start - lineStart, end: filling.end - lineStart, value: this.#valueOf(filling) };
    const report = (_: Fill, message: string) => this.#report(filling, message);
    const written = language.escape(replaceAll(line, others), [fill], { path: this.#path, isExplicit: true, report });
    if (written.some(({ start, end }) => others.some((other) => start < other.end && other.start < end))) {
      this.#report(
        filling,
        "has to be written together with the other placeholders of its line; give it a line of its own",
      );
      return [];
    }
    return written.map(({ start, end, text }) => ({ start: start + lineStart, end: end + lineStart, text }));
  }

  fillRest(language: Language): void {
    const open = this.#open;
    if (open.length === 0) return;
    const fills = new Map(
      open.map((filling) => {
        const fill: Fill = { start: filling.start, end: filling.end, value: this.#valueOf(filling) };
        return [fill, filling] as const;
      }),
    );
    const problems: Filling[] = [];
    const report = (fill: Fill, message: string) => {
      problems.push(fills.get(fill)!);
      this.#report(fills.get(fill)!, message);
    };
    const replacements = language.escape(this.text, [...fills.keys()], { path: this.#path, isExplicit: false, report });
    this.#make(replacements, open);
    if (problems.length === 0 && language.read?.(this.text) === undefined && language.read !== undefined) {
      const name = language.name.toUpperCase();
      this.#report(open[0]!, `is in a file that is not ${name} once it is filled in; look at the lines around it`);
    }
  }

  /** The value, percent-encoded where its place is in a URL. */
  #valueOf(filling: Filling): string {
    const { value, placeholder, start, end } = filling;
    if (placeholder.form === "url") return encodeUrlComponent(value);
    const place = urlPlaceOf(this.text, start, end);
    const encoded = place === undefined ? value : encodeForUrl(value, place);
    if (encoded !== undefined) return encoded;
    const what =
      place === "host"
        ? "is not the name, address or port of a host"
        : "has a segment of dots, which does not stay in a path";
    this.#report(filling, `${what}, and stands there in a URL; write {{NAME|raw}} where that is meant`);
    return "";
  }

  #make(replacements: readonly Replacement[], done: readonly Filling[]): void {
    const sorted = [...replacements].sort((a, b) => a.start - b.start);
    const move = (at: number) =>
      sorted.reduce((moved, { start, end, text }) => (end <= at ? moved + text.length - (end - start) : moved), at);
    const secrets = sorted
      .filter((each) => done.some(({ isSecret, start, end }) => isSecret && each.start <= start && end <= each.end))
      .map(({ start, text }) => ({ start: move(start), end: move(start) + text.length }));
    const before = this.secrets.map(({ start, end }) => ({ start: move(start), end: move(end) }));
    this.secrets = [...before, ...secrets].sort((a, b) => a.start - b.start);
    this.#open = this.#open
      .filter((each) => !done.includes(each))
      .map((each) => ({ ...each, start: move(each.start), end: move(each.end) }));
    this.text = replaceAll(this.text, sorted);
  }
}
