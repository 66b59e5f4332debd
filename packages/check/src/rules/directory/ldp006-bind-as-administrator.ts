import { defineRule } from "../../engine/rule.ts";
import { isAdministrator, rootDnsOf } from "./admin-dn.ts";
import { clientKinds, ldapClients } from "./clients/index.ts";

export const ldp006 = defineRule({
  id: "LDP006",
  title: "a program binds as the directory's administrator",
  severity: "high",
  profile: "production",
  reads: clientKinds,
  fix: "none",
  explanation: `The root DN of a directory is above its access rules and its password policy: whoever has its password, from a configuration file or out of a program that was broken into, can read every hash and give themselves every group. A program that looks people up needs an account that may search and read; one that lets people reset passwords needs to write \`userPassword\` and nothing else.`,
  references: ["OpenLDAP Administrator's Guide, 8 and 14.3", "slapd.conf(5), rootdn", "NIST SP 800-53, AC-6"],
  *find(project) {
    const rootDns = rootDnsOf(project);
    for (const { subject, name, account } of ldapClients(project)) {
      if (account === undefined || !isAdministrator(account.dn, rootDns)) continue;
      yield {
        subject,
        message: `${name} binds as ${account.dn}, who may do everything`,
        ...account.place,
        value: account.dn,
        fix: account.fix,
      };
    }
  },
});
