/** `.env` files as compose reads them: names, values, quotes, comments and `${…}`. */
import type { Location } from "./source-file.ts";

export interface DotenvFile {
  /** As {@link SourceFile.path}. */
  readonly path: string;
  readonly variables: readonly DotenvVariable[];
}

export interface DotenvVariable {
  readonly name: string;
  /** Quotes taken off, `${…}` filled in from the file above it and the environment. */
  readonly value: string;
  readonly location: Location;
}
