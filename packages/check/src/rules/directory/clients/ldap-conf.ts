/** The OpenLDAP library (ldap.conf(5)), and nss_ldap and pam_ldap, whose file has the same name. */
import type { Project } from "../../../engine/project.ts";
import type { ConfigFile } from "../../../inputs/documents.ts";
import { valuesOf } from "../../../inputs/ldap-conf.ts";
import { isInContainer } from "../reach.ts";
import { serviceAccount } from "./advice.ts";
import { asLdaps, type ConfiguredServer, type LdapClient, parseLdapUrl, type Unverified } from "./client.ts";

export function ldapConfClients(project: Project): readonly LdapClient[] {
  return project.of("ldapConf").map((config) => clientOf(config, project));
}

function clientOf({ file, root }: ConfigFile, project: Project): LdapClient {
  const usesTls = /^(?:start_tls|on|yes)$/i.test(valuesOf(root, "ssl").at(-1)?.text ?? "");
  const account = valuesOf(root, "binddn").at(-1);
  const unverified = unverifiedOf(root);
  const servers = (valuesOf(root, "uri").at(-1)?.text ?? "").split(/\s+/).flatMap((text): ConfiguredServer[] => {
    const url = parseLdapUrl(text);
    const node = valuesOf(root, "uri").at(-1);
    if (url === undefined || node === undefined) return [];
    return [
      {
        place: { at: node },
        url: url.url,
        host: url.host,
        isEncrypted: url.scheme !== "ldap" || usesTls,
        fix: `URI ${(node.text ?? "").split(/\s+/).map(asLdaps).join(" ")}`,
        // It is where programs go that are told no server: each may ask for StartTLS itself.
        severity: "medium",
      },
    ];
  });
  return {
    subject: file.path,
    name: "the OpenLDAP library",
    isContainer: isInContainer(file.path, project),
    servers,
    ...(unverified === undefined ? {} : { unverified }),
    ...(account?.text === undefined
      ? {}
      : {
          account: {
            place: { at: account },
            dn: account.text,
            fix: `BINDDN ${serviceAccount("client", account.text)}`,
          },
        }),
  };
}

function unverifiedOf(root: ConfigFile["root"]): Unverified | undefined {
  const fix = "TLS_REQCERT demand\nTLS_CACERT /etc/ssl/certs/ldap-ca.pem";
  const check = valuesOf(root, "tls_reqcert").at(-1);
  const level = check?.text?.toLowerCase();
  if (check !== undefined && (level === "never" || level === "allow")) {
    return { place: { at: check }, because: `TLS_REQCERT is ${level}`, value: level, fix };
  }
  const peer = valuesOf(root, "tls_checkpeer").at(-1);
  if (peer === undefined || peer.text?.toLowerCase() !== "no") return undefined;
  return {
    place: { at: peer },
    because: "tls_checkpeer is no",
    value: "no",
    fix: "tls_checkpeer yes\ntls_cacertfile /etc/ssl/certs/ldap-ca.pem",
  };
}
