import { expect, test } from "vitest";
import { ldp012 } from "../../../src/rules/directory/ldp012-replication-lag.ts";
import { detailsOf, findingsOf, observed } from "../../project.ts";

const lag = (node: string, lagSeconds: number) => ({ cluster: "corp", node, lagSeconds });

test("a server that lacks a change for more than a minute is found, for more than ten the more so", () => {
  const project = observed({ replication: [lag("ldap1", 0), lag("ldap2", 61.5), lag("ldap3", 601)] });
  const fix = (node: string) =>
    `Look into the log of ${node} for its consumer (syncrepl of OpenLDAP, the agreement of 389 Directory Server), and compare its clock with the others'`;
  expect(detailsOf(findingsOf(ldp012, project))).toEqual([
    {
      subject: "ldap3",
      severity: "high",
      message: "ldap3 lacks a change that another server of corp has had for 601s",
      place: undefined,
      path: "corp",
      fix: fix("ldap3"),
      edits: [],
    },
    {
      subject: "ldap2",
      severity: "medium",
      message: "ldap2 lacks a change that another server of corp has had for 61s",
      place: undefined,
      path: "corp",
      fix: fix("ldap2"),
      edits: [],
    },
  ]);
});

test("a minute is what replication may take", () => {
  expect(findingsOf(ldp012, observed({ replication: [lag("ldap1", 60), lag("ldap2", 0)] }))).toEqual([]);
});
