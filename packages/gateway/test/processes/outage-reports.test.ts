/** Outages of the database, as several processes see them. */
import type { NewEvent } from "@espalier/service";
import { expect, it } from "vitest";
import { OutageReports } from "../../src/processes/outage-reports.ts";

const about = { subject: "dc=example,dc=com", source: "gateway" } as const;
const away: NewEvent = { ...about, type: "database.unreachable", severity: "high", data: { reason: "refused" } };
const back: NewEvent = { ...about, type: "database.reachable", severity: "info", data: {} };
const others = { othersServe: true };

it("an outage is reported with the first process that is without the database, its end with the last", () => {
  const reports = new OutageReports<string>();
  const told = [
    ...[reports.report("a", away), reports.report("b", away), reports.report("a", back), reports.report("b", back)],
    ...[reports.report("b", away), reports.report("b", back)],
  ];
  expect(told).toEqual([away, undefined, undefined, back, away, back]);
});

it("an outage ends with the process that was the last without the database, where others have it", () => {
  const reports = new OutageReports<string>();
  reports.report("a", away);
  reports.report("b", away);
  expect(reports.forget("a", others)).toBeUndefined();
  expect(reports.forget("b", others)).toEqual(back);
  expect(reports.forget("c", others)).toBeUndefined();
});

it("nobody says that the database is back when the only process is lost, and the next one reports for itself", () => {
  const reports = new OutageReports<string>();
  reports.report("a", away);
  expect(reports.forget("a", { othersServe: false })).toBeUndefined();
  expect(reports.report("b", away)).toEqual(away);
});

it("what is no outage is passed on as it is", () => {
  const other: NewEvent = { ...about, type: "certificate.expiring", severity: "medium" };
  expect(new OutageReports<string>().report("a", other)).toEqual(other);
});
