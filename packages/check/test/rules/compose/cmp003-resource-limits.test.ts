import { describe, expect, test } from "vitest";
import { cmp003 } from "../../../src/rules/compose/cmp003-resource-limits.ts";
import { findingsOf, linesOf } from "../../project.ts";

describe("a service without limits", () => {
  const compose = "name: shop\nservices:\n  redis:\n    image: redis:7\n";

  test("is found, with an example that nobody applies unseen", () => {
    const findings = findingsOf(cmp003, { "compose.yaml": compose });
    expect(linesOf(findings)).toEqual([
      "high compose.yaml:3:3 services.redis.deploy.resources.limits: redis has no memory and no processor limit",
    ]);
    expect(findings[0]).toMatchObject({
      edits: [],
      fixability: "none",
      fix: "services:\n  redis:\n    mem_limit: 512m\n    cpus: 1\nThese are examples: measure with `docker stats` under load, and add a fifth.",
    });
  });

  test("gets the peak of what was measured and a fifth", () => {
    const stats =
      '{"Name":"shop-redis-1","MemUsage":"100MiB / 7.6GiB","CPUPerc":"12.00%"}\n' +
      '{"Name":"shop-redis-1","MemUsage":"50MiB / 7.6GiB","CPUPerc":"48.00%"}\n';
    const [finding] = findingsOf(cmp003, { "compose.yaml": compose, "stats.json": stats });
    expect(finding?.fix).toBe("services:\n  redis:\n    mem_limit: 120m\n    cpus: 0.6");
    expect(finding?.edits).toEqual([
      { kind: "set", file: "compose.yaml", path: ["services", "redis", "mem_limit"], value: "120m" },
      { kind: "set", file: "compose.yaml", path: ["services", "redis", "cpus"], value: 0.6 },
    ]);
  });
});

test("one of the two limits alone is not enough", () => {
  const files = { "compose.yaml": "services:\n  redis:\n    image: redis:7\n    mem_limit: 1g\n" };
  expect(linesOf(findingsOf(cmp003, files))).toEqual([
    "high compose.yaml:2:3 services.redis.deploy.resources.limits: redis has no processor limit",
  ]);
});

test("limits of the old form and of deploy both count", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n    mem_limit: 1g\n    cpus: 2\n  b:\n    image: b:1\n    deploy:\n      resources:\n        limits: {memory: 1G, cpus: '2.0'}\n",
  };
  expect(findingsOf(cmp003, files)).toEqual([]);
});
