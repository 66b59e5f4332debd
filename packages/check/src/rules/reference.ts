/** The rules as a page for people: a table, then each with why it matters and where that is written. Markdown. */
import type { Rule } from "../engine/rule.ts";

const fixes: Readonly<Record<Rule["fix"], string>> = {
  safe: "`--fix`",
  unsafe: "`--fix=all`",
  none: "by hand",
};

export function rulesReference(rules: readonly Rule[]): string {
  const rows = rules.map(
    ({ id, title, severity, profile, fix }) =>
      `| [${id}](#${id.toLowerCase()}) | ${severity} | ${title} | ${profile} | ${fixes[fix]} |`,
  );
  const sections = rules.map(
    ({ id, title, explanation, references }) =>
      `## ${id}\n\n**${title}.** ${explanation}\n\n${references.map((reference) => `- ${reference}`).join("\n")}`,
  );
  return [
    "The severity is the highest that a rule's findings have; each may have less. A profile asks its own rules and those of the ones before it: `lab`, `production`, `strict`.",
    ["| id | severity | finds | from profile | is put right |", "| --- | --- | --- | --- | --- |", ...rows].join("\n"),
    ...sections,
  ].join("\n\n");
}
