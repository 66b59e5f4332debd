import { expect, test } from "vitest";
import { cmp012 } from "../../../src/rules/compose/cmp012-host-paths.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("the host's disk is found, read-only less severe", () => {
  const files = {
    "compose.yaml":
      "services:\n  monitor:\n    image: monitor:1\n    volumes:\n      - /:/rootfs:ro\n      - /etc:/host/etc\n      - ~/.ssh:/keys:ro\n",
  };
  expect(linesOf(findingsOf(cmp012, files))).toEqual([
    'high compose.yaml:6:9 services.monitor.volumes["/etc"]: monitor can read and write /etc of the host',
    'medium compose.yaml:5:9 services.monitor.volumes["/"]: monitor can read / of the host',
    'medium compose.yaml:7:9 services.monitor.volumes["~/.ssh"]: monitor can read ~/.ssh of the host',
  ]);
});

test("its own folders, the time zone and named volumes are not", () => {
  const files = {
    "compose.yaml":
      "services:\n  a:\n    image: a:1\n    volumes: [./conf:/conf, data:/data, '/etc/localtime:/etc/localtime:ro', /srv/a:/srv]\nvolumes:\n  data: {}\n",
  };
  expect(findingsOf(cmp012, files)).toEqual([]);
});
