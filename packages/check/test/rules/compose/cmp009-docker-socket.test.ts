import { expect, test } from "vitest";
import { cmp009 } from "../../../src/rules/compose/cmp009-docker-socket.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a container with Docker's socket is found, read-only or not", () => {
  const files = {
    "compose.yaml":
      "services:\n  watch:\n    image: watch:1\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n      - {type: bind, source: /run/docker.sock, target: /sock}\n",
  };
  expect(linesOf(findingsOf(cmp009, files))).toEqual([
    'critical compose.yaml:5:9 services.watch.volumes["/var/run/docker.sock"]: watch has Docker\'s socket, which is root on the host; that it is read-only does not help',
    'critical compose.yaml:6:9 services.watch.volumes["/run/docker.sock"]: watch has Docker\'s socket, which is root on the host',
  ]);
});

test("a proxy in front of it may have it", () => {
  const files = {
    "compose.yaml":
      "services:\n  proxy:\n    image: tecnativa/docker-socket-proxy:0.4.1\n    volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']\n",
  };
  expect(findingsOf(cmp009, files)).toEqual([]);
});
