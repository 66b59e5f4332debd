/** Rows of CSV, RFC 4180, as spreadsheets write it: with or without a byte order mark, parted by commas, semicolons or tabs. */
import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { ApiError } from "../api/problem.ts";
import type { Spool } from "./spool.ts";

export interface CsvRow {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

const separators = [",", ";", "\t"];
const maxRowBytes = 16 * 1024 * 1024;
/** What the separator is looked for in: the header. */
const headBytes = 65_536;

/**
 * The header is the first. Empty lines are passed over.
 *
 * @throws ApiError where the file is not CSV in UTF-8, with the line. Text that is not UTF-8 is found before any row is given.
 */
export async function* csvRows(
  spool: Spool,
  onBytes: (bytes: number) => void,
): AsyncGenerator<CsvRow, void, undefined> {
  await checkText(spool);
  const parser = Readable.from(counted(spool.read(), onBytes), { objectMode: false }).pipe(
    parse({
      bom: true,
      delimiter: separatorOf(await head(spool)),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxRowBytes,
    }),
  );
  let end = 0;
  try {
    for await (const { info, record } of parser as AsyncIterable<{ info: { lines: number }; record: string[] }>) {
      yield { line: firstLineOf(info.lines, record), cells: record };
      end = info.lines;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const where = end === 0 ? "nothing was tried" : `nothing behind line ${end} was tried`;
    throw new ApiError("invalid_request", `The file is not CSV; ${where}. ${error.message}`, { cause: error });
  }
}

/** csv-parse tells on which line a row ends. */
function firstLineOf(lastLine: number, cells: readonly string[]): number {
  const breaks = cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
  return lastLine - breaks;
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) {
  for await (const chunk of chunks) {
    yield chunk;
    onBytes(chunk.length);
  }
}

async function checkText(spool: Spool): Promise<void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const chunk of spool.read()) decoder.decode(chunk, { stream: true });
    decoder.decode();
  } catch {
    const line = await lineThatIsNotText(spool);
    throw new ApiError("invalid_request", `Line ${line} is not UTF-8. Save the file as UTF-8; nothing was imported.`);
  }
}

async function lineThatIsNotText(spool: Spool): Promise<number> {
  let line = 1;
  let pieces: Uint8Array[] = [];
  for await (const chunk of spool.read()) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      if (!isUtf8(Buffer.concat([...pieces, chunk.subarray(start, end)]))) return line;
      pieces = [];
      line += 1;
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
  }
  return line;
}

async function head(spool: Spool): Promise<string> {
  for await (const chunk of spool.read(headBytes)) return Buffer.from(chunk).toString("utf8");
  return "";
}

/** The one that is most often in the first line, outside of quotes. */
function separatorOf(text: string): string {
  const [line = ""] = text.replaceAll(/"(?:[^"]|"")*"/g, "").split(/[\r\n]/);
  const count = (separator: string) => line.split(separator).length;
  return separators.reduce((best, each) => (count(each) > count(best) ? each : best));
}
