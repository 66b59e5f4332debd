/** SSSD's domains over LDAP (sssd-ldap(5)). Those of AD and FreeIPA encrypt by Kerberos and are left to their own keys. */
import type { Project } from "../../../engine/project.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import { type SssdDomain, sssdDomains } from "../../../inputs/sssd.ts";
import { placeOf } from "../place.ts";
import { isInContainer } from "../reach.ts";
import { secondHost, serviceAccount } from "./advice.ts";
import { asLdaps, type ConfiguredServer, type LdapClient, lineEdit, parseLdapUrl } from "./client.ts";

/** `ldap_opt_timeout`, unless set. */
const defaultTimeoutMs = 8_000;

export function sssdClients(project: Project): readonly LdapClient[] {
  return sssdDomains(project.of("sssd"))
    .filter(({ option }) =>
      [option("id_provider"), option("auth_provider")].some((node) => node?.text?.toLowerCase() === "ldap"),
    )
    .map((domain) => clientOf(domain, project));
}

function clientOf(domain: SssdDomain, project: Project): LdapClient {
  const { config, section, name } = domain;
  const [uri, check, account, timeout] = [
    "ldap_uri",
    "ldap_tls_reqcert",
    "ldap_default_bind_dn",
    "ldap_opt_timeout",
  ].map(domain.option);
  const servers = [uri, domain.option("ldap_backup_uri")].flatMap((node) =>
    node === undefined ? [] : serversOf(node, domain),
  );
  const level = check?.text?.toLowerCase();
  return {
    subject: config.file.path,
    name: `domain ${name} of SSSD`,
    isContainer: isInContainer(config.file.path, project),
    servers,
    ...(check !== undefined && (level === "never" || level === "allow")
      ? {
          unverified: {
            place: { at: check },
            because: `ldap_tls_reqcert is ${level}`,
            value: level,
            fix: "ldap_tls_reqcert = demand\nldap_tls_cacert = /etc/ssl/certs/ldap-ca.pem",
          },
        }
      : {}),
    ...(account?.text === undefined
      ? {}
      : {
          account: {
            place: { at: account },
            dn: account.text,
            fix: `ldap_default_bind_dn = ${serviceAccount("sssd", account.text)}`,
          },
        }),
    ...(uri === undefined
      ? {}
      : { redundancy: { place: { at: uri }, fix: `ldap_uri = ${uri.text}, ldaps://${secondHost(servers[0]?.host)}` } }),
    bindTimeout: {
      place: placeOf(timeout, section, "ldap_opt_timeout"),
      option: "ldap_opt_timeout",
      ms: seconds(timeout) ?? defaultTimeoutMs,
      isDefault: timeout === undefined,
      fix: (wanted) => `ldap_opt_timeout = ${wanted}`,
      edit: (wanted) => lineEdit(timeout, uri ?? section, String(wanted), `ldap_opt_timeout = ${wanted}`),
    },
  };
}

function serversOf(node: ConfigNode, domain: SssdDomain): readonly ConfiguredServer[] {
  const startTls = domain.option("ldap_id_use_start_tls")?.text?.toLowerCase();
  const texts = (node.text ?? "").split(",").map((text) => text.trim());
  return texts.flatMap((text): ConfiguredServer[] => {
    const url = parseLdapUrl(text);
    if (url === undefined) {
      // Servers that DNS names are spoken to as the service's records say, which is not known here.
      return text === "_srv_"
        ? [{ place: { at: node }, url: text, host: text, isEncrypted: true, isDiscovered: true, fix: "" }]
        : [];
    }
    return [
      {
        place: { at: node },
        url: url.url,
        host: url.host,
        isEncrypted: url.scheme !== "ldap" || startTls === "true",
        fix: `${node.path.at(-1)} = ${texts.map(asLdaps).join(", ")}\n# or, with StartTLS:\nldap_id_use_start_tls = true`,
        // From version 2.10 on SSSD uses StartTLS unless it is told not to.
        ...(startTls === undefined ? { severity: "medium" } : {}),
      },
    ];
  });
}

function seconds(node: ConfigNode | undefined): number | undefined {
  return node?.text !== undefined && /^\d+$/.test(node.text) ? Number(node.text) * 1_000 : undefined;
}
