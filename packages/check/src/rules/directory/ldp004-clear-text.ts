import type { Project } from "../../engine/project.ts";
import { defineRule, type Found, type RuleContext } from "../../engine/rule.ts";
import { clientKinds, ldapClients } from "./clients/index.ts";
import { isOn } from "./environments.ts";
import { settingText } from "./espalier-settings.ts";
import { type Gateway, gatewaysOf, hostOf } from "./gateways.ts";
import { isLoopback, type Reach, reachOf } from "./reach.ts";

export const ldp004 = defineRule({
  id: "LDP004",
  title: "passwords and entries cross the network in clear text",
  severity: "high",
  profile: "production",
  reads: [...clientKinds, "node"],
  fix: "none",
  explanation: `A simple bind carries the password as it is (RFC 4513, 6.3.3), and what a search finds says who may log in as whom: whoever is on the way can read the first and change the second. Use \`ldaps://\`, or \`ldap://\` with StartTLS and a client that goes no further without it. Loopback addresses and Unix sockets need neither.

Between containers of one machine it is less, and still not nothing: any container on the same network can pass itself off as the server, since Docker lets containers send raw packets unless told otherwise. On a network that is \`internal: true\` and has nothing else on it, only the strict profile asks.`,
  references: [
    "RFC 4513, section 6",
    "RFC 8996",
    "sssd-ldap(5), ldap_id_use_start_tls",
    "OpenLDAP Administrator's Guide, 14.2",
  ],
  *find(project, context) {
    for (const client of ldapClients(project)) {
      for (const server of client.servers) {
        if (server.isEncrypted) continue;
        const severity = severityOf(reachOf(server.host, client.isContainer, project), context);
        if (severity === undefined) continue;
        yield {
          subject: client.subject,
          message: `${client.name} speaks to ${server.url} in clear text`,
          ...server.place,
          value: server.url,
          severity: severity === "high" ? (server.severity ?? severity) : severity,
          fix: server.fix,
        };
      }
    }
    for (const gateway of gatewaysOf(project)) yield* clearGateway(gateway, context);
    yield* clearListeners(project);
    for (const node of project.of("node")) {
      if (node.isEncrypted || isLoopback(hostOf(node.url)) || node.url.startsWith("ldapi:")) continue;
      yield {
        subject: node.name,
        message: `${node.name} is spoken to in clear text at ${node.url}`,
        path: node.group,
        fix: `Configure ${node.name} with ldaps, or with StartTLS`,
      };
    }
  },
});

/** Undefined: not asked. */
function severityOf(reach: Reach, { profile }: RuleContext): "high" | "medium" | "low" | undefined {
  if (reach === "network") return "high";
  if (reach === "containers") return "medium";
  return reach === "internal" && profile === "strict" ? "low" : undefined;
}

function* clearGateway(
  { clearListener, subject, isContainer, isPublished, write }: Gateway,
  context: RuleContext,
): Generator<Found> {
  const severity = severityOf(isContainer && !isPublished ? "containers" : "network", context);
  if (clearListener === undefined || severity === undefined) return;
  const { name, value, place } = clearListener;
  yield {
    subject,
    message: `${subject} takes passwords in clear text from clients that do not ask for StartTLS: ${name} is ${value}`,
    ...place,
    value,
    severity,
    fix: name === "listen" ? "gateway:\n  listen:\n    - ldaps://0.0.0.0:636" : write("unencrypted", "false"),
  };
}

/** Of the proxy: that refuses to start with them, unless told otherwise. */
function* clearListeners(project: Project): Generator<Found> {
  for (const { root } of project.of("espalier")) {
    const proxy = root.get("proxy");
    const isAllowed = isOn(settingText(proxy?.get("allowPlaintext"), project));
    if (proxy === undefined || !isAllowed || isOn(settingText(proxy.get("requireConfidentiality"), project))) continue;
    for (const listener of proxy.get("listen")?.items() ?? []) {
      const text = settingText(listener, project) ?? "";
      if (!/^ldap:/i.test(text) || isLoopback(hostOf(text))) continue;
      yield {
        subject: "proxy",
        message: `the proxy takes passwords in clear text at ${text}`,
        at: listener,
        value: text,
        fix: "proxy:\n  listen:\n    - ldaps://0.0.0.0:636\n  tls:\n    certPath: /etc/espalier/proxy.crt\n    keyPath: /etc/espalier/proxy.key\n# or, with StartTLS:\n  requireConfidentiality: true",
      };
    }
  }
}
