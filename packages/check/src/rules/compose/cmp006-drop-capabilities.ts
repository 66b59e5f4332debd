import { defineRule } from "../../engine/rule.ts";
import { absent, append, isTrue, pasted, servicesOf } from "./service.ts";

export const cmp006 = defineRule({
  id: "CMP006",
  title: "container keeps Docker's default capabilities",
  severity: "high",
  profile: "strict",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `Docker gives every container fourteen capabilities, among them changing the owner of files and opening raw sockets. Most programs use none of them.

Drop all of them and add back what the program turns out to need: an image whose entry point changes its user needs SETUID, SETGID and often CHOWN; one that binds a port below 1024 as root NET_BIND_SERVICE.`,
  references: ["Docker documentation, “Linux kernel capabilities”", "CIS Docker Benchmark, 5.3", "capabilities(7)"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      const dropped = service.node.get("cap_drop")?.items() ?? [];
      if (dropped.some(({ text }) => text?.toUpperCase() === "ALL")) continue;
      // Dropping is without effect there, and CMP001 says what is to be done.
      if (isTrue(service.node.get("privileged")?.text)) continue;
      yield {
        ...absent(service, "cap_drop.ALL"),
        message: `${service.name} keeps capabilities that it may not need`,
        fix: `${pasted(service, "cap_drop: [ALL]")}\nThen add back with cap_add what it turns out to need.`,
        edits: [append(service, ["cap_drop"], "ALL")],
      };
    }
  },
});
