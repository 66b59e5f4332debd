/** PromQL expressions as rules look at them: parsed by Prometheus's own grammar, with the types that its manual states. */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

interface Stretch {
  /** Offsets into the expression. */
  readonly from: number;
  readonly to: number;
}

export type PromqlExpression = Stretch &
  (
    | { readonly kind: "number" | "string" }
    | { readonly kind: "selector"; readonly metric: string | undefined; readonly matchers: readonly Matcher[] }
    /** A selector or a subquery with a stretch of time. */
    | { readonly kind: "range"; readonly inner: PromqlExpression; readonly isSubquery: boolean }
    | { readonly kind: "call"; readonly name: string; readonly parameters: readonly PromqlExpression[] }
    | {
        readonly kind: "aggregation";
        readonly name: string;
        readonly grouping: Grouping | undefined;
        readonly parameters: readonly PromqlExpression[];
      }
    | {
        readonly kind: "binary";
        readonly operator: string;
        readonly left: PromqlExpression;
        readonly right: PromqlExpression;
        readonly isBool: boolean;
        readonly matching: Grouping | undefined;
        readonly isGroupJoin: boolean;
      }
    | { readonly kind: "unary"; readonly inner: PromqlExpression }
  );

interface Grouping {
  readonly kind: "by" | "without" | "on" | "ignoring";
  readonly labels: readonly string[];
}

