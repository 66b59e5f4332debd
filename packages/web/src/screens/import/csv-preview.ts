/** The first rows of a CSV file (RFC 4180), read as the import reads them: parted by commas, semicolons or tabs. */

export interface CsvPreview {
  readonly separator: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const separators = [",", ";", "\t"];
/** How much of a file is looked at. */
export const previewBytes = 65_536;

/** @param isCut the text is the beginning of a longer one: its last row may not be whole, and is left out */
export function previewCsv(text: string, isCut: boolean, maxRows = 10): CsvPreview {
  const whole = text.replace(/^\uFEFF/, "");
  const separator = separatorOf(whole);
  const rows = rowsOf(whole, separator);
  if (isCut) rows.pop();
  const [header = [], ...rest] = rows.filter((row) => row.length > 1 || row[0] !== "");
  return { separator, header, rows: rest.slice(0, maxRows) };
}

/** The one that is most often in the first line, outside of quotes. */
function separatorOf(text: string): string {
  const [line = ""] = text.replaceAll(/"(?:[^"]|"")*"/g, "").split(/[\r\n]/);
  const count = (separator: string) => line.split(separator).length;
  return separators.reduce((best, each) => (count(each) > count(best) ? each : best));
}

function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (character === '"' && cell === "") {
      isQuoted = true;
    } else if (character === separator) {
      row.push(cell);
      cell = "";
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[at + 1] === "\n") at += 1;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else {
      cell += character;
    }
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  return rows;
}
