/** Reading LDIF, RFC 2849, from a stream or from a text. */
import { defaultLdifLimits, type LdifBlock, LdifBlockAssembler, type LdifLimits } from "./block.ts";
import { parseLdifBlock } from "./parse.ts";
import { LdifParseError, type LdifRecord, type PlacedLdifRecord } from "./record.ts";

export interface ParseLdifOptions {
  readonly limits?: Partial<LdifLimits>;
  /** Told of each record that cannot be read, which is then left out. Without it the first such record ends the reading. */
  readonly onError?: (error: LdifParseError) => void;
}

export interface ReadLdifOptions extends ParseLdifOptions {
  /**
   * Fetches what `attribute:< url` stands for. Without it such a value is an error: a file from elsewhere must not be able to
   * name files of this machine or addresses that only this machine can reach.
   */
  readonly resolveUrl?: (url: string) => Promise<Uint8Array>;
}

/**
 * Reads records from chunks that may be cut anywhere, also within a character. Content and change records may be mixed.
 *
 * @throws {LdifParseError} `ERR_LDIF`, unless `onError` is given. What the source throws is passed on.
 */
export async function* readLdif(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
  options: ReadLdifOptions = {},
): AsyncGenerator<PlacedLdifRecord, void, undefined> {
  const assembler = new LdifBlockAssembler({ ...defaultLdifLimits, ...options.limits });
  for await (const chunk of toBytes(chunks)) {
    for (const block of assembler.push(chunk)) {
      const record = await recover(options, () => resolveBlock(block, options));
      if (record !== undefined) yield record;
    }
  }
  for (const block of assembler.end()) {
    const record = await recover(options, () => resolveBlock(block, options));
    if (record !== undefined) yield record;
  }
}

/**
 * Reads a whole text at once. Values behind `:< url` are an error here.
 *
 * @throws {LdifParseError} `ERR_LDIF`, unless `onError` is given.
 */
export function parseLdif(ldif: string | Uint8Array, options: ParseLdifOptions = {}): PlacedLdifRecord[] {
  const assembler = new LdifBlockAssembler({ ...defaultLdifLimits, ...options.limits });
  const records: PlacedLdifRecord[] = [];
  const add = (block: LdifBlock | LdifParseError) => {
    try {
      const record = parseBlock(block);
      if (record !== undefined) records.push(record);
    } catch (error) {
      report(options, error);
    }
  };
  for (const block of assembler.push(typeof ldif === "string" ? new TextEncoder().encode(ldif) : ldif)) add(block);
  for (const block of assembler.end()) add(block);
  return records;
}

async function recover<Result>(options: ParseLdifOptions, read: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await read();
  } catch (error) {
    report(options, error);
    return undefined;
  }
}

function report(options: ParseLdifOptions, error: unknown): void {
  if (options.onError === undefined || !(error instanceof LdifParseError)) throw error;
  options.onError(error);
}

function parseBlock(block: LdifBlock | LdifParseError): PlacedLdifRecord | undefined {
  if (block instanceof LdifParseError) throw block;
  const parsing = parseLdifBlock(block);
  const step = parsing.next();
  if (!step.done) {
    throw new LdifParseError(
      step.value.line,
      "the value is a URL, and URLs are not followed here; write it in base64 behind ::.",
    );
  }
  return placed(block, step.value);
}

async function resolveBlock(
  block: LdifBlock | LdifParseError,
  { resolveUrl }: ReadLdifOptions,
): Promise<PlacedLdifRecord | undefined> {
  if (resolveUrl === undefined || block instanceof LdifParseError) return parseBlock(block);
  const parsing = parseLdifBlock(block);
  let step = parsing.next();
  while (!step.done) {
    const { line, url } = step.value;
    let contents: Uint8Array;
    try {
      contents = await resolveUrl(url);
    } catch (cause) {
      throw new LdifParseError(
        line,
        `the URL of the value cannot be read: ${cause instanceof Error ? cause.message : cause}`,
        { cause },
      );
    }
    step = parsing.next(contents);
  }
  return placed(block, step.value);
}

function placed(block: LdifBlock, record: LdifRecord | undefined): PlacedLdifRecord | undefined {
  return record === undefined ? undefined : { line: block[0]!.line, record };
}

/** Strings as UTF-8, a character that is cut in two by the end of one string put together again. */
async function* toBytes(
  chunks: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  let highSurrogate = "";
  for await (const chunk of chunks) {
    if (typeof chunk !== "string") {
      yield chunk;
      continue;
    }
    const whole = highSurrogate + chunk;
    highSurrogate = /[\ud800-\udbff]$/.exec(whole)?.[0] ?? "";
    yield encoder.encode(whole.slice(0, whole.length - highSurrogate.length));
  }
  if (highSurrogate !== "") yield encoder.encode(highSurrogate);
}