/** Why Prometheus refuses an expression; `at` is an offset into it. */
export class PromqlError extends Error {
  override readonly name = "PromqlError";
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** @throws {PromqlError} for what is not PromQL, and for functions that are given what they do not take. */
export function parsePromql(text: string): PromqlExpression {
  const tree = parser.parse(text);
  let fault: number | undefined;
  tree.iterate({
    enter({ type, from }) {
      if (type.isError) fault ??= from;
    },
  });
  const top = tree.topNode.firstChild;
  if (text.trim() === "" || top === null) throw new PromqlError("it is empty", 0);
  if (fault !== undefined) {
    const rest = text.slice(fault).trim();
    throw new PromqlError(
      rest === "" ? "it breaks off" : `it cannot be read from ${JSON.stringify(rest.slice(0, 20))} on`,
      fault,
    );
  }
  const expression = new Reader(text).read(top);
  typeOf(expression);
  return expression;
}

export type PromqlType = "scalar" | "vector" | "matrix" | "string";

const ofRange = "rate irate increase delta idelta deriv changes resets absent_over_time";
const overTime = "avg min max sum count last present stddev stdvar mad first";
const ofVector =
  "abs absent ceil floor exp ln log2 log10 sqrt sgn sort sort_desc timestamp scalar deg rad sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh histogram_count histogram_sum histogram_avg histogram_stddev histogram_stdvar";
const ofTime = "minute hour day_of_month day_of_week day_of_year days_in_month month year";

/** What functions take, a letter each: a scalar, vector, matrix or text; `?` what may be left out. Of others nothing is known. */
const signatures: ReadonlyMap<string, string> = new Map([
  ...ofRange.split(" ").map((name) => [name, "m"] as const),
  ...overTime.split(" ").map((name) => [`${name}_over_time`, "m"] as const),
  ...ofVector.split(" ").map((name) => [name, "v"] as const),
  ...ofTime.split(" ").map((name) => [name, "v?"] as const),
  ...Object.entries({ time: "", pi: "", vector: "s", clamp: "vss", clamp_min: "vs", clamp_max: "vs", round: "vs?" }),
  ...Object.entries({ histogram_quantile: "sv", histogram_fraction: "ssv", label_replace: "vtttt" }),
  ...Object.entries({
    quantile_over_time: "sm",
    predict_linear: "ms",
    holt_winters: "mss",
    double_exponential_smoothing: "mss",
  }),
]);
const letters: Readonly<Record<string, PromqlType>> = { s: "scalar", v: "vector", m: "matrix", t: "string" };
const scalarFunctions: ReadonlySet<string> = new Set(["time", "pi", "scalar"]);

/** @throws {PromqlError} where an operand is of a type that does not fit. */
export function typeOf(expression: PromqlExpression): PromqlType {
  switch (expression.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "selector":
      if (expression.metric === undefined && !expression.matchers.some(isNarrowing)) {
        throw new PromqlError("a selector needs a name, or a matcher that not everything matches", expression.from);
      }
      return "vector";
    case "range":
      if (expression.isSubquery) wanted(expression.inner, ["vector"], "what a subquery is of");
      else if (expression.inner.kind !== "selector")
        throw new PromqlError("only a selector has a range", expression.from);
      else typeOf(expression.inner);
      return "matrix";
    case "unary":
      return wanted(expression.inner, ["scalar", "vector"], "what has a sign");
    case "call":
      return typeOfCall(expression);
    case "aggregation":
      wanted(expression.parameters.at(-1), ["vector"], `what ${expression.name} is taken of`, expression.from);
      return "vector";
    case "binary":
      return typeOfBinary(expression);
  }
}

function typeOfCall({ name, parameters, from }: PromqlExpression & { readonly kind: "call" }): PromqlType {
  const types = parameters.map((parameter) => typeOf(parameter));
  const signature = signatures.get(name);
  if (signature !== undefined) {
    const places = [...signature.matchAll(/(\w)(\??)/g)];
    const least = places.filter(([, , optional]) => optional === "").length;
    if (types.length < least || types.length > places.length) {
      throw new PromqlError(
        `${name} takes ${least === places.length ? least : `${least} or ${places.length}`} parameters, and has ${types.length}`,
        from,
      );
    }
    for (const [index, type] of types.entries()) {
      const expected = letters[places[index]![1]!]!;
      if (type !== expected) throw new PromqlError(mismatch(name, expected, type), parameters[index]!.from);
    }
  }
  return scalarFunctions.has(name) ? "scalar" : "vector";
}

function mismatch(name: string, expected: PromqlType, type: PromqlType): string {
  if (expected === "matrix") return `${name} takes a range vector, such as ${name}(requests_total[5m])`;
  return type === "matrix" ? `${name} takes no range vector` : `${name} takes a ${expected}, and is given a ${type}`;
}

function typeOfBinary(expression: PromqlExpression & { readonly kind: "binary" }): PromqlType {
  const { left, right, operator, isBool, matching, from } = expression;
  const sides = [left, right].map((side) => wanted(side, ["scalar", "vector"], `a side of ${operator}`));
  const areScalars = sides.every((type) => type === "scalar");
  const areVectors = sides.every((type) => type === "vector");
  if (/^(?:and|or|unless)$/.test(operator) && !areVectors) {
    throw new PromqlError(`both sides of ${operator} must be vectors`, from);
  }
  if (/^(?:==|!=|<|>|<=|>=)$/.test(operator) && areScalars && !isBool) {
    throw new PromqlError(`numbers are compared with ${operator} bool`, from);
  }
  if (matching !== undefined && !areVectors) throw new PromqlError(`${matching.kind} is only for two vectors`, from);
  return areScalars ? "scalar" : "vector";
}

function wanted(
  expression: PromqlExpression | undefined,
  types: readonly PromqlType[],
  what: string,
  at = 0,
): PromqlType {
  if (expression === undefined) throw new PromqlError(`${what} is missing`, at);
  const type = typeOf(expression);
  if (!types.includes(type))
    throw new PromqlError(`${what} must be a ${types.join(" or a ")}, and is a ${type}`, expression.from);
  return type;
}

/** A matcher that the empty text matches narrows nothing. */
function isNarrowing({ operator, value }: Matcher): boolean {
  if (operator === "=") return value !== "";
  if (operator === "!=") return value === "";
  return operator === "=~" ? !/^(?:\.\*|)$/.test(value) : /^(?:\.\*|)$/.test(value);
}

/** Those that people write have a dozen; each level is a call of its own here. */
const maxDepth = 500;

class Reader {
  readonly #text: string;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(node: SyntaxNode): PromqlExpression {
    if (this.#depth === maxDepth) throw new PromqlError("it is nested too deeply", node.from);
    this.#depth += 1;
    try {
      return this.#read(node);
    } finally {
      this.#depth -= 1;
    }
  }

