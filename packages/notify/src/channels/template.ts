/**
 * Texts with `{{variables}}` for endpoints that no channel of their own exists for: `{{title}}`, `{{text:300}}` (at most so
 * many characters), `{{secret.NAME}}`. A value is put in as text of its place, never as syntax: whoever builds the place
 * escapes it.
 */
import type { Message } from "./message.ts";
import { fitText, readable } from "./readable.ts";

/** What a template can name; each is plain text. */
const templateVariables: Readonly<Record<string, (message: Message) => string>> = {
  title: ({ title }) => title,
  text: ({ text }) => text,
  severity: ({ severity }) => severity,
  status: ({ status }) => status,
  deliveryId: ({ deliveryId }) => deliveryId,
  attempt: ({ attempt }) => String(attempt),
  count: ({ events }) => String(events.length),
  type: ({ events }) => events.at(-1)!.type,
  subject: ({ events }) => events.at(-1)!.subject,
  source: ({ events }) => events.at(-1)!.source,
  time: ({ events }) => new Date(events.at(-1)!.time).toISOString(),
  actions: ({ actions }) => actions.map(({ label, url }) => `${label}: ${url}`).join("\n"),
};

export interface TemplateValues {
  readonly message: Message;
  readonly secrets: Readonly<Record<string, string>>;
}

type Part = string | { readonly isSecret: boolean; readonly value: (values: TemplateValues) => string };

export class Template {
  readonly #parts: readonly Part[];

  /**
   * `secrets` are the names that `{{secret.NAME}}` may have.
   *
   * @throws RangeError whose message completes a sentence about the template.
   */
  constructor(text: string, secrets: readonly string[]) {
    this.#parts = text.split(/(\{\{[^{}]*\}\})/).map((part) => parsePart(part, secrets));
  }

  /** Whether it names anything of a message: secrets are the administrator's own. */
  get namesMessage(): boolean {
    return this.#parts.some((part) => typeof part !== "string" && !part.isSecret);
  }

  /** `escapeValue` is given each value, and not the template's own text. */
  fill(values: TemplateValues, escapeValue: (value: string) => string = (value) => value): string {
    return this.#parts.map((part) => (typeof part === "string" ? part : escapeValue(part.value(values)))).join("");
  }
}

function parsePart(part: string, secrets: readonly string[]): Part {
  const [, name, digits] = /^\{\{\s*([A-Za-z0-9_.-]+)\s*(?::\s*(\d{1,5})\s*)?\}\}$/.exec(part) ?? [];
  if (name === undefined) {
    if (/\{\{|\}\}/.test(part)) throw new RangeError(`${part} is no {{variable}}`);
    return part;
  }
  if (name.startsWith("secret.")) {
    const secret = name.slice("secret.".length);
    if (!secrets.includes(secret)) throw new RangeError(`{{${name}}} is not under secrets`);
    return { isSecret: true, value: (values) => values.secrets[secret]! };
  }
  if (!Object.hasOwn(templateVariables, name)) {
    throw new RangeError(`{{${name}}} is none of ${Object.keys(templateVariables).join(", ")} and secret.NAME`);
  }
  const variable = templateVariables[name]!;
  const limit = digits === undefined ? undefined : Number(digits);
  const cut = (text: string) => (limit === undefined ? readable(text) : fitText(text, { limit }));
  return { isSecret: false, value: ({ message }) => cut(variable(message)) };
}
