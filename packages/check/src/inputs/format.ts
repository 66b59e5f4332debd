/** A format of files: how one is known, and what is read out of it. */
import type { DocumentKind, Documents } from "./documents.ts";
import type { SourceFile } from "./source-file.ts";

export interface Format<Kind extends DocumentKind = DocumentKind> {
  readonly kind: Kind;
  /** By name and, where that does not say it, by a look at the text: cheap, since every file is asked about. */
  recognizes(file: SourceFile): boolean;
  /** @throws {InputError} when it is of this format and cannot be read. */
  parse(file: SourceFile): readonly Documents[Kind][];
}

export function defineFormat<Kind extends DocumentKind>(format: Format<Kind>): Format<Kind> {
  return format;
}
