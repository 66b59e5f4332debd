/**
 * Texts of events made of what a request holds: `device {{coreid}}`, `{{alerts.0.labels.host}}`, and with something to fall back
 * on `{{severity|medium}}`. What is not there, or is no text, number or boolean, is the fallback, or nothing.
 */

/** A name within braces, each step of it a key or an index. */
const placeholder = /\{\{\s*([\w$@-]+(?:\.[\w$@-]+)*)\s*(?:\|\s*([^{}]*?)\s*)?\}\}/g;

/** @returns what is wrong with it, as the end of a sentence */
export function templateProblem(template: string): string | undefined {
  return /\{\{|\}\}/.test(template.replaceAll(placeholder, ""))
    ? "has braces that are no {{name}}: write {{path.to.value}} or {{path.to.value|otherwise}}"
    : undefined;
}

/** One that is filled many times. */
export class Template {
  /** One more than there are fields, which stand between them. */
  readonly #texts: readonly string[];
  readonly #fields: readonly { readonly path: readonly string[]; readonly otherwise: string }[];

  constructor(template: string) {
    const found = [...template.matchAll(placeholder)];
    const ends = found.map(({ index, 0: whole }) => index + whole.length);
    this.#texts = [0, ...ends].map((start, at) => template.slice(start, found[at]?.index));
    this.#fields = found.map(([, path = "", otherwise = ""]) => ({ path: path.split("."), otherwise }));
  }

  fill(payload: unknown): string {
    let filled = this.#texts[0] ?? "";
    for (const [at, { path, otherwise }] of this.#fields.entries()) {
      filled += (textAt(payload, path) || otherwise) + this.#texts[at + 1];
    }
    return filled;
  }
}

function textAt(payload: unknown, path: readonly string[]): string | undefined {
  let value = payload;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
