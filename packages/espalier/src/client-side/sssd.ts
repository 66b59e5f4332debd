/** sssd.conf(5) for a machine whose users are those of the directory. */
import { escapeDnValue, escapeFilterValue } from "@espalier/ldap";
import type { ServedDirectory } from "./served-directory.ts";

export interface SssdOptions {
  readonly urls: readonly string[];
  /** Where the file with the authority will lie on that machine. */
  readonly ca: string;
  readonly bindDn: string | undefined;
  /** Only members of one of them log in; with none, everybody. */
  readonly groups: readonly string[];
}

/** LDP009 asks for so much. */
const beyondApprovalSeconds = 30;

export function formatSssd(directory: ServedDirectory, { urls, ca, bindDn, groups }: SssdOptions): string {
  const { base, ownCertificate, approvalMs } = directory;
  const domain = domainOf(base);
  return `# /etc/sssd/sssd.conf, mode 0600, owner root: the users of ${base} log in on this machine.
# Printed by \`espalier gateway print-sssd\`.
#
# Debian, Ubuntu:  apt-get install sssd-ldap libnss-sss libpam-sss
#                  pam-auth-update --enable mkhomedir    # makes a home at the first login
# Fedora, RHEL:    dnf install sssd-ldap oddjob-mkhomedir
#                  authselect select sssd with-mkhomedir && systemctl enable --now oddjobd
# Both enter sss into PAM and into passwd and group of /etc/nsswitch.conf. Then:
#                  install -m 0600 sssd.conf /etc/sssd/sssd.conf && systemctl restart sssd
#                  getent passwd NAME && id NAME         # a user of the directory
[sssd]
services = nss, pam
domains = ${domain}

[domain/${domain}]
id_provider = ldap
auth_provider = ldap
# Passwords are changed where the database's users change them; sudo asks nobody here.
chpass_provider = none
sudo_provider = none

# The first is asked as long as it answers, then the next. On every other machine, name them the other way round.
ldap_uri = ${urls.join(", ")}
ldap_search_base = ${base}
# Groups have their members' names (memberUid): one search finds all groups of a user.
ldap_schema = rfc2307
# All users are never asked for at once.
enumerate = false

# Nothing is sent to a server with another certificate.
${urls.some((url) => url.startsWith("ldap:")) ? "ldap_id_use_start_tls = true\n" : ""}ldap_tls_reqcert = demand
# ${authorityHint(urls, ownCertificate)}
ldap_tls_cacert = ${ca}

${account(bindDn)}

${access(directory, groups)}
${
  approvalMs === undefined
    ? ""
    : `
# Somebody approves each login, within ${Math.ceil(approvalMs / 1_000)} seconds; SSSD would give up after 8.
ldap_opt_timeout = ${Math.ceil(approvalMs / 1_000) + beyondApprovalSeconds}
`
}
# To let people in whom this machine has seen before while no server answers${approvalMs === undefined ? "" : ", then without an approval"}:
# cache_credentials = true
# To leave numbers below 1000 to this machine's own accounts, if no user or primary group of the directory has one:
# min_id = 1000
`;
}

/** \`example.com\` of dc=example,dc=com. */
function domainOf(base: string): string {
  const labels = [...base.matchAll(/(?:^|,)dc=([a-z0-9-]+)/gi)].map(([, label]) => label);
  return labels.length > 0 ? labels.join(".") : "ldap";
}

export function authorityHint(urls: readonly string[], ownCertificate: string | undefined): string {
  if (ownCertificate === undefined) return "The authority that signed the servers' certificates:";
  const all = urls.length > 1 ? "each server's, one below the other" : "a copy of it";
  return `The certificate that a gateway made for itself, ${ownCertificate} there: ${all}.`;
}

function account(bindDn: string | undefined): string {
  if (bindDn === undefined) return "# The servers let everybody search: no account is needed.";
  return `# The account that looks people up. Its password goes behind the =, and the # away.
ldap_default_bind_dn = ${bindDn}
# ldap_default_authtok =`;
}

function access({ groupBase }: ServedDirectory, groups: readonly string[]): string {
  const filters = groups.map((name) => `(memberOf=${escapeFilterValue(`cn=${escapeDnValue(name)},${groupBase}`)})`);
  const [filter = "(objectClass=posixAccount)"] = filters;
  const whom =
    groups.length === 0
      ? "# Everybody in the directory may log in, and is looked up each time, also for a login by SSH key. For members of a\n# group only: --allow-group."
      : `# Members of ${groups.join(" or ")}, and nobody else. Nested groups count.`;
  return `${whom}
access_provider = ldap
ldap_access_order = filter
ldap_access_filter = ${filters.length > 1 ? `(|${filters.join("")})` : filter}`;
}
