/** Divisions that never give what they are meant to, as Prometheus matches both sides series by series, by all labels. */
import { type PromqlExpression, within } from "./promql.ts";

export interface WrongRatio {
  readonly ratio: PromqlExpression & { readonly kind: "binary" };
  /** To stand after the name of the rule: `always gives 1: …`. */
  readonly text: string;
  /** The whole expression as it should be; undefined where only a person can tell. */
  readonly correction?: string;
}

/** @param text what the expression was parsed from */
export function* wrongRatios(text: string, expression: PromqlExpression): Generator<WrongRatio> {
  for (const each of within(expression)) {
    if (each.kind !== "binary" || each.operator !== "/" || each.matching !== undefined || each.isGroupJoin) continue;
    const left = labelsOf(each.left);
    const right = labelsOf(each.right);
    const fault = left === undefined || right === undefined ? undefined : faultOf(left, right, isAlike(text, each));
    if (fault === undefined) continue;
    const isSummable = left?.kind === "series" && right?.kind === "series";
    yield { ratio: each, text: fault, ...(isSummable ? { correction: summed(text, each) } : {}) };
  }
}

/** Whether both sides differ in their matchers alone, and not in a stretch of time or an offset. */
function isAlike(text: string, { left, right }: WrongRatio["ratio"]): boolean {
  const bare = ({ from, to }: PromqlExpression) => text.slice(from, to).replaceAll(/\{[^}]*\}|\s/g, "");
  return bare(left) === bare(right);
}

/** What is known of the labels that the series of an expression have. */
type Labels =
  | { readonly kind: "series"; readonly metric: string; readonly matched: ReadonlyMap<string, string> }
  | { readonly kind: "exact"; readonly labels: readonly string[] };

/** Functions that leave a series its labels. */
const keeping = /^(?:rate|irate|increase|delta|idelta|deriv|abs|ceil|floor|round|clamp\w*|\w+_over_time)$/;
const aggregations = /^(?:sum|avg|min|max|count|group|stddev|stdvar)$/;

function labelsOf(expression: PromqlExpression): Labels | undefined {
  switch (expression.kind) {
    case "selector": {
      const { metric, matchers } = expression;
      // What a recording rule gives has the labels that its rule leaves.
      if (metric === undefined || metric.includes(":")) return undefined;
      const matched = matchers.map(({ label, operator, value }) => [`${label}${operator}`, value] as const);
      return { kind: "series", metric, matched: new Map(matched) };
    }
    case "range":
      return expression.isSubquery ? undefined : labelsOf(expression.inner);
    case "call":
      return keeping.test(expression.name) && expression.parameters[0] !== undefined
        ? labelsOf(expression.parameters.find(({ kind }) => kind === "range") ?? expression.parameters[0])
        : undefined;
    case "aggregation": {
      const { grouping, name } = expression;
      if (!aggregations.test(name) || grouping?.kind === "without") return undefined;
      return { kind: "exact", labels: grouping?.labels ?? [] };
    }
    default:
      return undefined;
  }
}

function faultOf(left: Labels, right: Labels, areAlike: boolean): string | undefined {
  if (left.kind === "series" && right.kind === "series") return faultOfSeries(left, right, areAlike);
  if (left.kind === "exact" && right.kind === "exact") {
    const same =
      left.labels.length === right.labels.length && left.labels.every((label) => right.labels.includes(label));
    return same
      ? undefined
      : `never gives anything: one side has the labels (${left.labels.join(", ")}), the other (${right.labels.join(", ")})`;
  }
  // A series that was scraped has at least job and instance.
  const [exact] = [left, right].filter((side) => side.kind === "exact");
  if (exact?.kind !== "exact" || (exact.labels.includes("instance") && exact.labels.includes("job"))) return undefined;
  return `never gives anything: one side is aggregated to (${exact.labels.join(", ")}), the other has all its labels`;
}

type Series = Labels & { readonly kind: "series" };

function faultOfSeries(left: Series, right: Series, areAlike: boolean): string | undefined {
  for (const [key, value] of left.matched) {
    const other = right.matched.get(key);
    if (key.endsWith("=") && !/[!~]=$/.test(key) && other !== undefined && other !== value) {
      return `never gives anything: both sides are matched by all labels, and ${key}"${value}" is not ${key}"${other}"`;
    }
  }
  const isHalf = (bucket: Series, whole: Series) =>
    bucket.metric.endsWith("_bucket") && /_(?:count|sum)$/.test(whole.metric) && bucket.matched.has("le=");
  if (isHalf(left, right) || isHalf(right, left)) {
    return "never gives anything: both sides are matched by all labels, and only buckets have le";
  }
  if (!areAlike || isSame(left.matched, right.matched)) return undefined;
  return "gives 1 wherever it gives anything: each series is divided by itself, as both sides are matched by all labels";
}

function isSame(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

function summed(text: string, { left, right }: WrongRatio["ratio"]): string {
  const side = ({ from, to }: PromqlExpression) => `sum(${text.slice(from, to)})`;
  return text.slice(0, left.from) + side(left) + text.slice(left.to, right.from) + side(right) + text.slice(right.to);
}
