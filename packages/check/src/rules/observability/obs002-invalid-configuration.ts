import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import { alertmanagerFaults } from "./alertmanager-faults.ts";
import { prometheusFaults, ruleFaults } from "./prometheus-faults.ts";
import type { Fault } from "./shape.ts";

export const obs002 = defineRule({
  id: "OBS002",
  title: "monitoring does not start with its configuration",
  severity: "high",
  profile: "lab",
  reads: ["prometheus", "prometheusRules", "alertmanager"],
  fix: "none",
  explanation: `Prometheus and Alertmanager refuse a configuration with a field they do not know. Where they run already they go on with the one of before, so that what was added is not watched and nobody is told.

\`promtool check config\`, \`promtool check rules\` and \`amtool check-config\` are the programs' own judges: run them before each change is put in place.`,
  references: [
    "Prometheus documentation, “Configuration” and “Alerting rules”",
    "Alertmanager documentation, “Configuration”",
  ],
  *find(project) {
    yield* findings(project.of("prometheus"), prometheusFaults);
    yield* findings(project.of("prometheusRules").filter(isRuleFile(project)), ruleFaults);
    yield* findings(project.of("alertmanager"), alertmanagerFaults);
  },
});

/** Where rules stand in Alertmanager's own file, that is what is wrong, and what is told. */
function isRuleFile(project: Project): (document: ConfigFile) => boolean {
  const others = new Set(project.of("alertmanager").map(({ file }) => file.path));
  return ({ file }) => !others.has(file.path);
}

function* findings(
  documents: readonly ConfigFile[],
  faultsOf: (root: ConfigNode) => Iterable<Fault>,
): Generator<Found> {
  for (const { file, root } of documents) {
    for (const { node, message, fix } of faultsOf(root)) {
      yield {
        subject: file.path,
        at: node.keyLocation ?? node.location,
        path: node.pathText,
        message: `${file.path}: ${message}`,
        // Its value may be a password that stands under a wrong name.
        value: message,
        fix,
      };
    }
  }
}
