/** Values as they are written into espalier.yaml, whose loader fills in `${…}`. */

/** On one line: bare where nothing can be mistaken, else between double quotes (JSON is YAML). */
export function scalar(text: string): string {
  const escaped = escapeReferences(text);
  const isPlain =
    /^[a-z0-9/][a-z0-9_/.,:=@+-]*$/i.test(escaped) &&
    !/^[\d.:+-]*$|:$|^(?:true|false|null|yes|no|on|off|y|n)$/i.test(escaped);
  return isPlain && !/^[\d.]+e[\d+-]+$|^0[xo]/i.test(escaped) ? escaped : JSON.stringify(escaped);
}

/** Between brackets or braces. */
export function flowScalar(text: string): string {
  return text.includes(",") ? JSON.stringify(escapeReferences(text)) : scalar(text);
}

/** A text of several lines below its key, which stands `indent` blanks in. */
export function block(key: string, text: string, indent: number): string {
  const margin = " ".repeat(indent);
  const lines = escapeReferences(text)
    .split("\n")
    .map((line) => `${margin}  ${line}`);
  return `${margin}${key}: |\n${lines.join("\n")}`;
}

function escapeReferences(text: string): string {
  return text.replaceAll("$", "$$$$");
}
