import { defineRule } from "../../engine/rule.ts";
import { absent, servicesOf } from "./service.ts";

export const cmp017 = defineRule({
  id: "CMP017",
  title: "container runs as root",
  severity: "medium",
  profile: "production",
  reads: ["compose"],
  fix: "none",
  explanation: `Root in a container is root on the host once it gets out, and owns every file that is mounted into it.

Give the service a user with \`user:\` and let that one own its volumes. Many images change to a user of their own by themselves: \`docker image inspect --format '{{.Config.User}}' IMAGE\` says which.`,
  references: ["Compose specification, “user”", "CIS Docker Benchmark, 4.1"],
  *find(project, { profile }) {
    for (const { service } of servicesOf(project)) {
      const user = service.node.get("user");
      const fix = `services:\n  ${service.name}:\n    user: "1000:1000"   # and chown its volumes to it`;
      if (user !== undefined && /^(?:root|0)(?::|$)/.test(user.text ?? "")) {
        yield { subject: service.name, message: `${service.name} runs as root`, at: user, value: user.value, fix };
      } else if (user === undefined && profile === "strict") {
        yield {
          ...absent(service, "user"),
          message: `${service.name} runs as whatever user its image says, which is root unless it says another`,
          severity: "low",
          fix,
        };
      }
    }
  },
});
