import { expect, test } from "vitest";
import { cmp011 } from "../../../src/rules/compose/cmp011-host-namespaces.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("each namespace that is shared with the host is found", () => {
  const files = { "compose.yaml": "services:\n  agent:\n    image: agent:1\n    network_mode: host\n    pid: host\n" };
  expect(linesOf(findingsOf(cmp011, files))).toEqual([
    "high compose.yaml:4:19 services.agent.network_mode: agent has network_mode: host, and with it every port and interface of the host, also what listens on loopback",
    "high compose.yaml:5:10 services.agent.pid: agent has pid: host, and with it every process of the host, with its environment",
  ]);
});

test("one shared with another container is not", () => {
  const files = {
    "compose.yaml": "services:\n  a:\n    image: a:1\n    network_mode: service:b\n  b:\n    image: b:1\n",
  };
  expect(findingsOf(cmp011, files)).toEqual([]);
});
