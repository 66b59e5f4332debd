import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ObservedNode } from "../../observed/node.ts";
import type { LdapClient } from "./clients/client.ts";
import { clientKinds, ldapClients } from "./clients/index.ts";
import { isLoopback, reachOf, servicesNamed } from "./reach.ts";

export const ldp007 = defineRule({
  id: "LDP007",
  title: "logins depend on one directory server",
  severity: "medium",
  profile: "production",
  reads: [...clientKinds, "node"],
  fix: "none",
  explanation: `When the only server that a client knows is down, nobody new can log in, and updating it means downtime. Name two servers on two machines, or a proxy that knows them. Two names of one machine are one server: they go down together.`,
  references: ["sssd-ldap(5), FAILOVER", "pveum(1), server2"],
  *find(project, { profile }) {
    for (const client of ldapClients(project)) {
      const found = oneServer(client, project);
      // A second container on the same machine falls with the first.
      const isBeside = client.servers.every(({ host }) => reachOf(host, client.isContainer, project) !== "network");
      if (found !== undefined && (!isBeside || profile === "strict")) yield found;
    }
    for (const nodes of Map.groupBy(project.of("node"), ({ group }) => group).values()) yield* sameServers(nodes);
  },
});

function oneServer(
  { subject, name, servers, redundancy, isContainer }: LdapClient,
  project: Project,
): Found | undefined {
  const [first] = servers;
  if (redundancy === undefined || first === undefined || servers.some(({ isDiscovered }) => isDiscovered))
    return undefined;
  const hosts = new Set(servers.map(({ host }) => host.replace(/\.$/, "")));
  if (hosts.size > 1 || isLoopback(first.host) || first.url.startsWith("ldapi:")) return undefined;
  if (isContainer && isBalancer(first.host, project)) return undefined;
  return {
    subject,
    message:
      servers.length > 1
        ? `${name} has ${servers.length} addresses, all of them of ${first.host}`
        : `${name} knows one server only, ${first.host}`,
    ...redundancy.place,
    value: servers.map(({ url }) => url),
    fix: redundancy.fix,
  };
}

/** What stands in front of servers is asked itself. */
function isBalancer(host: string, project: Project): boolean {
  return servicesNamed(host, project).some(({ service: { node } }) => {
    const command = JSON.stringify(node.get("command")?.value ?? "");
    return /haproxy|lloadd|nginx|traefik|envoy|espalier.*proxy/i.test(`${node.get("image")?.text ?? ""} ${command}`);
  });
}

function* sameServers(nodes: readonly ObservedNode[]): Generator<Found> {
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(0, index)) {
      const address = node.addresses.find((each) => other.addresses.includes(each) && !isLoopback(each));
      if (address === undefined) continue;
      yield {
        subject: node.name,
        message: `${node.name} and ${other.name} are one server: both names have the address ${address}`,
        path: node.group,
        fix: `Move ${node.name} to a machine of its own, or correct its name in DNS`,
      };
      break;
    }
  }
}
