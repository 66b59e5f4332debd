/** The formats for programs: each is read back by what reads it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import DraftFour from "ajv-draft-04";
import addFormats from "ajv-formats";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { formatGithub, formatGitlab } from "../../src/output/annotations.ts";
import { formatJson } from "../../src/output/json.ts";
import { formatJunit } from "../../src/output/junit.ts";
import { formatMarkdown } from "../../src/output/markdown.ts";
import { formatSarif } from "../../src/output/sarif.ts";
import { fullReport, hostile, hostileReport, manyReport, options } from "./reports.ts";

const reports = [
  ["one of everything", fullReport],
  ["hostile names", hostileReport],
  ["many findings", () => manyReport(100)],
] as const;

function read(path: string): object {
  return JSON.parse(readFileSync(path, "utf8")) as object;
}

describe("JSON", () => {
  const ajv = new Ajv({ allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(read(new URL("../../schema/report.json", import.meta.url).pathname));

  it.each(reports)("is of its schema, with %s", (_, report) => {
    validate(JSON.parse(formatJson(report(), options)));
    expect(validate.errors ?? []).toEqual([]);
  });

  it("tells all that is known, and no edits", () => {
    const report = JSON.parse(formatJson(fullReport(), options));
    expect(report).toMatchObject({
      version: 1,
      tool: { name: "espalier", version: "1.2.3" },
      ...{ profile: "lab", time: "2026-01-15T12:00:00.000Z", files: 2 },
      summary: {
        findings: { critical: 2, high: 1, medium: 1, low: 0, info: 0 },
        ...{ suppressed: 1, baseline: { unchanged: 1, gone: 1 }, unreadable: 1 },
      },
      unreadable: [{ subject: "broken/compose.yaml", location: { file: "broken/compose.yaml" } }],
    });
    expect(report.findings[0]).toEqual({
      rule: "CMP001",
      title: "container is privileged",
      severity: "critical",
      subject: "db",
      message: "db is privileged",
      location: { file: "compose.yaml", line: 6, column: 17 },
      path: "services.db.privileged",
      fix: "Remove `privileged: true`.",
      fixability: "none",
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      baseline: "new",
    });
    expect(report.suppressions.map(({ state, rule }: { state: string; rule: string }) => `${rule} ${state}`)).toEqual([
      "CMP001 used",
      "CMP001 expired",
      "CMP003 unused",
    ]);
  });

  it("has nothing in it that a terminal would obey, and loses nothing", () => {
    const text = formatJson(hostileReport(), options);
    expect(text).not.toMatch(/[[\p{Cc}\p{Cf}]--\n]/v);
    expect(JSON.parse(text).findings[0].subject).toBe(hostile);
  });
});

describe("SARIF", () => {
  const path = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
  const ajv = new DraftFour.default({ allErrors: true, strict: false, unicodeRegExp: false });
  addFormats.default(ajv);
  const validate = ajv.compile(read(path));

  it.each(reports)("is of the standard's schema, with %s", (_, report) => {
    validate(JSON.parse(formatSarif(report(), options)));
    expect(validate.errors ?? []).toEqual([]);
  });

  it("has rules with help, fingerprints, what is suppressed and why, and what is new", () => {
    const [run] = JSON.parse(formatSarif(fullReport(), options)).runs;
    expect(
      run.tool.driver.rules.map(({ id, help }: { id: string; help: { text: string } }) => [id, help.text]),
    ).toEqual([
      ["CMP001", "It is root on the host.\n\nName the capabilities instead."],
      ["CMP003", "One takes all."],
      ["TLS003", "Renew it."],
      ["WEB001", "It may."],
    ]);
    const vm = run.results.find(({ properties }: { properties: { subject: string } }) => properties.subject === "vm");
    expect(vm).toMatchObject({
      ruleId: "CMP001",
      ruleIndex: 0,
      level: "error",
      partialFingerprints: { "espalier/v1": expect.stringMatching(/^[0-9a-f]{32}$/) },
      suppressions: [
        {
          kind: "inSource",
          status: "accepted",
          justification: "libvirt needs it (until 2026-12-31)",
          location: { physicalLocation: { region: { startLine: 10 } } },
        },
      ],
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "compose.yaml", uriBaseId: "%SRCROOT%" },
            region: { startLine: 10, startColumn: 17 },
          },
          logicalLocations: [{ name: "vm", fullyQualifiedName: "services.vm.privileged" }],
        },
      ],
    });
    const states = run.results.map(
      (result: { properties: { subject: string }; ruleId: string; baselineState: string }) =>
        [result.properties.subject, result.ruleId, result.baselineState ?? ""].join(" "),
    );
    expect(states).toContain("web CMP003 unchanged");
    expect(states).toContain("db CMP003 new");
    expect(run.invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [
        { level: "error", message: { text: expect.stringContaining("broken/compose.yaml: ") } },
      ],
    });
  });
});

describe("JUnit", () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", parseAttributeValue: false });

  it.each(reports)("is well-formed XML, with %s", (_, report) => {
    expect(XMLValidator.validate(formatJunit(report(), options))).toBe(true);
  });

  it("has a suite a rule, with failures, what is skipped and why, and what passed", () => {
    const { testsuites } = parser.parse(formatJunit(fullReport(), options));
    expect(testsuites).toMatchObject({ tests: "8", failures: "4", errors: "1", skipped: "2" });
    const suites = testsuites.testsuite.map(({ name, tests, failures, skipped }: Record<string, string>) =>
      [name, tests, failures, skipped].join(", "),
    );
    expect(suites).toEqual([
      "CMP001 container is privileged, 3, 2, 1",
      "CMP003 no memory limit, 2, 1, 1",
      "TLS003 certificate expires soon, 1, 1, 0",
      "WEB001 any origin may ask, 1, 0, 0",
      "what could not be read, 1, 0, 0",
    ]);
    expect(testsuites.testsuite[0].testcase[0]).toEqual({
      ...{ classname: "CMP001", name: "db services.db.privileged", file: "compose.yaml", time: "0" },
      failure: {
        ...{ message: "db is privileged", type: "critical" },
        "#text": "compose.yaml:6:17\ndb is privileged\n\nRemove `privileged: true`.",
      },
    });
    const skipped = testsuites.testsuite.flatMap(({ testcase }: { testcase: object }) =>
      [testcase].flat().flatMap((each) => ("skipped" in each ? [(each.skipped as { message: string }).message] : [])),
    );
    expect(skipped).toEqual(["suppressed: libvirt needs it", "in the baseline"]);
  });
});

describe("the checklist", () => {
  it("has what is to be done, by section, and ticks what is done", () => {
    expect(formatMarkdown(fullReport(), options)).toMatchInlineSnapshot(`
      "# Pre-flight checks

      2026-01-15, profile lab: 4 items to do in 2 files.

      ## Unreadable

      - [ ] \`broken/compose.yaml:2:1\` could not be read: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a \\]

      ## Security

      - [ ] **CMP001** critical: db is privileged (\`compose.yaml:6:17\`)

        \`\`\`
        Remove \`privileged: true\`.
        \`\`\`

      - [x] **CMP001** critical: vm is privileged (\`compose.yaml:10:17\`): taken on until 2026-12-31: libvirt needs it
      - [ ] **CMP001** critical: old is privileged (\`compose.yaml:14:17\`)

        \`\`\`
        Remove \`privileged: true\`.
        \`\`\`

      - [x] **WEB001** any origin may ask: not found

      ## Configuration

      - [x] **CMP003** high: web has no memory limit (\`compose.yaml:2:3\`): in the baseline
      - [ ] **CMP003** high: db has no memory limit (\`compose.yaml:4:3\`)

        \`\`\`
        services:
          db:
            mem_limit: 512m
        \`\`\`

      ## TLS

      - [ ] **TLS003** medium: the certificate of ldaps://ldap1:636 expires in 6 days

        \`\`\`
        Renew it.
        \`\`\`
      "
    `);
  });

  it("has no markup that comes from files", () => {
    const text = formatMarkdown(hostileReport(), options);
    expect(text).toContain(String.raw`critical: \\u{1b}\[2J\<a href="x"\>&\]\]\>\\u{9b}31m\|`);
    expect(text).not.toMatch(/[^\\]<a|[[\p{Cc}\p{Cf}]--\n]/v);
  });
});

describe("annotations", () => {
  it("of GitHub are commands with a place, for what counts", () => {
    const lines = formatGithub(fullReport()).trimEnd().split("\n");
    expect(lines.map((line) => line.split("::")[1])).toEqual([
      expect.stringMatching(
        /^error file=broken\/compose\.yaml,line=\d+,col=\d+,title=broken\/compose\.yaml could not be read$/,
      ),
      "error file=compose.yaml,line=6,col=17,title=CMP001 container is privileged",
      "error file=compose.yaml,line=14,col=17,title=CMP001 container is privileged",
      "error file=compose.yaml,line=4,col=3,title=CMP003 no memory limit",
      "warning title=TLS003 certificate expires soon",
    ]);
    expect(lines[3]).toContain("::db has no memory limit%0A%0Aservices:%0A  db:%0A    mem_limit: 512m");
  });

  it("of GitHub are one command each, whatever a file has", () => {
    const lines = formatGithub(hostileReport()).trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^::error file=compose\.yaml,line=3,col=17,title=CMP001 container is privileged::/);
    expect(lines[1]).toContain("%250A");
  });

  it("of GitLab have all that its report wants, a fingerprint for each, and nothing that is excused", () => {
    const report = fullReport();
    const twice = { ...report, findings: [...report.findings, ...report.findings] };
    const issues = JSON.parse(formatGitlab(twice)) as readonly {
      readonly check_name: string;
      readonly fingerprint: string;
      readonly description: string;
    }[];
    expect(issues[1]).toEqual({
      description: "CMP001: db is privileged",
      check_name: "CMP001",
      fingerprint: report.findings[0]!.fingerprint,
      severity: "blocker",
      location: { path: "compose.yaml", lines: { begin: 6 } },
    });
    expect(issues).toHaveLength(9);
    expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(9);
    expect(issues.filter(({ description }) => /\b(?:vm|web)\b/.test(description))).toEqual([]);
  });
});
