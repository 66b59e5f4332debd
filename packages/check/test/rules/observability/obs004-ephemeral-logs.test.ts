import { expect, test } from "vitest";
import { obs004 } from "../../../src/rules/observability/obs004-ephemeral-logs.ts";
import { findingsOf } from "../../project.ts";

const compose = `services:
  ldap:
    image: osixia/openldap:1.5.0
    logging:
      driver: json-file
      options: { max-size: 10m }
  app:
    image: example/app:1
`;

test("the whole finding of services whose logs nothing keeps", () => {
  expect(findingsOf(obs004, { "stack/compose.yaml": compose })).toEqual([
    {
      rule: "OBS004",
      title: "logs are gone with their containers",
      severity: "medium",
      subject: "stack/compose.yaml",
      message:
        "ldap, app of stack/compose.yaml keep their logs only as long as their containers, and nothing collects them",
      location: { file: "stack/compose.yaml", line: 1, column: 1, start: 0, end: 8 },
      path: "services.logging",
      fix: `x-logging: &logging
  driver: journald
services:
  ldap:
    logging: *logging
or a collector (Grafana Alloy, Fluent Bit) that sends all of them to Loki`,
      fixability: "none",
      edits: [],
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  ]);
});

test("a driver of the machine, a driver of every service, or a collector keeps them", () => {
  const journald = compose
    .replace("json-file", "journald")
    .replace("app:1\n", "app:1\n    logging: { driver: syslog }\n");
  const found = [
    findingsOf(obs004, { "compose.yaml": compose, "daemon.json": '{"log-driver": "journald"}' }),
    findingsOf(obs004, { "compose.yaml": journald }),
    findingsOf(obs004, { "compose.yaml": `${compose}  promtail:\n    image: grafana/promtail:2.9.3\n` }),
    findingsOf(obs004, {
      "compose.yaml": compose,
      "logs/compose.yaml": "services:\n  fb:\n    image: fluent/fluent-bit:3.1\n",
    }),
  ];
  expect(found).toEqual([[], [], [], []]);
});

test("a driver of the machine that rotates and keeps nothing is not enough", () => {
  const files = {
    "compose.yaml": compose,
    "daemon.json": '{"log-driver": "json-file", "log-opts": {"max-size": "10m"}}',
  };
  expect(findingsOf(obs004, files).map(({ subject }) => subject)).toEqual(["compose.yaml"]);
});
