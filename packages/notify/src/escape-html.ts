/** Text of strangers in HTML: in mails and on pages. */
import { readable } from "./channels/readable.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for attributes in quotes; without invisible characters that turn the direction of writing around. */
export function escapeHtml(text: string): string {
  return readable(text).replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
