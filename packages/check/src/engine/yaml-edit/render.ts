/** Values written as YAML in the manner of the file that they are put into. */
import type { JsonValue } from "@espalier/service";
import { Document } from "yaml";
import type { YamlText } from "./yaml-text.ts";

/** Whether it is written in the line of its key: scalars, and collections with nothing in them. */
export function isInline(value: JsonValue): boolean {
  return value === null || typeof value !== "object" || Object.keys(value).length === 0;
}

/** A scalar, or `[]`, or `{}`; in one line. */
export function renderInline(value: JsonValue, yaml: YamlText): string {
  return documentOf(value)
    .toString({ ...styleOf(yaml, value), blockQuote: false })
    .trimEnd();
}

/** Lines, each but the empty ones indented by `column`. */
export function renderLines(value: JsonValue, column: number, yaml: YamlText): readonly string[] {
  const lines = documentOf(value).toString(styleOf(yaml, value)).trimEnd().split("\n");
  return lines.map((line) => (line === "" ? "" : " ".repeat(column) + line));
}

/** The inside of `[…]` or `{…}`: items or members, without the brackets. */
export function renderFlow(value: JsonValue[] | { [key: string]: JsonValue }, yaml: YamlText): string {
  const document = documentOf(value);
  (document.contents as unknown as { flow: boolean }).flow = true;
  return document.toString(styleOf(yaml, value)).trim().slice(1, -1).trim();
}

/** What older parsers would take for something else, such as `no` and `22:22`, is quoted as well. */
function documentOf(value: JsonValue): Document {
  return new Document(value, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
}

function styleOf({ step, listStep, text }: YamlText, value: JsonValue) {
  // In single quotes a newline would be one of the file.
  const isOfLines = JSON.stringify(value).includes("\\n");

  return {
    indent: Math.max(1, step),
    indentSeq: listStep > 0,
    lineWidth: 0,
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    flowCollectionPadding: /[[{] \S/.test(text),
    // The last newline of a block scalar may be that of the file.
    blockQuote: text === "" || text.endsWith("\n"),
    singleQuote: !isOfLines && text.split("'").length > text.split('"').length,
  };
}
