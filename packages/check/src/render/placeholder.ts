/** Placeholders of templates: `{{NAME}}`, `{{NAME?}}` that may be empty, `{{NAME|sql}}` that says what the place is. */

export interface Placeholder {
  readonly name: string;
  /** `{{NAME?}}`: missing or empty, it is nothing. */
  readonly isOptional: boolean;
  /** What stands behind `|`, as it is written; see {@link renderText} for what there is. */
  readonly form: string | undefined;
  /** Offsets into the text: `text.slice(start, end)` is the whole of it. */
  readonly start: number;
  readonly end: number;
}

/** Upper case only: `{{ .Name }}`, `{{ range }}` and `{{instance}}` belong to other programs, and are left to them. */
const pattern = /\{\{[ \t]*([A-Z][A-Z0-9_]*)[ \t]*(\?)?[ \t]*(?:\|[ \t]*([A-Za-z][A-Za-z0-9-]*)[ \t]*)?\}\}/g;

export function placeholdersOf(text: string): readonly Placeholder[] {
  if (!text.includes("{{")) return [];
  return Array.from(text.matchAll(pattern), (match) => ({
    name: match[1]!,
    isOptional: match[2] !== undefined,
    form: match[3],
    start: match.index,
    end: match.index + match[0].length,
  }));
}

export function hasPlaceholder(text: string): boolean {
  return text.search(pattern) >= 0;
}
