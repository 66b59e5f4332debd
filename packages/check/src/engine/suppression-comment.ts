/** Suppressions in the files themselves: `# espalier-ignore CMP001 until 2026-12-31: the reason`. */
import type { Location, SourceFile } from "../inputs/source-file.ts";

export interface SuppressionComment {
  readonly rules: readonly string[];
  readonly reason: string;
  readonly until?: string;
  /** Of the comment. */
  readonly location: Location;
}

export interface UnusableComment {
  readonly location: Location;
  /** What is wrong with it, as the end of the sentence `the suppression …`. */
  readonly problem: string;
}

/** Fewer characters give no reason: as in the configuration. */
const minReason = 10;

/** Where comments begin with `#`, `--` or `;`. Documents that show one as an example are not among them. */
const commented =
  /(?:^|\/)(?:[^/.]+|\.?env(?:\.[^/]*)?|\.[^/.]+|[^/]*\.(?:ya?ml|env|conf|cfg|cnf|ini|sh|bash|sql|ldif|toml|rules|service|timer|hcl|py|rb|properties)(?:\.[^/]+)?)$/i;
const marker = /(?:^|\s)(?:#|--|;)[ \t]*espalier-ignore(?![\w-])[ \t]*:?(.*)$/;
const form = /^([A-Z]{3}\d{3}(?:[ \t]*,[ \t]*[A-Z]{3}\d{3})*)[ \t]*(?:until[ \t]+([^\s:]+)[ \t]*)?(?::(.*))?$/;

/** In the order in which they stand. */
export function suppressionComments(file: SourceFile): readonly (SuppressionComment | UnusableComment)[] {
  if (!file.text.includes("espalier-ignore") || !commented.test(file.path)) return [];
  const found: (SuppressionComment | UnusableComment)[] = [];
  let start = 0;
  for (const line of file.text.split("\n")) {
    const match = marker.exec(line.trimEnd());
    if (match !== null) {
      const begin = start + match.index + (match[0].length - match[0].trimStart().length);
      const location = file.locate(begin, start + line.trimEnd().length);
      found.push({ location, ...parse(match[1]!.trim()) });
    }
    start += line.length + 1;
  }
  return found;
}

export function isUsable(comment: SuppressionComment | UnusableComment): comment is SuppressionComment {
  return "rules" in comment;
}

function parse(text: string): { problem: string } | Omit<SuppressionComment, "location"> {
  const match = form.exec(text);
  if (match === null) return { problem: "names no rule such as CMP001" };
  const [, ids, until, reason = ""] = match;
  if (until !== undefined && !isDate(until)) return { problem: "has a date that is none such as 2026-12-31" };
  if (reason.trim().length < minReason) return { problem: "gives no reason" };
  const rules = ids!.split(",").map((id) => id.trim());
  return { rules, reason: reason.trim(), ...(until === undefined ? {} : { until }) };
}

function isDate(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)
  );
}
