/** The clusters of the manager: those of Espalier, and those of a `config.yml` that the manager before it reads. */
import { type ClusterNode, clusterNodes } from "@espalier/service/plain";
import type { Project } from "../../../engine/project.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import { isOn } from "../environments.ts";
import { settingText } from "../espalier-settings.ts";
import { isInContainer, isLoopback, mountsOf } from "../reach.ts";
import { secondHost } from "./advice.ts";
import type { ConfiguredServer, LdapClient } from "./client.ts";

export function clusterClients(project: Project): readonly LdapClient[] {
  return project.of("espalier").flatMap(({ file, root }) => {
    const isOld = isReadByOldManager(file.path, project);
    const isContainer = isInContainer(file.path, project);
    return (root.get("clusters")?.items() ?? []).map((cluster) => clientOf(cluster, project, { isContainer, isOld }));
  });
}

/** The manager that this one replaces reads `/app/config.yml`, and knows no TLS. */
function isReadByOldManager(path: string, project: Project): boolean {
  return mountsOf(path, project).some(({ service, mount }) => {
    const image = service.node.get("image")?.text ?? "";
    return mount.target === "/app/config.yml" && !/espalier/.test(image);
  });
}

function clientOf(
  cluster: ConfigNode,
  project: Project,
  { isContainer, isOld }: { readonly isContainer: boolean; readonly isOld: boolean },
): LdapClient {
  const name = settingText(cluster.get("name"), project) ?? "without a name";
  const nodes = nodesOf(cluster, project);
  const [account, password] = [cluster.get("bind_dn"), cluster.get("bind_password")];
  const dn = settingText(account, project);
  const careless = nodes.find(({ security, host }) => security === "starttls-if-offered" && !isLoopback(host));
  return {
    subject: name,
    name: `cluster ${name}`,
    isContainer,
    servers: nodes.map((node) => serverOf(node, cluster, isOld)),
    ...(careless === undefined || isOld
      ? {}
      : {
          unverified: {
            place: { at: cluster.get("allow_cleartext") ?? cluster },
            because: "allow_cleartext without tls takes any",
            value: true,
            fix: "tls: { mode: starttls, ca_file: /etc/espalier/ldap-ca.pem }\nallow_cleartext: false",
          },
        }),
    // Without its password it is only who may do everything after signing in.
    ...(account === undefined || dn === undefined || (password?.text ?? "") === ""
      ? {}
      : {
          account: {
            place: { at: account },
            dn,
            fix: `Let people sign in as themselves and say by \`roles\` who may do what; remove bind_password, or give it to an account that may only read:\nroles:\n  - { role: admin, groups: ["cn=ldap-admins,ou=groups,dc=example,dc=com"] }`,
          },
        }),
    redundancy: {
      place: { at: cluster.get("nodes") ?? cluster.get("host") ?? cluster },
      fix: `nodes:\n${[nodes[0]?.host ?? "ldap1.example.com", secondHost(nodes[0]?.host)].map((host) => `  - host: ${host}`).join("\n")}`,
    },
  };
}

function nodesOf(cluster: ConfigNode, project: Project): readonly ClusterNode[] {
  const text = (node: ConfigNode | undefined) => settingText(node, project);
  const placed = (node: ConfigNode) => {
    const [host, port, name] = [
      text(node.get("host")),
      Number(text(node.get("port")) ?? Number.NaN),
      text(node.get("name")),
    ];
    return host === undefined
      ? []
      : [{ host, ...(Number.isNaN(port) ? {} : { port }), ...(name === undefined ? {} : { name }) }];
  };
  const tls = cluster.get("tls");
  const mode = text(tls?.kind === "map" ? tls.get("mode") : tls) as "ldaps" | "starttls" | "none" | undefined;
  return clusterNodes({
    nodes: cluster.get("nodes")?.items().flatMap(placed) ?? placed(cluster),
    tls: tls === undefined ? undefined : { mode },
    allow_cleartext: isOn(text(cluster.get("allow_cleartext"))),
  });
}

function serverOf({ host, port, security }: ClusterNode, cluster: ConfigNode, isOld: boolean): ConfiguredServer {
  const scheme = security === "ldaps" && !isOld ? "ldaps" : "ldap";
  return {
    place: {
      at:
        cluster.get("tls") ?? cluster.get("allow_cleartext") ?? cluster.get("nodes") ?? cluster.get("host") ?? cluster,
    },
    url: `${scheme}://${host}${port === (scheme === "ldaps" ? 636 : 389) ? "" : `:${port}`}`,
    host: host.toLowerCase(),
    isEncrypted: !isOld && (security === "ldaps" || security === "starttls"),
    fix: isOld
      ? "This manager knows no TLS. Espalier's takes the same file: espalier manager --config config.yml"
      : "tls: ldaps",
    ...(security === "starttls-if-offered" && !isOld ? { severity: "medium" } : {}),
  };
}
