import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CsvRow, csvRows } from "../../src/transfer/csv-rows.ts";
import { Spool } from "../../src/transfer/spool.ts";

async function rowsOf(content: string | Uint8Array): Promise<CsvRow[]> {
  const spool = await Spool.create(tmpdir());
  onTestFinished(() => spool[Symbol.asyncDispose]());
  await spool.append(content);
  const rows: CsvRow[] = [];
  for await (const row of csvRows(spool, () => {})) rows.push(row);
  return rows;
}

describe("rows of CSV", () => {
  it.each([
    ["commas", "uid,cn\nann,Ann"],
    ["semicolons", "uid;cn\nann;Ann"],
    ["tabs", "uid\tcn\nann\tAnn"],
    ["a byte order mark", "\ufeffuid,cn\nann,Ann"],
    ["line ends of Windows", "uid,cn\r\nann,Ann\r\n"],
    ["quotes around everything", '"uid","cn"\n"ann","Ann"\n'],
  ])("are read with %s", async (_, text) => {
    expect(await rowsOf(text)).toEqual([
      { line: 1, cells: ["uid", "cn"] },
      { line: 2, cells: ["ann", "Ann"] },
    ]);
  });

  it("are told with the line on which they begin, behind cells of several lines and empty lines", async () => {
    expect(await rowsOf('uid,postalAddress\nann,"Street 1\nTown"\n\nbob,"a ""b"", c"\n')).toEqual([
      { line: 1, cells: ["uid", "postalAddress"] },
      { line: 2, cells: ["ann", "Street 1\nTown"] },
      { line: 5, cells: ["bob", 'a "b", c'] },
    ]);
  });

  it("take the separator of the header, not one within its quotes", async () => {
    expect(await rowsOf('"a,b,c,d";e\n1;2\n')).toEqual([
      { line: 1, cells: ["a,b,c,d", "e"] },
      { line: 2, cells: ["1", "2"] },
    ]);
  });

  it("are refused before the first is given where the file is not UTF-8, with the line", async () => {
    const content = Buffer.concat([Buffer.from("uid,cn\nann,Ann\nbob,B"), Buffer.of(0xf6), Buffer.from("b\n")]);
    await expect(rowsOf(content)).rejects.toThrow("Line 3 is not UTF-8. Save the file as UTF-8; nothing was imported.");
  });

  it("end with an error where a quote is never closed", async () => {
    await expect(rowsOf('uid,cn\nann,"Ann\n')).rejects.toThrow(
      /^The file is not CSV; nothing was tried. Quote Not Closed: .* at line 2/,
    );
  });
});
