import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import { settingOf } from "./settings.ts";

export const aut003 = defineRule({
  id: "AUT003",
  title: "Authelia lets people in with too little",
  severity: "high",
  profile: "production",
  reads: ["authelia"],
  fix: "none",
  explanation: `\`default_policy\` counts for every host that no rule names, also for the one that is put behind the proxy tomorrow and forgotten here: \`deny\` makes it fail visibly. Where an administrator works, on the reverse proxy's dashboard, containers, directories, databases, hypervisors, a stolen password alone must not be enough: \`two_factor\`.`,
  references: ["Authelia, Access Control, default_policy and policy", "OWASP ASVS 4.0.3, 4.1.5 and 4.3.1"],
  *find(project) {
    for (const config of project.of("authelia")) {
      const policy = settingOf(project, config, ["access_control", "default_policy"]);
      if (policy !== undefined && ["bypass", "one_factor", "two_factor"].includes(policy.text)) {
        yield {
          subject: config.file.path,
          message: `hosts that no rule names are ${policy.text === "bypass" ? "open to everybody" : `reached with ${policy.text}`}: default_policy is ${policy.text}`,
          ...policy.place,
          value: policy.text,
          // Whoever signs in with both factors is at least known.
          severity: policy.text === "two_factor" ? "medium" : "high",
          fix: "access_control:\n  default_policy: deny",
        };
      }
      yield* adminHosts(config);
    }
  },
});

const adminNames =
  "admin|administration|adminer|alertmanager|argocd|awx|backup|cadvisor|cockpit|consul|console|docker|dockge|duplicati|firewall|ipa|jenkins|kopia|kube|kubernetes|lam|ldap|ldap-?account-?manager|ldap-?admin|ldap-?manager|lldap|mongo-?express|netbox|nomad|opnsense|pbs|pfsense|pgadmin|phpldapadmin|phpmyadmin|pihole|portainer|prometheus|proxmox|pve|rancher|router|semaphore|traefik|truenas|unifi|vault|webmin|yacht";
/** The first label of a host where somebody administrates. */
const adminHost = new RegExp(`^(?:(?:.*-)?(?:${adminNames})(?:-?\\d+|-.*)?)\\.`, "i");

function* adminHosts({ file, root }: ConfigFile): Generator<Found> {
  for (const rule of root.get("access_control", "rules")?.items() ?? []) {
    const policy = rule.get("policy");
    const narrowed = ["networks", ...(policy?.text === "bypass" ? ["resources", "methods", "query"] : [])];
    if (policy === undefined || !["one_factor", "bypass"].includes(policy.text ?? "")) continue;
    if (narrowed.some((key) => rule.get(key) !== undefined)) continue;
    const hosts = domainsOf(rule.get("domain")).filter((domain) => adminHost.test(domain));
    if (hosts.length === 0) continue;
    yield {
      subject: file.path,
      message: `${hosts.join(", ")} ${hosts.length === 1 ? "is" : "are"} open to ${policy.text === "bypass" ? "everybody" : "whoever has a password"}: policy is ${policy.text}`,
      at: policy,
      value: [policy.text!, ...hosts],
      fix: "policy: two_factor",
    };
  }
}

function domainsOf(domain: ConfigNode | undefined): readonly string[] {
  return domain === undefined
    ? []
    : (domain.kind === "list" ? domain.items() : [domain]).flatMap(({ text }) => text ?? []);
}
