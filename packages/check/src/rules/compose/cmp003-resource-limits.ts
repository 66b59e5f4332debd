import { defineRule } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { DockerStats } from "../../inputs/docker-stats.ts";
import { absent, pasted, servicesOf, set } from "./service.ts";

const mebibyte = 1024 * 1024;

export const cmp003 = defineRule({
  id: "CMP003",
  title: "container has no memory or processor limit",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `Without a limit one service can take all memory or all processors, and everything else on the machine fails with it.

Set \`mem_limit\` and \`cpus\`, or \`deploy.resources.limits\`. Measure first: a limit below what the service needs is an outage of its own. Run \`docker stats --no-stream --format json > stats.json\` under load, once or several times, and pass the file to the check: it then proposes the peak and a fifth.`,
  references: ["Compose specification, “deploy.resources” and “mem_limit”", "CIS Docker Benchmark, 5.10 and 5.11"],
  *find(project) {
    const peaks = peaksOf(project.of("dockerStats"));
    for (const { compose, service } of servicesOf(project)) {
      const limits = service.node.get("deploy", "resources", "limits");
      const hasMemory = (limits?.get("memory") ?? service.node.get("mem_limit")) !== undefined;
      const hasProcessors =
        (limits?.get("cpus") ?? service.node.get("cpus") ?? service.node.get("cpu_quota")) !== undefined;
      if (hasMemory && hasProcessors) continue;
      const missing = [...(hasMemory ? [] : ["memory"]), ...(hasProcessors ? [] : ["processor"])];
      const peak = peaks.get(containerNameOf(service, compose.name));
      const memory = `${peak === undefined ? 512 : Math.ceil((peak.memoryBytes * 1.2) / mebibyte)}m`;
      const cpus = peak === undefined ? 1 : Math.max(0.1, Math.ceil(peak.processors * 12) / 10);
      const lines = [...(hasMemory ? [] : [`mem_limit: ${memory}`]), ...(hasProcessors ? [] : [`cpus: ${cpus}`])];
      const edits = [
        ...(hasMemory ? [] : [set(service, ["mem_limit"], memory)]),
        ...(hasProcessors ? [] : [set(service, ["cpus"], cpus)]),
      ];
      yield {
        ...absent(service, "deploy.resources.limits"),
        message: `${service.name} has no ${missing.join(" and no ")} limit`,
        value: missing,
        fix:
          peak === undefined
            ? `${pasted(service, ...lines)}\nThese are examples: measure with \`docker stats\` under load, and add a fifth.`
            : pasted(service, ...lines),
        // A limit that was not measured may be an outage: it is for a person to choose.
        ...(peak === undefined ? {} : { edits }),
      };
    }
  },
});

/** The most that each container was seen to use. */
function peaksOf(all: readonly DockerStats[]) {
  const peaks = new Map<string, { memoryBytes: number; processors: number }>();
  for (const { containers } of all) {
    for (const { name, memoryBytes, processors } of containers) {
      const before = peaks.get(name) ?? { memoryBytes: 0, processors: 0 };
      peaks.set(name, {
        memoryBytes: Math.max(before.memoryBytes, memoryBytes),
        processors: Math.max(before.processors, processors),
      });
    }
  }
  return peaks;
}

function containerNameOf({ name, node }: ComposeService, project: string): string {
  return node.get("container_name")?.text ?? `${project}-${name}-1`;
}