  #read(node: SyntaxNode): PromqlExpression {
    const { from, to } = node;
    const children = childrenOf(node);
    switch (node.name) {
      case "ParenExpr":
        // The stretch with its parentheses and its offset, so that it can be written elsewhere.
        return { ...this.read(children[0]!), from, to };
      case "OffsetExpr":
      case "StepInvariantExpr":
        return this.#suffixed(children[0]!, to, (inner) => ({ ...inner, to }));
      case "NumberDurationLiteral":
        return { kind: "number", from, to };
      case "StringLiteral":
        return { kind: "string", from, to };
      case "VectorSelector":
        return this.#selector(node);
      case "MatrixSelector":
      case "SubqueryExpr": {
        const isSubquery = node.name === "SubqueryExpr";
        return this.#suffixed(children[0]!, to, (inner) => ({
          kind: "range",
          inner,
          isSubquery,
          from: inner.from,
          to,
        }));
      }
      case "UnaryExpr":
        return { kind: "unary", inner: this.read(children.at(-1)!), from, to };
      case "FunctionCall":
        return { kind: "call", name: this.#slice(children[0]!), parameters: this.#parameters(node), from, to };
      case "AggregateExpr": {
        const modifier = node.getChild("AggregateModifier");
        const kind = modifier?.getChild("By") === null ? "without" : "by";
        const grouping =
          modifier === null ? undefined : { kind: kind as Grouping["kind"], labels: this.#labels(modifier) };
        const name = this.#slice(children[0]!).toLowerCase();
        return { kind: "aggregation", name, grouping, parameters: this.#parameters(node), from, to };
      }
      case "BinaryExpr":
        return this.#binary(node);
      default:
        throw new PromqlError(`it cannot be read from ${JSON.stringify(this.#text.slice(from, from + 20))} on`, from);
    }
  }

  /** The grammar has a range and an offset belong to a whole sum; Prometheus has them belong to its last part. */
  #suffixed(node: SyntaxNode, to: number, suffix: (inner: PromqlExpression) => PromqlExpression): PromqlExpression {
    const inner = this.read(node);
    if (inner.kind !== "binary" || node.name !== "BinaryExpr") return suffix(inner);
    return { ...inner, to, right: this.#suffixed(childrenOf(node).at(-1)!, to, suffix) };
  }

  #binary(node: SyntaxNode): PromqlExpression {
    const children = childrenOf(node);
    const clause = node.getChild("MatchingModifierClause");
    const kind = clause?.getChild("On") ? "on" : clause?.getChild("Ignoring") ? "ignoring" : undefined;
    return {
      kind: "binary",
      operator: this.#slice(children[1]!).toLowerCase(),
      left: this.read(children[0]!),
      right: this.read(children.at(-1)!),
      isBool: node.getChild("BoolModifier") !== null,
      matching: kind === undefined ? undefined : { kind, labels: this.#labels(clause!) },
      isGroupJoin: Boolean(clause?.getChild("GroupLeft") ?? clause?.getChild("GroupRight")),
      from: node.from,
      to: node.to,
    };
  }

  #selector(node: SyntaxNode): PromqlExpression {
    const identifier = node.getChild("Identifier");
    const matchers: Matcher[] = [];
    let metric = identifier === null ? undefined : this.#slice(identifier);
    for (const matcher of childrenOf(node.getChild("LabelMatchers"))) {
      const [name, operator, value] = childrenOf(matcher);
      if (matcher.name === "QuotedLabelName") metric = unquoted(this.#slice(matcher));
      if (name === undefined || operator === undefined || value === undefined) continue;
      const label = unquoted(this.#slice(name));
      const text = unquoted(this.#slice(value));
      if (label === "__name__" && this.#slice(operator) === "=") metric = text;
      else matchers.push({ label, operator: this.#slice(operator), value: text });
    }
    return { kind: "selector", metric, matchers, from: node.from, to: node.to };
  }

  #parameters(node: SyntaxNode): readonly PromqlExpression[] {
    return childrenOf(node.getChild("FunctionCallBody")).map((child) => this.read(child));
  }

  #labels(node: SyntaxNode): readonly string[] {
    return childrenOf(node.getChild("GroupingLabels")).map((label) => unquoted(this.#slice(label)));
  }

  #slice({ from, to }: SyntaxNode): string {
    return this.#text.slice(from, to);
  }
}

function childrenOf(node: SyntaxNode | null): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name !== "Comment") children.push(child);
  }
  return children;
}

function unquoted(text: string): string {
  const [, quote, inner] = /^(["'`])(.*)\1$/s.exec(text) ?? [];
  if (inner === undefined) return text;
  return quote === "`" ? inner : inner.replaceAll(/\\(.)/g, "$1");
}

/** The expression and all within it. */
export function* within(expression: PromqlExpression): Generator<PromqlExpression> {
  yield expression;
  if (expression.kind === "binary") {
    yield* within(expression.left);
    yield* within(expression.right);
  } else if (expression.kind === "range" || expression.kind === "unary") yield* within(expression.inner);
  else if (expression.kind === "call" || expression.kind === "aggregation") {
    for (const parameter of expression.parameters) yield* within(parameter);
  }
}
