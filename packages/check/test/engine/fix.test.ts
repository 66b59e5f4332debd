import { chownSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, type Report } from "../../src/engine/check.ts";
import type { Edit } from "../../src/engine/edit.ts";
import { applyFixes, type FixResult } from "../../src/engine/fix/apply-fixes.ts";
import { type FixLevel, formatPlan, planFixes } from "../../src/engine/fix/plan-fixes.ts";
import type { Project } from "../../src/engine/project.ts";
import { defineRule, type Found, type Rule } from "../../src/engine/rule.ts";
import { readProject } from "../../src/inputs/read-project.ts";
import { cmp005 } from "../../src/rules/compose/cmp005-no-new-privileges.ts";
import { type Files, folderOf } from "../project.ts";

/** A rule that finds what a test says, as long as a text is somewhere in a file. */
function whileThere(id: string, text: string, found: (project: Project) => Partial<Found>, fix: Rule["fix"] = "safe") {
  return defineRule({
    ...{ id, title: "wrong", severity: "high", profile: "lab", reads: ["file"], fix, explanation: "", references: [] },
    *find(project) {
      for (const file of project.of("file")) {
        if (!file.text.includes(text)) continue;
        const start = file.text.indexOf(text);
        const at = file.locate(start, start + text.length);
        yield { subject: file.path, message: `${file.path} has ${text}`, at, path: "", fix: "", ...found(project) };
      }
    },
  });
}

const set = (file: string, path: string[], value: string): Edit => ({ kind: "set", file, path, value });

class Tried {
  readonly root: string;
  readonly rules: readonly Rule[];

  constructor(files: Files, ...rules: Rule[]) {
    this.root = folderOf(files);
    this.rules = rules;
  }

  read() {
    const project = readProject({ root: this.root, paths: ["."], environment: {} });
    return { project, report: check(project, this.rules, { profile: "lab", now: 0 }) };
  }

  plan(level: FixLevel = "safe") {
    const { project, report } = this.read();
    return { project, report, plan: planFixes(project, report.findings, level) };
  }

  fix(level: FixLevel = "safe", between = () => {}): FixResult {
    const { plan, report } = this.plan(level);
    between();
    return applyFixes(plan, report, () => this.read().report);
  }

  text(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }
}

const fixed = ({ fixed: findings }: FixResult) => findings.map(({ rule }) => rule);
const refused = ({ refused: refusals }: Pick<FixResult, "refused">) =>
  refusals.map(({ finding, reason }) => `${finding.rule}: ${reason}`);
const left = ({ findings }: Report) => findings.map(({ rule }) => rule);

const bad = whileThere("AAA001", "bad", () => ({ edits: [set("a.yaml", ["x"], "good")] }));

