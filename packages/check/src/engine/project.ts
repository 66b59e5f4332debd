/** What a check looks at: every document that was read or observed, by its kind. */
import type { DocumentKind, Documents } from "../inputs/documents.ts";
import type { Location, SourceFile } from "../inputs/source-file.ts";

/** What could not be read, and why. */
export interface Unreadable {
  /** The file or the endpoint. */
  readonly subject: string;
  readonly message: string;
  readonly location?: Location | undefined;
}

export class Project {
  /** Absolute; the paths of files are relative to it. */
  readonly root: string;
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly unreadable: readonly Unreadable[];
  readonly #documents: { readonly [Kind in DocumentKind]?: readonly Documents[Kind][] };

  constructor(parts: {
    readonly root: string;
    readonly files: Iterable<SourceFile>;
    readonly documents: { readonly [Kind in DocumentKind]?: readonly Documents[Kind][] };
    readonly unreadable?: readonly Unreadable[];
  }) {
    this.root = parts.root;
    this.files = new Map([...parts.files].map((file) => [file.path, file]));
    this.unreadable = parts.unreadable ?? [];
    this.#documents = parts.documents;
  }

  /** The documents of a kind, in the order in which they were read. */
  of<Kind extends DocumentKind>(kind: Kind): readonly Documents[Kind][] {
    return this.#documents[kind] ?? [];
  }
}
