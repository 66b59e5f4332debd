/** What is not known is never shown as well. */
import { describe, expect, it } from "vitest";
import { type Finding, type Findings, summaryOf } from "../../src/screens/findings/summary.ts";

const now = 1_000_000_000;
const well: Findings = {
  ...{ state: "known", lastRunAt: now - 60_000, intervalMs: 300_000, isRunning: false },
  ...{ findings: [], unreadable: [] },
};
const finding = (severity: Finding["severity"], more: Partial<Finding> = {}): Finding => ({
  ...{ id: severity, rule: "TLS003", title: "", severity, subject: "", message: "", path: "", fix: "" },
  ...{ explanation: "", references: [], firstSeen: 0, isStale: false },
  ...more,
});

describe("what findings come to", () => {
  it("is well only where all was looked at, lately, and nothing was found", () => {
    expect(summaryOf(well, now)).toEqual({ kind: "good", text: "Nothing is wrong", counts: [] });
  });

  it("is not known where nobody looks, has looked yet, or looks any more, or where something could not be looked at", () => {
    const unreadable = [{ subject: "https://ldap.example.com", message: "nothing listens there" }];
    const { lastRunAt: _, ...never } = well;
    const cases: readonly [Findings, string][] = [
      [{ ...never, state: "off" }, "This process makes no checks"],
      [{ ...never, state: "waiting" }, "The first look has not ended yet"],
      [{ ...well, lastRunAt: now - 901_000 }, "Nothing has been looked at lately"],
      [{ ...well, unreadable }, "Not everything could be looked at"],
    ];
    for (const [findings, text] of cases)
      expect(summaryOf(findings, now)).toEqual({ kind: "unknown", text, counts: [] });
  });

  it("counts by severity, without what somebody has taken on", () => {
    const findings = [
      finding("critical", { suppressed: { reason: "It is switched off on Friday." } }),
      finding("high"),
      finding("medium"),
      finding("medium"),
    ];
    expect(summaryOf({ ...well, findings }, now)).toEqual({
      ...{ kind: "bad", text: "3 findings" },
      counts: [
        ["high", 1],
        ["medium", 2],
      ],
    });
    const unreadable = [{ subject: "queue", message: "it did not answer in time" }];
    expect(summaryOf({ ...well, findings: [finding("low")], unreadable }, now)).toEqual({
      ...{ kind: "warning", text: "1 finding. Not everything could be looked at" },
      counts: [["low", 1]],
    });
  });
});
