import { defineRule } from "../../engine/rule.ts";

export const ldp011 = defineRule({
  id: "LDP011",
  title: "directory server cannot be reached",
  severity: "critical",
  profile: "lab",
  reads: ["node"],
  fix: "none",
  explanation: `A server that was connected to the way its clients do gave no answer. While another one of its group answers, clients go there; when none does, nobody can log in.`,
  references: ["docs/proxy.md", "docs/manager.md"],
  *find(project) {
    for (const nodes of Map.groupBy(project.of("node"), ({ group }) => group).values()) {
      const lost = nodes.filter(({ failure }) => failure !== undefined);
      const isWhole = lost.length === nodes.length;
      for (const { group, name, url, failure } of lost) {
        yield {
          subject: name,
          message: `${name} cannot be reached at ${url}: ${failure}${isWhole && nodes.length > 1 ? `, nor can any other server of ${group}` : ""}`,
          path: group,
          severity: isWhole ? "critical" : "high",
          fix: `Look whether it runs and whether a firewall is in between, or take it out of the configuration of ${group}`,
        };
      }
    }
  },
});
