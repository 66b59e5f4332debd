/** A table in text: columns as wide as what is in them, two spaces between. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const format = (line: readonly string[]) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return `${lines.map((line) => format(line).trimEnd()).join("\n")}\n`;
}
