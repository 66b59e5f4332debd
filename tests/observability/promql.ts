/** Which metrics an expression of Prometheus reads, and by which labels: as much of PromQL's grammar as that takes. */

export interface Selector {
  readonly metric: string;
  /** Those that it selects by. */
  readonly labels: readonly string[];
}

const words = new Set(["and", "or", "unless", "offset", "bool", "inf", "nan"]);

/** The selectors of an expression, and as one more without a metric, the labels that it groups and joins by. */
export function selectorsOf(expression: string): {
  readonly selectors: readonly Selector[];
  readonly groupedBy: readonly string[];
} {
  const withoutTexts = expression.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  const groupedBy: string[] = [];
  const withoutGroups = withoutTexts.replaceAll(
    /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g,
    (_, labels: string) => {
      groupedBy.push(
        ...labels
          .split(",")
          .map((label) => label.trim())
          .filter((label) => label !== ""),
      );
      return " ";
    },
  );
  const selectors = [...withoutGroups.matchAll(/(?<![\w.:$])([a-zA-Z_:][\w:]*)(?!\w|\s*\()(?:\{([^}]*)\})?/g)].flatMap(
    ([, metric = "", matchers = ""]): Selector[] => {
      if (words.has(metric.toLowerCase())) return [];
      return [{ metric, labels: [...matchers.matchAll(/([a-zA-Z_]\w*)\s*[=!]/g)].map(([, label]) => label!) }];
    },
  );
  return { selectors, groupedBy };
}
