import { defineRule } from "../../engine/rule.ts";
import { servicesOf } from "./service.ts";

/** The value of each key that shares the host's, and what that opens. */
const shared: readonly (readonly [key: string, what: string])[] = [
  ["network_mode", "every port and interface of the host, also what listens on loopback"],
  ["pid", "every process of the host, with its environment"],
  ["ipc", "shared memory of every program of the host"],
  ["uts", "the host's name, to read and to change"],
  ["userns_mode", "the host's users: root inside is root outside"],
  ["cgroup", "the limits of every other container"],
];

export const cmp011 = defineRule({
  id: "CMP011",
  title: "container shares a namespace of the host",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `Namespaces are what keeps a container apart from the host and from others. One that is shared is a wall less.

A service that must be reached from outside needs a published port and not the host's network. Monitoring that really must see the host's processes is a suppression with its reason.`,
  references: ["namespaces(7)", "CIS Docker Benchmark, 5.9, 5.15, 5.16, 5.20 and 5.30"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      for (const [key, what] of shared) {
        const node = service.node.get(key);
        if (node?.text !== "host") continue;
        yield {
          subject: service.name,
          message: `${service.name} has ${key}: host, and with it ${what}`,
          at: node,
          value: "host",
          fix:
            key === "network_mode"
              ? `Remove \`network_mode: host\` from ${service.name}, put it on a bridge network, and publish the ports that it needs.`
              : `Remove \`${key}: host\` from ${service.name}.`,
        };
      }
    }
  },
});
