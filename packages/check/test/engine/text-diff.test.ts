import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePrograms } from "@espalier/tests/lab";
import fc from "fast-check";
import { describe as describeAlways, expect, it, onTestFinished } from "vitest";
import { unifiedDiff } from "../../src/engine/fix/text-diff.ts";

const describe = requirePrograms({ patch: "patch" });

describeAlways("a unified diff", () => {
  it("is empty for equal texts", () => {
    expect(unifiedDiff("a", "x\n", "x\n")).toBe("");
  });

  it("shows changes that are near to one another together, and others by themselves", () => {
    const before = Array.from({ length: 20 }, (_, index) => `${index}\n`);
    const after = before.with(2, "two\n").with(5, "five\n").with(17, "seventeen\n");
    expect(unifiedDiff("a", before.join(""), after.join(""))).toBe(
      "--- a/a\n+++ b/a\n" +
        "@@ -1,9 +1,9 @@\n 0\n 1\n-2\n+two\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" +
        "@@ -15,6 +15,6 @@\n 14\n 15\n 16\n-17\n+seventeen\n 18\n 19\n",
    );
  });

  it("says where the newline at the end is missing", () => {
    expect(unifiedDiff("a", "x", "x\ny")).toBe(
      "--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n\\ No newline at end of file\n",
    );
    expect(unifiedDiff("a", "", "x\n")).toBe("--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+x\n");
  });
});

describe("for any two texts", () => {
  it("patch makes the one into the other with it", () => {
    const folder = mkdtempSync(join(tmpdir(), "espalier-diff-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const line = fc.constantFrom("a", "b", "c", "", " d", "-e", "+f");
    const lines = fc.array(line, { minLength: 1, maxLength: 25 });
    const text = fc.tuple(lines, fc.boolean()).map(([all, isEnded]) => `x\n${all.join("\n")}${isEnded ? "\n" : ""}`);
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff("t", before, after);
        if (before === after) {
          expect(diff).toBe("");
          return;
        }
        writeFileSync(join(folder, "t"), before);
        execFileSync("patch", ["-s", "-p1"], { cwd: folder, input: diff });
        expect(readFileSync(join(folder, "t"), "utf8")).toBe(after);
      }),
      { numRuns: 150 },
    );
  });
});
