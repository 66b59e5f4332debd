/** The realm of Proxmox VE: the commands that add it, and what they leave in domains.cfg. */
import { AnswerError } from "../input/answer-error.ts";
import type { ServedDirectory } from "./served-directory.ts";
import { authorityHint } from "./sssd.ts";

export interface ProxmoxOptions {
  readonly realm: string;
  readonly urls: readonly string[];
  /** Where the file with the authority will lie on the nodes. */
  readonly ca: string;
  readonly bindDn: string | undefined;
}

/** @throws {AnswerError} for what a realm cannot hold */
export function formatProxmox(directory: ServedDirectory, options: ProxmoxOptions): string {
  const { realm, urls, ca, bindDn } = options;
  const properties = propertiesOf(directory, options);
  const flags = properties.map(([name, value]) => `--${name} ${quoted(value)}`);
  return `# The users of ${directory.base} in Proxmox VE, as NAME@${realm}: once, as root, on one node of the cluster.
# Printed by \`espalier gateway print-proxmox\`.
#
# ${authorityHint(urls, directory.ownCertificate)}
#   ${ca}
# Everything below /etc/pve is on all nodes.
pveum realm add ${realm} --type ldap \\
${flags.map((flag) => `  ${flag}`).join(" \\\n")}
${bindDn === undefined ? "" : password(realm)}
# Users and groups come in; a group is called NAME-${realm}, as in:
#   pveum acl modify /vms --groups staff-${realm} --roles PVEVMUser
pveum realm sync ${realm} --dry-run 1
pveum realm sync ${realm}
# Whoever has left the directory can no longer log in, and stays listed. To remove them with their permissions:
#   pveum realm sync ${realm} --remove-vanished 'entry;acl'

# /etc/pve/domains.cfg then has:
#
# ldap: ${realm}
${properties.map(([name, value]) => `# \t${name} ${value}`).join("\n")}
`;
}

function password(realm: string): string {
  return `
# The password of that account: asked for here, and in no list of processes.
mkdir -p /etc/pve/priv/realm
read -rsp 'Password: ' password && printf %s "$password" > /etc/pve/priv/realm/${realm}.pw; unset password
`;
}

function propertiesOf(
  { base }: ServedDirectory,
  { urls, ca, bindDn }: ProxmoxOptions,
): readonly (readonly [name: string, value: string])[] {
  const servers = urls.map((url) => /^(ldaps?):\/\/(.*?)(?::(\d+))?$/.exec(url)!);
  const [[, scheme, first = "", port] = [], second] = servers;
  const usual = scheme === "ldaps" ? "636" : "389";
  if (urls.length > 2) throw new AnswerError("a realm has two servers at most: name a proxy in front of them");
  if (second !== undefined && (second[3] ?? usual) !== (port ?? usual)) {
    throw new AnswerError("a realm's servers have the same port");
  }
  for (const dn of [base, bindDn ?? base]) {
    if (!takenDn.test(dn)) throw new AnswerError(`Proxmox takes no DN with blanks or escaped characters: ${dn}`);
  }
  return [
    ["base_dn", base],
    ["user_attr", "uid"],
    ["server1", first],
    ...(second === undefined ? [] : [["server2", second[2]!] as const]),
    ...(port === undefined || port === usual ? [] : [["port", port] as const]),
    ["mode", scheme === "ldaps" ? "ldaps" : "ldap+starttls"],
    ["verify", "1"],
    ["capath", ca],
    ...(bindDn === undefined ? [] : [["bind_dn", bindDn] as const]),
    ["sync_attributes", "email=mail,firstname=givenName,lastname=sn"],
    ["sync-defaults-options", "scope=both"],
    ["default", "1"],
  ];
}

/** What pveum lets through for `base_dn` and `bind_dn`, without its quotes. */
const takenDn = /^\w+=[^ ,+"/<>;=\\]+(?:,\w+=[^ ,+"/<>;=\\]+)*$/;

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
