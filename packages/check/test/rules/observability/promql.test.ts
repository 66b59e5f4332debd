import { join } from "node:path";
import { requirePrograms, runCommand } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { PromqlError, parsePromql, typeOf } from "../../../src/rules/observability/promql.ts";
import { folderOf } from "../../project.ts";

const describe = requirePrograms({ promtool: "prometheus" });

function isRead(text: string): boolean {
  try {
    parsePromql(text);
    return true;
  } catch (error) {
    if (error instanceof PromqlError) return false;
    throw error;
  }
}

const vector: fc.Arbitrary<string> = fc.constantFrom(
  "up",
  'a{b="c"}',
  '{__name__=~"x.+"}',
  "sum by (job) (a)",
  "a offset 5m",
);
const scalar = fc.constantFrom("1", "0x1f", "time()", "scalar(up)", "5 * 2");
const matrix = fc.constantFrom("a[5m]", 'a{b!="c"}[1h]', "rate(a[5m])[1h:5m]");
const operand = fc.oneof(vector, scalar, matrix);
const call = fc
  .tuple(fc.constantFrom("rate", "abs", "increase", "max_over_time", "ceil", "scalar", "absent"), operand)
  .map(([name, parameter]) => `${name}(${parameter})`);
const operator = fc.constantFrom("+", "/", "==", "> bool", "and", "unless", "/ on(job)", "* ignoring(a) group_left");
const expression = fc.oneof(
  call,
  fc
    .tuple(fc.oneof(operand, call), operator, fc.oneof(operand, call))
    .map(([left, sign, right]) => `${left} ${sign} ${right}`),
  fc.tuple(fc.constantFrom("sum", "count by (a)", "topk"), operand).map(([name, inner]) => `${name}(${inner})`),
);

describe("an expression", () => {
  it("is taken or refused as Prometheus does", async () => {
    // One file with a rule for each would be refused as a whole: Prometheus names those that it refuses.
    const texts = fc.sample(expression, 150).filter((text) => !text.startsWith("topk"));
    const rules = texts.map((text, index) => `      - record: r:${index}\n        expr: ${JSON.stringify(text)}\n`);
    const folder = folderOf({ "rules.yml": `groups:\n  - name: a\n    rules:\n${rules.join("")}` });
    const { stdout, stderr } = await runCommand("promtool", ["check", "rules", join(folder, "rules.yml")]);
    const refused = new Set([...`${stdout}${stderr}`.matchAll(/"r:(\d+)"/g)].map(([, index]) => Number(index)));
    const judged = texts.map((text, index) => ({ text, isAccepted: !refused.has(index) }));
    expect(judged.filter(({ text, isAccepted }) => isRead(text) !== isAccepted)).toEqual([]);
  });
});

test("whatever text is read, it is an expression or a PromqlError", () => {
  const piece = fc.constantFrom(
    "sum",
    "(",
    ")",
    "{",
    "}",
    "[5m]",
    "a",
    '"x"',
    "=",
    "/",
    "by",
    ",",
    "-",
    "1",
    "offset",
    "@",
    "#",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(piece).map((pieces) => pieces.join(" ")),
  );
  fc.assert(
    fc.property(text, (each) => typeof isRead(each) === "boolean"),
    { numRuns: 500 },
  );
});

test("one that is nested without end is refused, and one that is long is not", () => {
  expect([isRead(`${"(".repeat(50_000)}a${")".repeat(50_000)}`), isRead("-".repeat(50_000))]).toEqual([false, false]);
  expect(typeOf(parsePromql(Array.from({ length: 300 }, (_, index) => `a${index}`).join(" or ")))).toBe("vector");
});
