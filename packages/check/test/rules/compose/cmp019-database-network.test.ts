import { expect, test } from "vitest";
import { cmp019 } from "../../../src/rules/compose/cmp019-database-network.ts";
import { findingsOf, linesOf } from "../../project.ts";

test("a database on the network of a web server that does not use it is found", () => {
  const files = {
    "compose.yaml":
      "services:\n  web:\n    image: nginx:1\n    ports: ['443:443']\n    networks: [front]\n  db:\n    image: postgres:16\n    networks: [front, data]\nnetworks:\n  front: {}\n  data: {internal: true}\n",
  };
  expect(linesOf(findingsOf(cmp019, files))).toEqual([
    "medium compose.yaml:8:15 services.db.networks.front: db is on the network front with web, which strangers reach",
  ]);
});

test("a database that can reach the internet is found", () => {
  const files = {
    "compose.yaml":
      "services:\n  app:\n    image: app:1\n    networks: [data]\n  db:\n    image: mariadb:11\n    networks: [data]\nnetworks:\n  data: {}\n",
  };
  expect(linesOf(findingsOf(cmp019, files))).toEqual([
    "low compose.yaml:7:15 services.db.networks.data: db can reach the internet: its network data is not internal",
  ]);
});

test("an application that serves strangers and uses the database has to share a network with it", () => {
  const files = {
    "compose.yaml":
      "services:\n  app:\n    image: app:1\n    ports: ['443:443']\n    networks: [data]\n    depends_on: [db]\n  db:\n    image: postgres:16\n    networks: [data]\nnetworks:\n  data: {}\n",
  };
  expect(findingsOf(cmp019, files)).toEqual([]);
});
