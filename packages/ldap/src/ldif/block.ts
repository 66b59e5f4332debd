/** The physical side of LDIF, RFC 2849: lines, folding, comments, and the empty lines between records. */
import { LdifParseError } from "./record.ts";

export interface LdifLimits {
  /** Bytes of one line after unfolding. */
  readonly maxLineBytes: number;
  /** Bytes of all lines of one record after unfolding. */
  readonly maxRecordBytes: number;
}

export const defaultLdifLimits: LdifLimits = { maxLineBytes: 16 * 1024 * 1024, maxRecordBytes: 64 * 1024 * 1024 };

/** One unfolded line without its end; `line` is where it begins. */
export interface LdifLine {
  readonly line: number;
  readonly bytes: Uint8Array;
}

/** What stands between two empty lines, comments left out; never without lines. */
export type LdifBlock = readonly LdifLine[];

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const NUMBER_SIGN = 0x23;

/**
 * Puts blocks together out of chunks that may be cut anywhere. Chunks are copied, so a caller may use a buffer again.
 *
 * A block that passes a limit is given as an error, at once, and its remaining lines are thrown away unread: memory stays
 * within the limits whatever the input.
 */
export class LdifBlockAssembler {
  readonly #limits: LdifLimits;
  #block: LdifLine[] = [];
  #blockBytes = 0;
  /** True from a limit passed until the next empty line. */
  #skipping = false;

  /** The unfolded line being read. A comment, which may be folded too, is read and not kept. */
  #kind: "none" | "text" | "comment" = "none";
  #firstLine = 0;
  #buffer = new Uint8Array(256);
  #length = 0;

  /** The physical line being read: its number, and its contents without the space that folds it. */
  #physicalLine = 1;
  #atLineStart = true;
  #folded = false;
  #physicalLength = 0;
  #lastByte = 0;

  constructor(limits: LdifLimits) {
    this.#limits = limits;
  }

  *push(chunk: Uint8Array): Generator<LdifBlock | LdifParseError, void, undefined> {
    let start = 0;
    while (start < chunk.length) {
      if (this.#atLineStart) start += this.#beginPhysicalLine(chunk[start]!);
      const feed = chunk.indexOf(LF, start);
      const error = this.#append(chunk.subarray(start, feed === -1 ? chunk.length : feed));
      if (error !== undefined) yield error;
      if (feed === -1) return;
      start = feed + 1;
      const block = this.#endPhysicalLine();
      if (block !== undefined) yield block;
    }
  }

  /** The block that only the end of the input ends. */
  *end(): Generator<LdifBlock, void, undefined> {
    if (!this.#atLineStart) {
      const block = this.#endPhysicalLine();
      if (block !== undefined) yield block;
    }
    const block = this.#finishBlock();
    if (block !== undefined) yield block;
  }

  /** Returns how many bytes of the line are not its contents: 1 for the space of a folded line. */
  #beginPhysicalLine(first: number): number {
    this.#atLineStart = false;
    this.#physicalLength = 0;
    this.#lastByte = 0;
    this.#folded = first === SPACE && this.#kind !== "none";
    if (this.#folded) return 1;
    this.#finishLine();
    this.#kind = first === NUMBER_SIGN ? "comment" : "text";
    this.#firstLine = this.#physicalLine;
    return 0;
  }

  #append(bytes: Uint8Array): LdifParseError | undefined {
    if (bytes.length === 0) return undefined;
    this.#physicalLength += bytes.length;
    this.#lastByte = bytes[bytes.length - 1]!;
    if (this.#kind === "comment" || this.#skipping) return undefined;
    const { maxLineBytes, maxRecordBytes } = this.#limits;
    const length = this.#length + bytes.length;
    if (length > maxLineBytes) {
      return this.#skip(`the line is longer than ${maxLineBytes} bytes: raise maxLineBytes to read it.`);
    }
    if (this.#blockBytes + length > maxRecordBytes) {
      return this.#skip(
        `the record is longer than ${maxRecordBytes} bytes: separate records by an empty line, or raise maxRecordBytes.`,
      );
    }
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
    return undefined;
  }

  #skip(sentence: string): LdifParseError {
    this.#skipping = true;
    this.#block = [];
    this.#blockBytes = 0;
    return new LdifParseError(this.#firstLine, sentence);
  }

  #endPhysicalLine(): LdifBlock | undefined {
    if (this.#physicalLine === 1) this.#dropByteOrderMark();
    this.#physicalLine += 1;
    this.#atLineStart = true;
    if (this.#lastByte === CR) {
      this.#physicalLength -= 1;
      if (this.#kind === "text" && !this.#skipping) this.#length -= 1;
    }
    return this.#physicalLength === 0 && !this.#folded ? this.#finishBlock() : undefined;
  }

  /** Windows editors begin UTF-8 with a byte order mark. */
  #dropByteOrderMark(): void {
    if (this.#length < 3 || this.#buffer[0] !== 0xef || this.#buffer[1] !== 0xbb || this.#buffer[2] !== 0xbf) return;
    if (this.#length > 3 && this.#buffer[3] === NUMBER_SIGN) this.#kind = "comment";
    this.#buffer.copyWithin(0, 3, this.#length);
    this.#length -= 3;
    this.#physicalLength -= 3;
  }

  #finishLine(): void {
    if (this.#kind === "text" && !this.#skipping && this.#length > 0) {
      const bytes = this.#buffer.slice(0, this.#length);
      // Between records a line of nothing but spaces continues nothing and separates as well as an empty one.
      if (this.#block.length > 0 || bytes.some((byte) => byte !== SPACE)) {
        this.#block.push({ line: this.#firstLine, bytes });
        this.#blockBytes += bytes.length;
      }
    }
    this.#kind = "none";
    this.#length = 0;
  }

  #finishBlock(): LdifBlock | undefined {
    this.#finishLine();
    const block = this.#block;
    this.#skipping = false;
    this.#block = [];
    this.#blockBytes = 0;
    return block.length === 0 ? undefined : block;
  }
}
