import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BaselineEntry,
  baselineOf,
  compareWithBaseline,
  formatBaseline,
  parseBaseline,
  pruned,
} from "../../src/engine/baseline.ts";
import type { Finding } from "../../src/engine/finding.ts";
import { findingOf } from "../../src/engine/finding.ts";
import { defineRule } from "../../src/engine/rule.ts";

const rule = defineRule({
  ...{ id: "AAA001", title: "too open", severity: "high", profile: "lab", reads: ["file"], fix: "none" },
  ...{ explanation: "", references: [] },
  find: () => [],
});

function finding(subject: string, value: string, line = 1): Finding {
  const at = { file: "a.yaml", line, column: 1, start: 0, end: 1 };
  return findingOf(rule, { subject, message: `${subject} is open`, at, path: `services.${subject}`, value, fix: "" });
}

const states = (findings: readonly Finding[]) => findings.map(({ subject, baseline }) => `${subject} ${baseline}`);

describe("a baseline", () => {
  it("excuses what it has, wherever it has moved to, and nothing that is new", () => {
    const baseline = baselineOf([finding("web", "1")]);
    const { findings, gone } = compareWithBaseline([finding("web", "1", 99), finding("db", "1")], baseline);
    expect([states(findings), gone]).toEqual([["web unchanged", "db new"], 0]);
  });

  it("excuses no value that has changed", () => {
    const { findings, gone } = compareWithBaseline([finding("web", "2")], baselineOf([finding("web", "1")]));
    expect([states(findings), gone]).toEqual([["web new"], 1]);
  });

  it("excuses as many of one kind as it has", () => {
    const baseline = baselineOf([finding("web", "1"), finding("web", "1", 2)]);
    const three = [finding("web", "1"), finding("web", "1"), finding("web", "1")];
    expect(states(compareWithBaseline(three, baseline).findings)).toEqual([
      "web unchanged",
      "web unchanged",
      "web new",
    ]);
    expect(compareWithBaseline(three.slice(0, 1), baseline).gone).toBe(1);
  });

  it("has nothing that is suppressed", () => {
    const suppressed = { ...finding("web", "1"), suppressed: { reason: "why not", by: "comment" as const } };
    expect(baselineOf([suppressed])).toEqual({ entries: [] });
    const { findings } = compareWithBaseline([suppressed, finding("web", "1")], baselineOf([finding("web", "1")]));
    expect(states(findings)).toEqual(["web undefined", "web unchanged"]);
  });

  it("loses what is gone when it is pruned, but not what was not asked", () => {
    const baseline = baselineOf([finding("web", "1"), finding("web", "1"), finding("db", "1")]);
    const [web, db] = baseline.entries;
    expect(pruned(baseline, [finding("web", "1"), finding("new", "1")], () => true).entries).toEqual([
      { ...web, count: 1 },
    ]);
    expect(pruned(baseline, [], () => false).entries).toEqual([web, db]);
  });
});

describe("the file of a baseline", () => {
  it("has an entry a line, sorted", () => {
    const baseline = baselineOf([finding("web", "1"), finding("db", "1")]);
    const [web, db] = baseline.entries.map(({ fingerprint }) => fingerprint);
    expect(formatBaseline(baseline)).toBe(
      `{\n  "version": 1,\n  "findings": [\n    {"rule":"AAA001","subject":"db","path":"services.db","fingerprint":"${db}","count":1},\n    {"rule":"AAA001","subject":"web","path":"services.web","fingerprint":"${web}","count":1}\n  ]\n}\n`,
    );
  });

  it("is read as it was written", () => {
    const entry: fc.Arbitrary<BaselineEntry> = fc.record({
      ...{ fingerprint: fc.string(), rule: fc.string(), subject: fc.string(), path: fc.string() },
      count: fc.integer({ min: 1 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ fingerprint }) => fingerprint }), (entries) => {
        const read = parseBaseline(formatBaseline({ entries })).entries;
        expect(new Set(read.map((each) => JSON.stringify(each, Object.keys(each).sort())))).toEqual(
          new Set(entries.map((each) => JSON.stringify(each, Object.keys(each).sort()))),
        );
      }),
    );
  });

  it.each([
    ["no JSON", "{", "it is not JSON"],
    [
      "another version",
      '{"version":2,"findings":[]}',
      "it is no baseline of this version: write a new one with --write-baseline",
    ],
    [
      "an entry without a count",
      '{"version":1,"findings":[{"fingerprint":"a","rule":"b","subject":"c","path":"d"}]}',
      "one of its findings lacks its fingerprint, count, rule, subject or path",
    ],
    ["null", "null", "it is no baseline of this version: write a new one with --write-baseline"],
  ])("is refused with %s", (_, text, message) => {
    expect(() => parseBaseline(text)).toThrow(message);
  });
});
