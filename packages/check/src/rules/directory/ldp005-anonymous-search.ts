import { defineRule } from "../../engine/rule.ts";
import { isOff } from "./environments.ts";
import { gatewaysOf, hostOf } from "./gateways.ts";
import { isLoopback } from "./reach.ts";

export const ldp005 = defineRule({
  id: "LDP005",
  title: "everybody may read the directory",
  severity: "high",
  profile: "production",
  reads: ["espalier", "compose", "dotenv", "node"],
  fix: "none",
  explanation: `Without a bind a directory should show no more than its root DSE. Names, mail addresses and memberships are what guessing of passwords and writing of false letters begin with, and whoever reaches the port can have them all.

Give each client an account of its own that may read and nothing else, then require the bind: first the accounts, since clients without one find nobody afterwards.`,
  references: ["RFC 4513, section 6.3.1", "sssd-ldap(5), ldap_default_bind_dn", "pveum(1), bind_dn"],
  *find(project) {
    for (const gateway of gatewaysOf(project)) {
      const setting = gateway.get("requireAuthForSearch");
      if (setting === undefined || !isOff(setting.value) || gateway.isOnLoopback) continue;
      yield {
        subject: gateway.subject,
        message: `${gateway.subject} lets anybody search without a bind: ${setting.name} is false`,
        ...setting.place,
        value: "false",
        fix: `${accounts}\n${gateway.write("requireAuthForSearch", "true")}`,
      };
    }
    for (const node of project.of("node")) {
      if (node.isAnonymousReadable !== true || isLoopback(hostOf(node.url))) continue;
      yield {
        subject: node.name,
        message: `${node.name} shows entries to clients that have not bound`,
        path: node.group,
        fix: `${accounts}\n# gateway: requireAuthForSearch: true; OpenLDAP: olcAccess: to * by users read by * none`,
      };
    }
  },
});

const accounts = `# first an account for each client, such as in sssd.conf
ldap_default_bind_dn = uid=svc-sssd,ou=services,dc=example,dc=com
# and for Proxmox in domains.cfg
	bind_dn uid=svc-proxmox,ou=services,dc=example,dc=com
# then`;
