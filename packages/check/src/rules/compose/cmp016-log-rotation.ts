import { defineRule } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import { absent, pasted, servicesOf, set } from "./service.ts";

const rotation = { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } };

export const cmp016 = defineRule({
  id: "CMP016",
  title: "log of a container grows without end",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "safe",
  explanation: `Docker's default driver, json-file, keeps everything a container ever printed. One talkative service fills the disk, and a full disk stops the databases beside it.

Limit it for each service, once for all with an anchor, or once for the machine in \`/etc/docker/daemon.json\`; or send logs away with journald, syslog or loki.`,
  references: ["Docker documentation, “JSON File logging driver”, max-size and max-file"],
  *find(project) {
    if (project.of("dockerDaemon").some(({ root }) => isRotated(root.get("log-driver"), root.get("log-opts")))) return;
    for (const { service } of servicesOf(project)) {
      const logging = service.node.get("logging");
      if (isRotated(logging?.get("driver"), logging?.get("options"))) continue;
      yield {
        ...absent(service, "logging"),
        ...(logging === undefined ? {} : { at: logging, value: logging.value }),
        message: `the log of ${service.name} grows without end`,
        fix: pasted(service, "logging:", "  driver: json-file", '  options: { max-size: "10m", max-file: "3" }'),
        edits: [
          logging?.get("options") === undefined
            ? set(service, ["logging"], rotation)
            : set(service, ["logging", "options", "max-size"], "10m"),
        ],
      };
    }
  },
});

/** `max-file` without `max-size` limits nothing: there is never a second file. */
function isRotated(driver: ConfigNode | undefined, options: ConfigNode | undefined): boolean {
  const name = driver?.text;
  if (name === undefined || name === "json-file") return options?.get("max-size") !== undefined;
  return true;
}
