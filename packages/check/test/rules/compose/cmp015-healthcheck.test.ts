import { expect, test } from "vitest";
import { cmp015 } from "../../../src/rules/compose/cmp015-healthcheck.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a service without a healthcheck, or with one that is switched off, is found", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n  b:\n    image: b:1\n    healthcheck: {disable: true}\n  c:\n    image: c:1\n    healthcheck: {test: [NONE]}\n",
  };
  expect(linesOf(findingsOf(cmp015, files))).toEqual([
    "medium compose.yaml:2:3 services.a.healthcheck: a has no healthcheck",
    "medium compose.yaml:4:3 services.b.healthcheck: b has no healthcheck",
    "medium compose.yaml:7:3 services.c.healthcheck: c has no healthcheck",
  ]);
});

test("one that does not wait for what it needs is found", () => {
  const healthy = "    healthcheck: {test: [CMD, ok]}\n";
  const files = {
    "compose.yaml": `services:\n  db:\n    image: db:1\n${healthy}  a:\n    image: a:1\n${healthy}    depends_on: [db]\n  b:\n    image: b:1\n${healthy}    depends_on: {db: {condition: service_healthy}}\n`,
  };
  expect(linesOf(findingsOf(cmp015, files))).toEqual([
    "medium compose.yaml:8:17 services.a.depends_on.db: a is started before db answers, though db has a healthcheck",
  ]);
});

test("what does its work and ends needs none", () => {
  const files = {
    "compose.yaml":
      "services:\n  migrate:\n    image: m:1\n    restart: 'no'\n  init:\n    image: i:1\n  a:\n    image: a:1\n    healthcheck: {test: [CMD, ok]}\n    depends_on: {init: {condition: service_completed_successfully}}\n",
  };
  expect(findingsOf(cmp015, files)).toEqual([]);
});
