import { expect, test } from "vitest";
import { ldp011 } from "../../../src/rules/directory/ldp011-node-unreachable.ts";
import { detailsOf, findingsOf, linesOf, observed } from "../../project.ts";

const node = (group: string, name: string, failure?: string) => ({
  ...{ group, name, url: `ldaps://${name}:636`, addresses: [], isEncrypted: true, isVerified: true },
  ...(failure === undefined ? {} : { failure }),
});

test("a server that does not answer is found, and nobody can log in when it is the only one", () => {
  const project = observed({
    node: [node("corp", "ldap1", "connection refused"), node("corp", "ldap2"), node("lab", "ldap3", "no answer")],
  });
  expect(detailsOf(findingsOf(ldp011, project, { profile: "lab" }))).toEqual([
    {
      subject: "ldap3",
      severity: "critical",
      message: "ldap3 cannot be reached at ldaps://ldap3:636: no answer",
      place: undefined,
      path: "lab",
      fix: "Look whether it runs and whether a firewall is in between, or take it out of the configuration of lab",
      edits: [],
    },
    {
      subject: "ldap1",
      severity: "high",
      message: "ldap1 cannot be reached at ldaps://ldap1:636: connection refused",
      place: undefined,
      path: "corp",
      fix: "Look whether it runs and whether a firewall is in between, or take it out of the configuration of corp",
      edits: [],
    },
  ]);
});

test("a group of which no server answers is lost as a whole", () => {
  const project = observed({ node: [node("corp", "ldap1", "no answer"), node("corp", "ldap2", "no answer")] });
  expect(linesOf(findingsOf(ldp011, project))).toEqual([
    "critical corp: ldap1 cannot be reached at ldaps://ldap1:636: no answer, nor can any other server of corp",
    "critical corp: ldap2 cannot be reached at ldaps://ldap2:636: no answer, nor can any other server of corp",
  ]);
});

test("the finding is the same one while the reason changes", () => {
  const [first, second] = ["no answer", "connection refused"].map(
    (failure) => findingsOf(ldp011, observed({ node: [node("corp", "ldap1", failure)] }))[0]?.fingerprint,
  );
  expect(first).toBe(second);
});

test("servers that answer are right", () => {
  expect(findingsOf(ldp011, observed({ node: [node("corp", "ldap1"), node("corp", "ldap2")] }))).toEqual([]);
});
