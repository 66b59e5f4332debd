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

export function fillTemplate(template: string, payload: unknown): string {
  return template.replaceAll(placeholder, (_, path: string, otherwise: string | undefined) => {
    const text = textAt(payload, path.split("."));
    return text === undefined || text === "" ? (otherwise ?? "") : text;
  });
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
