/** Which language a template is in, by the name of its file; and those that a placeholder may name. */
import { basename } from "node:path";
import { jsonLanguage } from "./json-language.ts";
import type { Language } from "./language.ts";
import { ldifLanguage } from "./ldif-language.ts";
import { plainLanguage } from "./plain-language.ts";
import { shellLanguage } from "./shell-language.ts";
import { sqlLanguage } from "./sql-language.ts";
import { yamlLanguage } from "./yaml-language.ts";

const bySuffix: ReadonlyMap<string, Language> = new Map<string, Language>([
  ["ldif", ldifLanguage],
  ["yaml", yamlLanguage],
  ["yml", yamlLanguage],
  ["json", jsonLanguage],
  ["sql", sqlLanguage("sql")],
  ["sh", shellLanguage],
  ["bash", shellLanguage],
  ["ksh", shellLanguage],
]);

/** What may stand behind `|`, apart from `raw` and `url`. */
export const namedLanguages: ReadonlyMap<string, Language> = new Map<string, Language>([
  ["ldif", ldifLanguage],
  ["yaml", yamlLanguage],
  ["json", jsonLanguage],
  ["sql", sqlLanguage("sql")],
  ["postgres", sqlLanguage("postgres")],
  ["mysql", sqlLanguage("mysql")],
  ["shell", shellLanguage],
]);

export const forms: readonly string[] = ["raw", "url", ...namedLanguages.keys()];

const templateSuffix = /\.(?:template|tmpl|tpl)$/;

/** The name of what a template is rendered to: `init.sql` for `init.sql.tmpl`. */
export function renderedName(path: string): string {
  return path.replace(templateSuffix, "");
}

export function languageOf(path: string, text: string): Language {
  const name = basename(renderedName(path)).toLowerCase();
  const bySuffixed = bySuffix.get(name.slice(name.lastIndexOf(".") + 1));
  if (bySuffixed !== undefined) return bySuffixed;
  return /^#![^\n]*\b(?:ba|da|k|z)?sh\b/.test(text) ? shellLanguage : plainLanguage;
}
