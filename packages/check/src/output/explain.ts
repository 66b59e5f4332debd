/** What is known of a rule, for a person, and the list of all rules. */
import type { Rule } from "../engine/rule.ts";
import { paint, wrapped } from "./terminal.ts";
import { visibleJson } from "./visible.ts";

interface Page {
  readonly color: boolean;
  readonly width: number;
}

const fixes: Readonly<Record<Rule["fix"], string>> = {
  safe: "put right by --fix",
  unsafe: "put right by --fix=all",
  none: "put right by hand",
};

export function formatExplanation(
  { id, title, severity, profile, fix, explanation, references }: Rule,
  { color, width }: Page,
): string {
  const p = paint(color);
  const facts = `${p.severity(severity, severity)}, ${asked(profile)}, ${fixes[fix]}`;
  const paragraphs = explanation
    .split("\n\n")
    .map((paragraph) => (paragraph.includes("\n") ? paragraph : wrapped(paragraph, width).join("\n")));
  const sources = references.map((reference) => {
    const [first, ...others] = wrapped(reference, width - 4);
    return `  - ${first}\n${others.map((line) => `    ${line}\n`).join("")}`;
  });
  const list = sources.length === 0 ? "" : `\n${p.bold("Where it is written")}\n${sources.join("")}`;
  return `${p.bold(`${id}  ${title}`)}\n${facts}\n\n${paragraphs.join("\n\n")}\n${list}`;
}

function asked(profile: Rule["profile"]): string {
  if (profile === "lab") return "asked in every profile";
  return profile === "production" ? "asked in the profiles production and strict" : "asked in the profile strict";
}

export function formatRules(rules: readonly Rule[], { color, width }: Page): string {
  const p = paint(color);
  const indent = " ".repeat(38);
  const lines = rules.map(({ id, title, severity, profile, fix }) => {
    const [first, ...others] = wrapped(title, width - indent.length);
    const marks = { safe: "--fix", unsafe: "=all", none: "" }[fix];
    const head = `${p.bold(id)}  ${p.severity(severity, severity.padEnd(8))}  ${profile.padEnd(10)}  ${p.good(marks.padEnd(6))}  `;
    return `${head}${first}\n${others.map((line) => `${indent}${line}\n`).join("")}`;
  });
  const header = p.dim(
    `${"id".padEnd(6)}  ${"severity".padEnd(8)}  ${"from".padEnd(10)}  ${"fix".padEnd(6)}  what is wrong`,
  );
  return `${header}\n${lines.join("")}`;
}

export function formatRulesJson(rules: readonly Rule[]): string {
  const list = rules.map(({ id, title, severity, profile, fix, reads, explanation, references }) => ({
    ...{ id, title, severity, profile, fix, reads, explanation, references },
  }));
  return `${visibleJson({ version: 1, rules: list }, 2)}\n`;
}
