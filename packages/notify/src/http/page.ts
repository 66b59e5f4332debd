/** Pages for people, without scripts, for a phone first: a card with a heading, what it is about, and perhaps a button. */
import { createHash } from "node:crypto";
import { escapeHtml } from "../escape-html.ts";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 1rem; display: grid; min-height: 90vh; place-items: center; }
main { width: 100%; max-width: 28rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
form { display: flex; flex-wrap: wrap; gap: .75rem; }
button { flex: 1; font: inherit; font-weight: 600; padding: .9rem 1rem; border: 0; border-radius: .5rem; color: #fff; background: #1a5fb4; }
button.no { background: #a51d2d; } button.plain { flex-basis: 100%; color: inherit; background: none; border: 1px solid; }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** For the header `content-security-policy` of a {@link page}. */
export const pageSecurityPolicy = `default-src 'self'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;

export interface PageButton {
  readonly label: string;
  /** Fields of the form that it posts to the page's own URL. */
  readonly name: string;
  readonly value: string;
  readonly look?: "no" | "plain";
}

export interface PageContent {
  readonly title: string;
  readonly text?: string;
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly buttons?: readonly PageButton[];
}

export function page({ title, text, facts = [], buttons = [] }: PageContent): string {
  const list = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join("");
  const controls = buttons.map(({ label, name, value, look }) => {
    const attributes = `name="${escapeHtml(name)}" value="${escapeHtml(value)}"${look === undefined ? "" : ` class="${look}"`}`;
    return `<button type="submit" ${attributes}>${escapeHtml(label)}</button>`;
  });
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>`,
    `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">`,
    `<style>${style}</style></head><body><main><h1>${escapeHtml(title)}</h1>`,
    text === undefined ? "" : `<p>${escapeHtml(text)}</p>`,
    list === "" ? "" : `<dl>${list}</dl>`,
    controls.length === 0 ? "" : `<form method="post">${controls.join("")}</form>`,
    "</main></body></html>\n",
  ].join("");
}