describe("fixes", () => {
  it("are made in YAML, in any text, and of modes, and what they put right is not found again", () => {
    const tried = new Tried(
      {
        "a.yaml": "# head\nx: bad # why\n",
        "run.sh": "#!/bin/sh\necho worse\n",
        ".env": { text: "A=secret\n", mode: 0o644 },
      },
      bad,
      whileThere("AAA002", "worse", (project) => {
        const file = project.files.get("run.sh")!;
        const start = file.text.indexOf("worse");
        return { edits: [{ kind: "replace", at: file.locate(start, start + 5), text: "better" }] };
      }),
      defineRule({
        ...{ id: "AAA003", title: "open", severity: "low", profile: "lab", reads: ["file"], fix: "safe" },
        ...{ explanation: "", references: [] },
        *find(project) {
          const file = project.files.get(".env");
          if (file?.mode === 0o600) return;
          yield {
            subject: ".env",
            message: "",
            path: "",
            fix: "",
            edits: [{ kind: "chmod", file: ".env", mode: 0o600 }],
          };
        },
      }),
    );
    const result = tried.fix();
    expect([fixed(result), refused(result), left(result.report)]).toEqual([["AAA001", "AAA002", "AAA003"], [], []]);
    expect([tried.text("a.yaml"), tried.text("run.sh")]).toEqual([
      "# head\nx: good # why\n",
      "#!/bin/sh\necho better\n",
    ]);
    expect(statSync(join(tried.root, ".env")).mode & 0o777).toBe(0o600);
    expect(readdirSync(tried.root).sort()).toEqual([".env", "a.yaml", "run.sh"]);
  });

  it("are made in the document that says it, where a compose file has several", () => {
    const web = "services:\n  web: # the page\n    image: nginx\n";
    const database =
      "# the other\nx-log: &log { driver: local }\nservices:\n  db:\n    image: postgres\n    logging: *log\n";
    const tried = new Tried({ "compose.yaml": `${web}---\n${database}` }, { ...cmp005, profile: "lab" });
    const result = tried.fix("all");
    expect([fixed(result), refused(result), left(result.report)]).toEqual([["CMP005", "CMP005"], [], []]);
    const option = "    security_opt:\n      - no-new-privileges:true\n";
    expect(tried.text("compose.yaml")).toBe(`${web}${option}---\n${database}${option}`);
  });

  it("that may change what a system does are made only when all are asked for", () => {
    const tried = new Tried({ "a.yaml": "x: bad\n" }, { ...bad, fix: "unsafe" });
    expect([fixed(tried.fix("safe")), tried.text("a.yaml")]).toEqual([[], "x: bad\n"]);
    expect([fixed(tried.fix("all")), tried.text("a.yaml")]).toEqual([["AAA001"], "x: good\n"]);
  });

  it("of a suppressed finding are not made", () => {
    const tried = new Tried({ "a.yaml": "x: bad # espalier-ignore AAA001: it has to be like that\n" }, bad);
    expect([fixed(tried.fix("all")), tried.text("a.yaml").slice(0, 6)]).toEqual([[], "x: bad"]);
  });

  it("are shown as a diff, and nothing is written", () => {
    const tried = new Tried({ "a.yaml": "1: 1\n2: 2\n3: 3\n4: 4\nx: bad\n5: 5\n" }, bad);
    expect(formatPlan(tried.plan().plan)).toBe(
      "--- a/a.yaml\n+++ b/a.yaml\n@@ -2,5 +2,5 @@\n 2: 2\n 3: 3\n 4: 4\n-x: bad\n+x: good\n 5: 5\n",
    );
    expect(tried.text("a.yaml")).toContain("bad");
  });

  it("keep the mode and the owner of a file, and the link that leads to it", () => {
    const tried = new Tried({}, bad);
    const outside = folderOf({ "real.yaml": { text: "x: bad\n", mode: 0o640 } });
    const owner = process.getuid?.() === 0 ? 1234 : process.getuid!();
    chownSync(join(outside, "real.yaml"), owner, process.getgid!());
    symlinkSync(join(outside, "real.yaml"), join(tried.root, "a.yaml"));
    expect(fixed(tried.fix())).toEqual(["AAA001"]);
    const { mode, uid } = statSync(join(outside, "real.yaml"));
    expect([lstatSync(join(tried.root, "a.yaml")).isSymbolicLink(), mode & 0o7777, uid]).toEqual([true, 0o640, owner]);
    expect(readFileSync(join(outside, "real.yaml"), "utf8")).toBe("x: good\n");
  });
});

describe("a fix is not made", () => {
  it("in part: when one of its files cannot be edited, the other stays as well", () => {
    const both = whileThere("AAA001", "bad", () => ({
      edits: [set("a.yaml", ["x"], "good"), { kind: "delete", file: "b.yaml", path: ["gone"] }],
    }));
    const tried = new Tried({ "a.yaml": "x: bad\n", "b.yaml": "y: 1\n" }, both);
    const result = tried.fix();
    expect([fixed(result), refused(result)]).toEqual([[], ["AAA001: there is no gone"]]);
    expect([tried.text("a.yaml"), tried.text("b.yaml")]).toEqual(["x: bad\n", "y: 1\n"]);
  });

  it("where another one wants the same place to be something else", () => {
    const other = whileThere("AAA002", "bad", () => ({ edits: [set("a.yaml", ["x"], "other")] }));
    const same = whileThere("AAA003", "bad", () => ({ edits: [set("a.yaml", ["x"], "good")] }));
    const tried = new Tried({ "a.yaml": "x: bad\n" }, bad, other, same);
    const result = tried.fix();
    expect([fixed(result), refused(result), tried.text("a.yaml")]).toEqual([
      ["AAA001", "AAA003"],
      ["AAA002: another fix changes the same place: run the command again"],
      "x: good\n",
    ]);
  });

  it("in a file that could not be read as a whole, or is not among those that were", () => {
    const broken = new Tried({ "compose.yaml": "services:\n  web: [bad\n" }, bad);
    const elsewhere = whileThere("AAA001", "bad", () => ({ edits: [set("../x.yaml", ["x"], "good")] }));
    const there = whileThere("AAA001", "bad", () => ({ edits: [set("compose.yaml", ["x"], "good")] }));
    expect(refused(new Tried({ "a.yaml": "x: bad\n" }, elsewhere).plan().plan)).toEqual([
      "AAA001: ../x.yaml is not among the files that were read",
    ]);
    const { plan } = new Tried({ "compose.yaml": "services:\n  web: [bad\n" }, there).plan();
    expect(refused(plan)).toEqual(["AAA001: compose.yaml could not be read as a whole"]);
    expect(broken.read().report.unreadable.length).toBeGreaterThan(0);
  });

  it("in a file that has changed since it was read, or is not UTF-8", () => {
    const tried = new Tried({ "a.yaml": "x: bad\n" }, bad);
    const result = tried.fix("safe", () => writeFileSync(join(tried.root, "a.yaml"), "x: bad # mine\n"));
    expect([refused(result), tried.text("a.yaml")]).toEqual([
      ["AAA001: a.yaml has been changed since it was read"],
      "x: bad # mine\n",
    ]);
    const latin = new Tried({ "a.yaml": "" }, bad);
    writeFileSync(join(latin.root, "a.yaml"), Buffer.from("x: bad # \xe9\n", "latin1"));
    expect(refused(latin.fix())).toEqual(["AAA001: a.yaml has been changed since it was read, or is not UTF-8"]);
  });

  it("and the other file of its finding gets back what it had", () => {
    const both = whileThere("AAA001", "bad", () => ({
      edits: [set("a.yaml", ["x"], "good"), set("b.yaml", ["y"], "good")],
    }));
    const tried = new Tried({ "a.yaml": "x: bad\n", "b.yaml": "y: 1\n" }, both);
    const result = tried.fix("safe", () => writeFileSync(join(tried.root, "b.yaml"), "y: 2\n"));
    expect([refused(result), tried.text("a.yaml"), tried.text("b.yaml")]).toEqual([
      ["AAA001: b.yaml has been changed since it was read"],
      "x: bad\n",
      "y: 2\n",
    ]);
  });
});

