import { describe, expect, test } from "vitest";
import { check } from "../../src/engine/check.ts";
import { cmp001 } from "../../src/rules/compose/cmp001-privileged.ts";
import { cmp008 } from "../../src/rules/compose/cmp008-read-only.ts";
import { cmp014 } from "../../src/rules/compose/cmp014-image-tag.ts";
import { rules } from "../../src/rules/index.ts";
import { linesOf, projectOf } from "../project.ts";

const now = Date.UTC(2026, 0, 15);
const compose = "services:\n  vm:\n    image: vm\n    privileged: true\n";

describe("a check", () => {
  test("tells the most severe first, and asks no more than its profile does", () => {
    const project = projectOf({ "compose.yaml": compose });
    const found = (profile: "lab" | "production" | "strict") =>
      check(project, [cmp008, cmp014, cmp001], { profile, now }).findings.map(({ rule, severity }) => [rule, severity]);
    expect(found("lab")).toEqual([["CMP001", "critical"]]);
    expect(found("production")).toEqual([
      ["CMP001", "critical"],
      ["CMP014", "medium"],
    ]);
    expect(found("strict")).toEqual([
      ["CMP001", "critical"],
      ["CMP008", "medium"],
      ["CMP014", "medium"],
    ]);
  });

  test("tells of a file that is part of two projects once", () => {
    const project = projectOf({
      "compose.yaml": compose,
      "compose.production.yaml": "services:\n  vm:\n    restart: always\n",
    });
    expect(project.of("compose").length).toBeGreaterThan(1);
    expect(linesOf(check(project, [cmp001], { profile: "lab", now }).findings)).toEqual([
      "critical compose.yaml:4:17 services.vm.privileged: vm is privileged, which is root on the host for whoever takes it over",
    ]);
  });

  test("runs no rule that has nothing to look at", () => {
    const { rulesRun } = check(projectOf({ "notes.txt": "nothing" }), rules, { profile: "strict", now });
    expect(rulesRun.filter((id) => id.startsWith("CMP"))).toEqual([]);
  });
});

describe("the rules", () => {
  test("have each its own id, in their order, with an explanation and where that is written", () => {
    const ids = rules.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    for (const { id, explanation, references, title } of rules) {
      expect([id, explanation.length > 80, references.length > 0, title.endsWith(".")]).toEqual([
        id,
        true,
        true,
        false,
      ]);
    }
  });
});
