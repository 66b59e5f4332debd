import { defineRule } from "../../engine/rule.ts";
import { pathIn, servicesOf } from "./service.ts";

/** Whole trees that hold more than any one program needs, or secrets. */
const sensitive = [
  /^\/$/,
  /^\/(?:etc|root|boot|dev|proc|sys|usr|var|home|lib|run|var\/run|var\/lib)\/?$/,
  /^\/etc\/(?:shadow|gshadow|sudoers|ssh|ssl\/private|pve)(?:\/|$)/,
  /^(?:~|\/root|\/home\/[^/]+|\$\{?HOME\}?)\/?$/,
  /^(?:~|\/root|\/home\/[^/]+)\/\.(?:ssh|gnupg|aws|kube|docker)(?:\/|$)/,
  /^\/var\/lib\/(?:docker|containerd|kubelet)(?:\/|$)/,
  /^\/(?:proc|sys)\//,
];

/** What monitoring and time need, and gives nothing away. */
const harmless = /^\/(?:etc\/(?:localtime|timezone)|sys\/fs\/cgroup)\/?$/;

export const cmp012 = defineRule({
  id: "CMP012",
  title: "container has a sensitive path of the host",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `A mount of /, /etc or /root gives the container the host's passwords and keys, and, where it can write, the host itself.

Mount the one file or folder that the program needs, read-only wherever it only reads.`,
  references: ["CIS Docker Benchmark, 5.5 (sensitive host directories)"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      for (const { type, source, isReadOnly, node } of service.mounts) {
        if (type !== "bind" || source === undefined || harmless.test(source)) continue;
        if (!sensitive.some((pattern) => pattern.test(source))) continue;
        yield {
          subject: service.name,
          message: `${service.name} can ${isReadOnly ? "read" : "read and write"} ${source} of the host`,
          at: node,
          path: pathIn(service, "volumes", source),
          value: node.value,
          severity: isReadOnly ? "medium" : "high",
          fix: `Mount only what ${service.name} needs of ${source}${isReadOnly ? "" : ", with `:ro` where it only reads"}.`,
        };
      }
    }
  },
});
