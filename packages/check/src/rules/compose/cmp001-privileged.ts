import { defineRule } from "../../engine/rule.ts";
import { isTrue, servicesOf } from "./service.ts";

export const cmp001 = defineRule({
  id: "CMP001",
  title: "container is privileged",
  severity: "critical",
  profile: "lab",
  reads: ["compose"],
  fix: "none",
  explanation: `A privileged container has every capability and every device of the host: whoever takes it over is root there.

Most programs need one capability or one device. Name those with \`cap_add\` and \`devices\`. Where nothing less will do, put the service on a network of its own and write the reason down beside it, as a suppression with a date.`,
  references: [
    "Docker documentation, “Runtime privilege and Linux capabilities”",
    "CIS Docker Benchmark, 5.4 (privileged containers)",
  ],
  *find(project) {
    for (const { service } of servicesOf(project)) {
      const node = service.node.get("privileged");
      if (node === undefined || !isTrue(node.text)) continue;
      yield {
        subject: service.name,
        message: `${service.name} is privileged, which is root on the host for whoever takes it over`,
        at: node,
        value: true,
        fix: `Remove \`privileged: true\` from ${service.name} and name what it needs:\n    cap_add: [NET_ADMIN]        # the capability, if it needs one\n    devices: ["/dev/kvm:/dev/kvm"]  # the device, if it needs one\nWhere that is not enough, give it a network of its own and suppress this with the reason.`,
      };
    }
  },
});
