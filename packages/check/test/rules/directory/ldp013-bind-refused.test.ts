import { expect, test } from "vitest";
import { ldp013 } from "../../../src/rules/directory/ldp013-bind-refused.ts";
import { detailsOf, findingsOf, observed } from "../../project.ts";

const node = { group: "corp", addresses: [], isEncrypted: true, isVerified: true };

test("a server that refuses the account of its clients is found", () => {
  const project = observed({
    node: [
      { ...node, name: "ldap1", url: "ldaps://ldap1:636", bind: { code: "invalidCredentials" } },
      { ...node, name: "ldap2", url: "ldaps://ldap2:636", bind: "ok" },
      { ...node, name: "ldap3", url: "ldaps://ldap3:636" },
    ],
  });
  expect(detailsOf(findingsOf(ldp013, project, { profile: "lab" }))).toEqual([
    {
      subject: "ldap1",
      severity: "high",
      message: "ldap1 refuses the bind that corp is configured with: invalidCredentials",
      place: undefined,
      path: "corp",
      fix: "Set the account's password anew, in the directory and in the configuration of corp; where the directory locks accounts, unlock it",
      edits: [],
    },
  ]);
});
