import { describe, expect, it } from "vitest";
import { check, isFailing, type Report } from "../../src/engine/check.ts";
import { defineRule } from "../../src/engine/rule.ts";
import type { ConfiguredSuppression } from "../../src/engine/suppression.ts";
import { sup001 } from "../../src/rules/suppressions/sup001-unusable-comment.ts";
import { type Files, projectOf } from "../project.ts";

/** Two rules that are as simple as rules can be: one about a key, one about a service in which something is missing. */
const privileged = defineRule({
  ...{ id: "AAA001", title: "privileged", severity: "critical", profile: "lab", reads: ["compose"], fix: "none" },
  ...{ explanation: "", references: [] },
  *find(project) {
    for (const { services } of project.of("compose")) {
      for (const { name, node } of services) {
        const at = node.get("privileged");
        if (at !== undefined) yield { subject: name, message: `${name} is privileged`, at, fix: "remove it" };
      }
    }
  },
});
const unnamed = defineRule({
  ...{ id: "AAA002", title: "no user", severity: "high", profile: "lab", reads: ["compose"], fix: "none" },
  ...{ explanation: "", references: [] },
  *find(project) {
    for (const { services } of project.of("compose")) {
      for (const { name, node } of services) {
        if (node.get("user") === undefined)
          yield { subject: name, message: `${name} has no user`, at: node, fix: "user:" };
      }
    }
  },
});
const opened = defineRule({
  ...{ id: "AAA003", title: "file", severity: "low", profile: "lab", reads: ["file"], fix: "none" },
  ...{ explanation: "", references: [] },
  *find(project) {
    for (const file of project.of("file")) {
      if (file.path.endsWith(".sh")) {
        yield { subject: file.path, message: `${file.path} is a script`, at: file.locate(0), path: "", fix: "" };
      }
    }
  },
});

const now = Date.UTC(2026, 0, 15);

function report(files: Files | string, suppressions: readonly ConfiguredSuppression[] = []): Report {
  const project = projectOf(typeof files === "string" ? { "compose.yaml": files } : files);
  const rules = [privileged, unnamed, opened, sup001];
  return check(project, rules, { profile: "lab", now, suppressions });
}

/** `AAA001 web`, and for what is excused the reason behind it. */
function summary({ findings }: Report): readonly string[] {
  return findings.map(({ rule, subject, suppressed, ended }) =>
    [rule, subject, ...(suppressed ? [suppressed.reason] : []), ...(ended ? [`ended ${ended.until}`] : [])].join(" "),
  );
}

const reason = "libvirt needs it";

describe("a comment excuses", () => {
  it.each([
    [
      "what is on its line",
      `services:\n  web:\n    user: a\n    privileged: true # espalier-ignore AAA001: ${reason}\n`,
    ],
    [
      "what is on the next line",
      `services:\n  web:\n    user: a\n    # espalier-ignore AAA001: ${reason}\n    privileged: true\n`,
    ],
    [
      "what comes after other comments and empty lines",
      `services:\n  web:\n    user: a\n    # espalier-ignore AAA001: ${reason}\n    # for now\n\n    privileged: true\n`,
    ],
    [
      "the service whose key it is at",
      `services:\n  web: # espalier-ignore AAA001: ${reason}\n    user: a\n    privileged: true\n`,
    ],
    [
      "the service that begins below it",
      `services:\n  # espalier-ignore AAA001: ${reason}\n  web:\n    user: a\n    privileged: true\n`,
    ],
    [
      "also beside another rule",
      `services:\n  web:\n    user: a\n    privileged: true # espalier-ignore AAA002, AAA001: ${reason}\n`,
    ],
  ])("%s", (_, text) => {
    expect(summary(report(text))).toEqual([`AAA001 web ${reason}`]);
  });

  it.each([
    ["inside of the service", `services:\n  web:\n    image: a\n    # espalier-ignore AAA002: ${reason}\n`],
    ["inside, behind a key", `services:\n  web:\n    image: a\n    tty: true # espalier-ignore AAA002: ${reason}\n`],
    ["at its end", `services:\n  web:\n    image: a\n    # espalier-ignore AAA002: ${reason}\n\n  db: {user: a}\n`],
    ["before the service", `services:\n  # espalier-ignore AAA002: ${reason}\n  web:\n    image: a\n    tty: true\n`],
  ])("something that is missing, %s", (_, text) => {
    expect(summary(report(text))).toEqual([`AAA002 web ${reason}`]);
  });

  it("a whole file at its head", () => {
    const text = `#!/bin/sh\n# espalier-ignore AAA003: ${reason}\necho\n`;
    expect(summary(report({ "a.sh": text }))).toEqual([`AAA003 a.sh ${reason}`]);
  });
});

