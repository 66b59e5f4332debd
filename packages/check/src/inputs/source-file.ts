/** A file as it was read: its path as the user knows it, its text, and where in it an offset is. */

/** A stretch of a file, to be shown and to be replaced. Lines and columns begin at 1; columns count UTF-16 units. */
export interface Location {
  /** As {@link SourceFile.path}. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Offsets into the text: `text.slice(start, end)` is what it is about. */
  readonly start: number;
  readonly end: number;
}

/** Who may do what with a file. */
export interface FilePermissions {
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** A file that is not text, which is not kept: a keystore, a database. Paths as in {@link SourceFile}. */
export interface BinaryFile extends FilePermissions {
  readonly path: string;
  readonly absolutePath: string;
}

export class SourceFile {
  /** Relative to the root of the check, with `/`; what findings show. */
  readonly path: string;
  readonly absolutePath: string;
  readonly text: string;
  /** Permission bits, `0o600`; undefined where the file does not come from a disk. */
  readonly mode: number | undefined;
  /** Numbers of its owner and its group; undefined as `mode` is. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  #lineStarts: number[] | undefined;

  constructor(file: Pick<SourceFile, "path" | "absolutePath" | "text"> & Partial<FilePermissions>) {
    this.path = file.path;
    this.absolutePath = file.absolutePath;
    this.text = file.text;
    this.mode = file.mode;
    this.uid = file.uid;
    this.gid = file.gid;
  }

  locate(start: number, end: number = start): Location {
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= start) low = middle;
      else high = middle - 1;
    }
    return { file: this.path, line: low + 1, column: start - starts[low]! + 1, start, end };
  }

  /** A whole line without its end; `line` begins at 1. */
  locateLine(line: number): Location {
    const starts = this.#starts();
    const start = starts[line - 1] ?? this.text.length;
    const next = starts[line] ?? this.text.length + 1;
    const end = this.text[next - 2] === "\r" ? next - 2 : next - 1;
    return { file: this.path, line, column: 1, start, end: Math.max(start, end) };
  }

  #starts(): readonly number[] {
    if (this.#lineStarts === undefined) {
      this.#lineStarts = [0];
      for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) {
        this.#lineStarts.push(at + 1);
      }
    }
    return this.#lineStarts;
  }
}

/** What cannot be read is never clean: it is part of the report, and makes the exit code 3. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly location: Location | undefined;

  /** @param message says what to do; it never quotes a value that may be secret. */
  constructor(message: string, location?: Location, options?: ErrorOptions) {
    super(message, options);
    this.location = location;
  }
}
