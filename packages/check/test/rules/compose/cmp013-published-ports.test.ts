import { expect, test } from "vitest";
import { cmp013 } from "../../../src/rules/compose/cmp013-published-ports.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("databases, clear LDAP and metrics on all interfaces are severe, and are bound to this machine", () => {
  const findings = findingsOf(cmp013, {
    "compose.yaml":
      "services:\n  all:\n    image: all:1\n    ports:\n      - '5432:5432'\n      - 0.0.0.0:10389:389\n      - 9090:9090/tcp\n      - {target: 6379, published: 6379}\n",
  });
  expect(linesOf(findings)).toEqual([
    'high compose.yaml:5:9 services.all.ports["5432:5432/tcp"]: all publishes 5432 (a database) on all interfaces',
    'high compose.yaml:6:9 services.all.ports["10389:389/tcp"]: all publishes 10389 (LDAP in clear text) on all interfaces',
    'high compose.yaml:7:9 services.all.ports["9090:9090/tcp"]: all publishes 9090 (metrics) on all interfaces',
    'high compose.yaml:8:9 services.all.ports["6379:6379/tcp"]: all publishes 6379 (a database) on all interfaces',
  ]);
  const path = ["services", "all", "ports"];
  expect(findings.map(({ edits }) => edits)).toEqual([
    [{ kind: "set", file: "compose.yaml", path: [...path, 0], value: "127.0.0.1:5432:5432" }],
    [{ kind: "set", file: "compose.yaml", path: [...path, 1], value: "127.0.0.1:10389:389" }],
    [{ kind: "set", file: "compose.yaml", path: [...path, 2], value: "127.0.0.1:9090:9090/tcp" }],
    [{ kind: "set", file: "compose.yaml", path: [...path, 3, "host_ip"], value: "127.0.0.1" }],
  ]);
});

test("mail and web are meant for everybody: it is asked for a reason, and nothing is changed", () => {
  const findings = findingsOf(cmp013, {
    "compose.yaml": "services:\n  mail:\n    image: mail:1\n    ports: ['25:25', '993:993', '443:443', '636:636']\n",
  });
  expect(linesOf(findings)).toEqual([
    'medium compose.yaml:4:13 services.mail.ports["25:25/tcp"]: mail publishes 25 (mail) on all interfaces',
    'medium compose.yaml:4:22 services.mail.ports["993:993/tcp"]: mail publishes 993 (mail) on all interfaces',
    'medium compose.yaml:4:33 services.mail.ports["443:443/tcp"]: mail publishes 443 (web) on all interfaces',
    'medium compose.yaml:4:44 services.mail.ports["636:636/tcp"]: mail publishes 636 (LDAPS) on all interfaces',
  ]);
  expect(findings.flatMap(({ edits }) => edits)).toEqual([]);
});

test("what is bound to one address is not found", () => {
  const files = {
    "compose.yaml":
      "services:\n  db:\n    image: postgres:16\n    ports: ['127.0.0.1:5432:5432', '10.0.0.4:389:389']\n",
  };
  expect(findingsOf(cmp013, files)).toEqual([]);
});
