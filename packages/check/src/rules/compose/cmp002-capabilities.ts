import { defineRule } from "../../engine/rule.ts";
import { pathIn, servicesOf } from "./service.ts";

/** What each lets a process do to its host. */
const powers: Readonly<Record<string, string>> = {
  ALL: "everything that root may",
  SYS_ADMIN: "mount file systems and more: close to root",
  SYS_PTRACE: "read the memory of other processes",
  NET_ADMIN: "change routes, addresses and firewall rules",
  SYS_MODULE: "load modules into the kernel",
  DAC_READ_SEARCH: "read every file, and by open_by_handle_at those of the host",
};

export const cmp002 = defineRule({
  id: "CMP002",
  title: "container has a dangerous capability",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `Some capabilities are as good as root on the host, or let a container read and change what belongs to others.

Look for a smaller one (binding ports below 1024 needs NET_BIND_SERVICE only, pinging NET_RAW). If the program really needs it, suppress the finding with the reason.`,
  references: ["capabilities(7)", "CIS Docker Benchmark, 5.3 (Linux kernel capabilities)"],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      for (const node of service.node.get("cap_add")?.items() ?? []) {
        const name = (node.text ?? "").toUpperCase().replace(/^CAP_/, "");
        const power = powers[name];
        if (power === undefined) continue;
        yield {
          subject: service.name,
          message: `${service.name} has the capability ${name}: ${power}`,
          at: node,
          path: pathIn(service, "cap_add", name),
          value: name,
          fix: `Remove ${name} from cap_add of ${service.name}, or put a smaller capability in its place.`,
        };
      }
    }
  },
});
