import { expect, test } from "vitest";
import { aut003 } from "../../../src/rules/authelia/aut003-access-policy.ts";
import { detailsOf, findingsOf, linesOf } from "../../project.ts";

const path = "authelia/configuration.yml";
const file = (lines: string) => ({ [path]: `access_control:\n${lines}` });

test("a default policy that lets people in is found", () => {
  expect(detailsOf(findingsOf(aut003, file("  default_policy: one_factor\n")))).toEqual([
    {
      subject: path,
      severity: "high",
      message: "hosts that no rule names are reached with one_factor: default_policy is one_factor",
      place: `${path}:2:19`,
      path: "access_control.default_policy",
      fix: "access_control:\n  default_policy: deny",
      edits: [],
    },
  ]);
  const severities = ["bypass", "two_factor", "deny"].map((policy) =>
    findingsOf(aut003, file(`  default_policy: ${policy}\n`)).map(({ severity }) => severity),
  );
  expect(severities).toEqual([["high"], ["medium"], []]);
});

test("hosts of administrators that one password opens are found, by the first label of their names", () => {
  const rules = `  default_policy: deny
  rules:
    - domain: portainer.example.com
      policy: one_factor
    - domain: ['wiki.example.com', 'ldap-admin.example.com', 'pve1.example.com']
      policy: one_factor
    - domain: traefik.example.com
      policy: bypass
    - domain: grafana.example.com
      policy: one_factor
    - domain: adminton.example.com
      policy: one_factor
    - domain: '*.example.com'
      policy: one_factor
`;
  const findings = findingsOf(aut003, file(rules));
  expect(linesOf(findings)).toEqual([
    `high ${path}:5:15 access_control.rules[0].policy: portainer.example.com is open to whoever has a password: policy is one_factor`,
    `high ${path}:7:15 access_control.rules[1].policy: ldap-admin.example.com, pve1.example.com are open to whoever has a password: policy is one_factor`,
    `high ${path}:9:15 access_control.rules[2].policy: traefik.example.com is open to everybody: policy is bypass`,
  ]);
  expect(findings.map(({ fix }) => fix)).toEqual(["policy: two_factor", "policy: two_factor", "policy: two_factor"]);
});

test("two factors, one from within, and single paths of a host are right", () => {
  const rules = `  rules:
    - domain: portainer.example.com
      policy: two_factor
    - domain: vault.example.com
      networks: [10.0.0.0/8]
      policy: one_factor
    - domain: prometheus.example.com
      resources: ['^/-/healthy$']
      policy: bypass
    - domain: admin.example.com
      policy: deny
`;
  expect(findingsOf(aut003, file(rules))).toEqual([]);
});
