import { defineRule } from "../../engine/rule.ts";
import { absent, pasted, servicesOf, set } from "./service.ts";

export const cmp004 = defineRule({
  id: "CMP004",
  title: "container has no limit of processes",
  severity: "medium",
  profile: "strict",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `A container without a limit can start processes until the host has no number left for another: then nobody can log in to stop it.

200 is enough for most services; programs with many threads (Java, browsers, build tools) need more, since each thread counts.`,
  references: ["Compose specification, “pids_limit”", "CIS Docker Benchmark, 5.28"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      const limits = service.node.get("deploy", "resources", "limits");
      const own = service.node.get("pids_limit");
      const limit = limits?.get("pids") ?? own;
      if (limit !== undefined && Number(limit.text) > 0) continue;
      // Compose refuses both keys with different values.
      const isBeside = limits?.get("pids") !== undefined || (limits !== undefined && own === undefined);
      yield {
        ...absent(service, "pids_limit"),
        message: `${service.name} may start any number of processes`,
        fix: pasted(service, "pids_limit: 200"),
        edits: [set(service, isBeside ? ["deploy", "resources", "limits", "pids"] : ["pids_limit"], 200)],
      };
    }
  },
});
