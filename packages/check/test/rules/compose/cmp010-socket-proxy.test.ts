import { expect, test } from "vitest";
import { cmp010 } from "../../../src/rules/compose/cmp010-socket-proxy.ts";
import { findingsOf, linesOf } from "../../project.ts";

const proxy = (environment: string) => ({
  "compose.yaml": `services:\n  proxy:\n    image: ghcr.io/tecnativa/docker-socket-proxy:0.4.1\n    environment:\n${environment}`,
});

test("what an administrator is often advised to write lets containers be created, and what it adds does nothing", () => {
  const findings = findingsOf(
    cmp010,
    proxy(
      "      - CONTAINERS=1\n      - POST=1\n      - START=1\n      - STOP=1\n      - RESTART=1\n      - DELETE=0\n",
    ),
  );
  expect(linesOf(findings)).toEqual([
    "critical compose.yaml:6:9 services.proxy.environment.POST: proxy lets containers be created, which is root on the host: POST and CONTAINERS are both on",
    "high compose.yaml:7:9 services.proxy.environment.START: proxy sets START, which its proxy does not know: it does nothing",
    "high compose.yaml:8:9 services.proxy.environment.STOP: proxy sets STOP, which its proxy does not know: it does nothing",
    "high compose.yaml:9:9 services.proxy.environment.RESTART: proxy sets RESTART, which its proxy does not know: it does nothing",
    "high compose.yaml:10:9 services.proxy.environment.DELETE: proxy sets DELETE, which its proxy does not know: it does nothing",
  ]);
  expect(findings[1]?.fix).toBe("Write ALLOW_START in place of START.");
  expect(findings[0]?.fix).toContain("POST: 1, CONTAINERS: 0, ALLOW_START: 1");
});

test("running commands in containers is found by itself", () => {
  expect(linesOf(findingsOf(cmp010, proxy("      EXEC: 1\n")))).toEqual([
    "critical compose.yaml:5:13 services.proxy.environment.EXEC: proxy has EXEC on: commands can be run in every container",
  ]);
});

test("one that only looks, and one that only starts and stops, are right", () => {
  expect(findingsOf(cmp010, proxy("      CONTAINERS: 1\n      POST: 0\n      EXEC: 0\n"))).toEqual([]);
  const starting = "      CONTAINERS: 0\n      POST: 1\n      ALLOW_START: 1\n      ALLOW_RESTARTS: 1\n";
  expect(findingsOf(cmp010, proxy(starting))).toEqual([]);
});
