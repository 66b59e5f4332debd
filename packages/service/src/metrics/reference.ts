/** The table of every metric, as Markdown, out of the definitions that are registered. */
import type { MetricDefinition } from "./definition.ts";

/** One table; metrics in the order they are given. */
export function metricsReference(definitions: Readonly<Record<string, MetricDefinition>>): string {
  const rows = Object.values(definitions).map(({ name, type, labels, help }) => {
    const cells = [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(", "), help.replaceAll("|", "\\|")];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}
