/** The proxy of Espalier as a client of its backends. */
import type { Project } from "../../../engine/project.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import { isOff, isOn } from "../environments.ts";
import { settingText } from "../espalier-settings.ts";
import { isInContainer } from "../reach.ts";
import { secondHost, serviceAccount } from "./advice.ts";
import { asLdaps, type ConfiguredServer, type LdapClient, parseLdapUrl } from "./client.ts";

export function proxyClients(project: Project): readonly LdapClient[] {
  return project.of("espalier").flatMap(({ file, root }) => {
    const proxy = root.get("proxy");
    return proxy?.kind === "map" ? clientsOf(proxy, isInContainer(file.path, project), project) : [];
  });
}

/** The second is the account that its health checks bind as. */
function clientsOf(proxy: ConfigNode, isContainer: boolean, project: Project): readonly LdapClient[] {
  const usesStartTls = isOn(settingText(proxy.get("upstream", "startTls"), project));
  const backends = (proxy.get("tiers")?.items() ?? []).flatMap((tier) => tier.get("backends")?.items() ?? []);
  const servers = backends.flatMap((backend) => {
    const node = backend.kind === "map" ? backend.get("url") : backend;
    const text = settingText(node, project);
    return node === undefined || text === undefined ? [] : [serverOf(node, text, usesStartTls)];
  });
  const verify = proxy.get("upstream", "verify");
  const client = { subject: "proxy", name: "the proxy", isContainer };
  const accounts = [proxy.get("identity", "dn"), proxy.get("health", "bind", "dn")].flatMap((node): LdapClient[] => {
    const dn = settingText(node, project);
    if (node === undefined || dn === undefined) return [];
    return [
      { ...client, servers: [], account: { place: { at: node }, dn, fix: `dn: ${serviceAccount("proxy", dn)}` } },
    ];
  });
  return [
    {
      ...client,
      servers,
      ...(verify !== undefined && isOff(settingText(verify, project))
        ? {
            unverified: {
              place: { at: verify },
              because: "upstream.verify is false",
              value: false,
              fix: "proxy:\n  upstream:\n    verify: true\n    caPath: /etc/espalier/ldap-ca.pem",
            },
          }
        : {}),
      ...(backends[0] === undefined
        ? {}
        : { redundancy: { place: { at: backends[0] }, fix: `- ldaps://${secondHost(servers[0]?.host)}` } }),
    },
    ...accounts,
  ];
}

/** Without a scheme it is ldaps. */
function serverOf(node: ConfigNode, text: string, usesStartTls: boolean): ConfiguredServer {
  const isSrv = /^srv\+/i.test(text);
  const written = text.replace(/^srv\+/i, "");
  const url = parseLdapUrl(/^ldaps?:\/\//i.test(written) ? written : `ldaps://${written}`)!;
  return {
    place: { at: node },
    url: isSrv ? `srv+${url.url}` : url.url,
    host: url.host,
    isEncrypted: url.scheme !== "ldap" || usesStartTls,
    fix: `${isSrv ? "srv+" : ""}${asLdaps(url.url)}\n# or, with StartTLS to every backend:\nproxy:\n  upstream:\n    startTls: true`,
    ...(isSrv ? { isDiscovered: true } : {}),
  };
}
