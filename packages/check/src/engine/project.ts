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

export type DocumentsByKind = { readonly [Kind in DocumentKind]?: readonly Documents[Kind][] };

export class Project {
  /** Absolute; the paths of files are relative to it. */
  readonly root: string;
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly unreadable: readonly Unreadable[];
  readonly #documents: DocumentsByKind;

  constructor(parts: {
    readonly root: string;
    readonly files: Iterable<SourceFile>;
    readonly documents: DocumentsByKind;
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

  /** The same with more documents and more that could not be read: what was observed on a running system. */
  with(more: { readonly documents: DocumentsByKind; readonly unreadable?: readonly Unreadable[] }): Project {
    const documents: { [Kind in DocumentKind]?: readonly unknown[] } = { ...this.#documents };
    for (const kind of Object.keys(more.documents) as DocumentKind[]) {
      documents[kind] = [...this.of(kind), ...(more.documents[kind] ?? [])];
    }
    return new Project({
      root: this.root,
      files: this.files.values(),
      documents: documents as DocumentsByKind,
      unreadable: [...this.unreadable, ...(more.unreadable ?? [])],
    });
  }
}
