import { expect, test } from "vitest";
import { cmp002 } from "../../../src/rules/compose/cmp002-capabilities.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("capabilities that are as good as root are found, however they are spelt", () => {
  const files = { "compose.yaml": "services:\n  vpn:\n    image: vpn:1\n    cap_add: [NET_ADMIN, cap_sys_admin]\n" };
  expect(linesOf(findingsOf(cmp002, files))).toEqual([
    "high compose.yaml:4:15 services.vpn.cap_add.NET_ADMIN: vpn has the capability NET_ADMIN: change routes, addresses and firewall rules",
    "high compose.yaml:4:26 services.vpn.cap_add.SYS_ADMIN: vpn has the capability SYS_ADMIN: mount file systems and more: close to root",
  ]);
});

test("harmless ones are not", () => {
  const files = { "compose.yaml": "services:\n  web:\n    image: web:1\n    cap_add: [NET_BIND_SERVICE]\n" };
  expect(findingsOf(cmp002, files)).toEqual([]);
});
