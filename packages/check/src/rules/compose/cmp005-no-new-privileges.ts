import { defineRule } from "../../engine/rule.ts";
import { absent, append, isTrue, pasted, servicesOf } from "./service.ts";

export const cmp005 = defineRule({
  id: "CMP005",
  title: "processes may gain privileges",
  severity: "high",
  profile: "production",
  reads: ["compose"],
  fix: "unsafe",
  explanation: `Without \`no-new-privileges\` a program in the container that is set-user-id (sudo, su, ping of old) makes root out of whoever runs it.

With it the kernel ignores that bit. Only images that use sudo or su while they run need it to be off.`,
  references: ["prctl(2), PR_SET_NO_NEW_PRIVS", "CIS Docker Benchmark, 5.25"],
  *find(project) {
    if (project.of("dockerDaemon").some(({ root }) => isTrue(root.get("no-new-privileges")?.text))) return;
    for (const { service } of servicesOf(project)) {
      const options = service.node.get("security_opt")?.items() ?? [];
      if (options.some(({ text }) => /^no-new-privileges(?:[:=]true)?$/.test(text ?? ""))) continue;
      yield {
        ...absent(service, "security_opt.no-new-privileges"),
        message: `processes of ${service.name} may gain privileges that it was not started with`,
        fix: pasted(service, "security_opt:", "  - no-new-privileges:true"),
        edits: [append(service, ["security_opt"], "no-new-privileges:true")],
      };
    }
  },
});