describe("a fix is taken back", () => {
  it("when its finding is still there, with the others of the same file", () => {
    const useless = whileThere("AAA002", "worse", () => ({ edits: [set("a.yaml", ["z"], "1")] }));
    const tried = new Tried({ "a.yaml": "x: bad\ny: worse\n", "b.yaml": "x: 1\n" }, bad, useless);
    const result = tried.fix();
    expect([fixed(result), refused(result), tried.text("a.yaml"), left(result.report)]).toEqual([
      [],
      ["AAA001: AAA002 was still found after it", "AAA002: AAA002 was still found after it"],
      "x: bad\ny: worse\n",
      ["AAA001", "AAA002"],
    ]);
  });

  it("when the file cannot be read after it, with its mode, and with the other file of the finding", () => {
    const breaking = whileThere("AAA001", "services", (project) => {
      const file = project.files.get("compose.yaml")!;
      return {
        subject: "compose.yaml",
        edits: [
          { kind: "replace", at: file.locate(0, file.text.length), text: "web: [\n" },
          { kind: "chmod", file: "compose.yaml", mode: 0o600 },
          set("b.yaml", ["x"], "2"),
        ],
      };
    });
    const text = "services:\n  web:\n    image: a:1\n";
    const tried = new Tried({ "compose.yaml": text, "b.yaml": "x: 1\n" }, breaking);
    const result = tried.fix();
    expect(refused(result)).toEqual([expect.stringMatching(/^AAA001: after it compose\.yaml could not be read: /)]);
    expect([tried.text("compose.yaml"), tried.text("b.yaml"), result.report.unreadable]).toEqual([text, "x: 1\n", []]);
    expect(statSync(join(tried.root, "compose.yaml")).mode & 0o777).toBe(0o644);
  });

  it("but not for an item of a list that has only moved up", () => {
    const items = defineRule({
      ...{ id: "AAA001", title: "bad item", severity: "high", profile: "lab", reads: ["compose"], fix: "safe" },
      ...{ explanation: "", references: [] },
      *find(project) {
        for (const { services } of project.of("compose")) {
          for (const { name, node } of services) {
            for (const [index, at] of (node.get("security_opt")?.items() ?? []).entries()) {
              const edits: Edit[] =
                index === 0 && at.text === "one" ? [{ kind: "delete", file: "compose.yaml", path: at.sourcePath }] : [];
              yield { subject: name, message: `${at.text}`, at, fix: "", edits };
            }
          }
        }
      },
    });
    const tried = new Tried(
      { "compose.yaml": "services:\n  web:\n    image: a:1\n    security_opt: [one, two]\n" },
      items,
    );
    const result = tried.fix();
    expect([fixed(result), result.report.findings.map(({ message, path }) => `${path} ${message}`)]).toEqual([
      ["AAA001"],
      ["services.web.security_opt[0] two"],
    ]);
  });
});