describe("a comment does not excuse", () => {
  it.each([
    [
      "another service",
      `services:\n  web:\n    privileged: true\n    user: a\n  # espalier-ignore AAA001: ${reason}\n  db: {user: b}\n`,
    ],
    [
      "what is elsewhere in its service",
      `services:\n  web:\n    # espalier-ignore AAA001: ${reason}\n    user: a\n    privileged: true\n`,
    ],
    [
      "the service before it",
      `services:\n  web:\n    privileged: true\n    user: a\n  # espalier-ignore AAA001: ${reason}\n`,
    ],
    ["another rule", `services:\n  web:\n    user: a\n    privileged: true # espalier-ignore AAA002: ${reason}\n`],
    [
      "all services at once",
      `# espalier-ignore AAA001: ${reason}\nservices:\n  web:\n    user: a\n    privileged: true\n`,
    ],
  ])("%s, and that it is of no use is told", (_, text) => {
    const result = report(text);
    expect(summary(result)).toEqual(["AAA001 web"]);
    expect(result.suppressions.map(({ state, by }) => [state, by])).toEqual([["unused", "comment"]]);
  });

  it.each([
    ["has no reason", "# espalier-ignore AAA001", "gives no reason"],
    ["has next to no reason", "# espalier-ignore AAA001: because", "gives no reason"],
    ["names no rule", "# espalier-ignore: because of libvirt", "names no rule such as CMP001"],
    [
      "has a day that does not exist",
      `# espalier-ignore AAA001 until 2026-02-30: ${reason}`,
      "has a date that is none such as 2026-12-31",
    ],
  ])("anything when it %s: it is a finding itself", (_, comment, problem) => {
    const result = report(`services:\n  web:\n    user: a\n    privileged: true ${comment}\n`);
    expect(summary(result)).toEqual(["AAA001 web", "SUP001 compose.yaml"]);
    expect(result.findings[1]).toMatchObject({
      severity: "high",
      message: `the suppression in line 4 of compose.yaml ${problem}`,
      location: { line: 4, column: 22 },
    });
    expect(isFailing({ ...result, findings: result.findings.slice(1) }, "high")).toBe(true);
  });

  it("anything in a document that shows one as an example", () => {
    expect(
      report({ "README.md": "    # espalier-ignore AAA001\n", "compose.yaml": "services:\n  web: {user: a}\n" }),
    ).toMatchObject({
      findings: [],
      suppressions: [],
    });
  });
});

describe("a suppression with an end", () => {
  const until = (day: string) =>
    report(`services:\n  web:\n    user: a\n    privileged: true # espalier-ignore AAA001 until ${day}: ${reason}\n`);

  it("counts to the end of that day", () => {
    expect(summary(until("2026-01-15"))).toEqual([`AAA001 web ${reason}`]);
    expect(until("2026-01-15").suppressions).toMatchObject([{ state: "used", until: "2026-01-15", findings: 1 }]);
  });

  it("counts no more after it, and the finding says so", () => {
    expect(summary(until("2026-01-14"))).toEqual(["AAA001 web ended 2026-01-14"]);
    expect(until("2026-01-14").suppressions).toMatchObject([{ state: "expired", findings: 1 }]);
    expect(isFailing(until("2026-01-14"), "critical")).toBe(true);
  });
});

describe("the configuration excuses", () => {
  const text = "services:\n  web: {privileged: true, user: a}\n  db: {privileged: true, user: a}\n";
  const rule = "AAA001";

  it("a rule everywhere, for a subject, and at or below a path", () => {
    expect(summary(report(text, [{ rule, reason }]))).toEqual([`AAA001 web ${reason}`, `AAA001 db ${reason}`]);
    expect(summary(report(text, [{ rule, subject: "db", reason }]))).toEqual(["AAA001 web", `AAA001 db ${reason}`]);
    expect(summary(report(text, [{ rule, path: "services.web", reason }]))).toEqual([
      `AAA001 web ${reason}`,
      "AAA001 db",
    ]);
    expect(summary(report(text, [{ rule, path: "services.w", reason }]))).toEqual(["AAA001 web", "AAA001 db"]);
  });

  it("and is told what became of it", () => {
    const { suppressions } = report(text, [
      { rule, reason, subject: "web" },
      { rule, reason, subject: "cache", until: "2027-01-01" },
      { rule: "CMP999", reason },
    ]);
    expect(suppressions).toEqual([
      { rule, reason, subject: "web", by: "configuration", state: "used", findings: 1 },
      { rule, reason, subject: "cache", until: "2027-01-01", by: "configuration", state: "unused", findings: 0 },
      { rule: "CMP999", reason, by: "configuration", state: "unused", findings: 0 },
    ]);
  });

  it("what is not asked in a profile, without a word", () => {
    const strict = { ...privileged, profile: "strict" as const };
    const { suppressions } = check(projectOf({ "compose.yaml": text }), [strict], {
      ...{ profile: "lab", now },
      suppressions: [{ rule, reason }],
    });
    expect(suppressions).toMatchObject([{ state: "not asked" }]);
  });
});
