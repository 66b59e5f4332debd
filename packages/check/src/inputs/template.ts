/** Templates with `{{NAME}}` in them: known by their name or their folder. */
import { hasPlaceholder, type Placeholder, placeholdersOf } from "../render/placeholder.ts";
import { defineFormat } from "./format.ts";
import type { SourceFile } from "./source-file.ts";

export interface TemplateFile {
  readonly file: SourceFile;
  /** At least one. */
  readonly placeholders: readonly Placeholder[];
}

/** Also those of other programs: what is in them is not for us to judge. */
export function isTemplatePath(path: string): boolean {
  return /(?:^|\/)(?:[^/]*\.)?templates?\/|\.(?:template|tmpl|tpl|j2|jinja2?|in|erb|gotmpl|mustache|hbs)$/i.test(path);
}

export const templateFormat = defineFormat({
  kind: "template",
  recognizes: ({ path, text }) => isTemplatePath(path) && hasPlaceholder(text),
  parse: (file) => [{ file, placeholders: placeholdersOf(file.text) }],
});
