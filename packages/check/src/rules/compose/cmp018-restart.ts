import { defineRule } from "../../engine/rule.ts";
import { absent, isOneShot, pasted, servicesOf, set } from "./service.ts";

export const cmp018 = defineRule({
  id: "CMP018",
  title: "service stays down, or file has an obsolete key",
  severity: "low",
  profile: "production",
  reads: ["compose"],
  fix: "safe",
  explanation: `Without a restart policy a service that crashed, or a machine that was started anew, stays without it until somebody looks.

The key \`version\` at the top of a compose file means nothing any more: compose warns of it at each command.`,
  references: ["Compose specification, “restart” and “Version top-level element (obsolete)”"],
  *find(project) {
    for (const { model } of project.of("compose")) {
      const version = model.get("version");
      if (version === undefined) continue;
      yield {
        subject: version.location.file,
        message: "the key version means nothing any more",
        at: version,
        value: version.value,
        fix: `Remove the line \`version: ${version.written ?? version.text}\`.`,
        edits: [{ kind: "delete", file: version.location.file, path: version.sourcePath }],
      };
    }
    for (const { compose, service } of servicesOf(project)) {
      const { node } = service;
      if (node.get("restart") !== undefined || node.get("deploy", "restart_policy") !== undefined) continue;
      if (isOneShot({ compose, service })) continue;
      yield {
        ...absent(service, "restart"),
        message: `${service.name} stays down once it has ended`,
        fix: pasted(service, "restart: unless-stopped"),
        edits: [set(service, ["restart"], "unless-stopped")],
      };
    }
  },
});
