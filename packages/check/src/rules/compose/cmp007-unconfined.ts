import { defineRule } from "../../engine/rule.ts";
import { pathIn, servicesOf } from "./service.ts";

const unconfined = /^(?:seccomp[:=]unconfined|apparmor[:=]unconfined|systempaths[:=]unconfined|label[:=]disable)$/;

export const cmp007 = defineRule({
  id: "CMP007",
  title: "confinement of a container is switched off",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "safe",
  explanation: `Docker refuses containers the system calls and files of the kernel that break out of them. \`unconfined\` takes that away, for everything in the container.

Remove the line: the default profile is what nearly all images are made for. A program that needs one more system call gets a profile of its own, with that call.`,
  references: ["Docker documentation, “Seccomp security profiles for Docker”", "CIS Docker Benchmark, 5.2 and 5.21"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      for (const node of service.node.get("security_opt")?.items() ?? []) {
        if (!unconfined.test(node.text ?? "")) continue;
        yield {
          subject: service.name,
          message: `${service.name} runs with ${node.text}`,
          at: node,
          path: pathIn(service, "security_opt", node.text ?? ""),
          value: node.value,
          fix: `Remove \`${node.text}\` from security_opt of ${service.name}.`,
          edits: [{ kind: "delete", file: node.location.file, path: node.sourcePath }],
        };
      }
    }
  },
});
