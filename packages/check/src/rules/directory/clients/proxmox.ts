/** Proxmox' realms of LDAP and Active Directory (pveum(1), “Authentication Realms”). */
import type { Project } from "../../../engine/project.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import { isOn } from "../environments.ts";
import { placeOf } from "../place.ts";
import { secondHost, serviceAccount } from "./advice.ts";
import type { LdapClient } from "./client.ts";

export function proxmoxClients(project: Project): readonly LdapClient[] {
  return project
    .of("proxmoxDomains")
    .flatMap(({ file, root }) =>
      ["ldap", "ad"].flatMap((type) =>
        (root.get(type)?.entries() ?? []).map(([name, realm]) => clientOf(file.path, name, realm)),
      ),
    );
}

function clientOf(subject: string, name: string, realm: ConfigNode): LdapClient {
  const mode = realm.get("mode");
  const security = mode?.text ?? (isOn(realm.get("secure")?.text) ? "ldaps" : "ldap");
  const [first, second] = [realm.get("server1"), realm.get("server2")];
  const verify = realm.get("verify");
  const account = realm.get("bind_dn");
  const servers = [first, second].flatMap((node) => (node?.text === undefined ? [] : [node]));
  const encrypt = "\tmode ldaps\n\tverify 1\n\tcapath /etc/ssl/certs/ldap-ca.pem";
  return {
    subject,
    name: `realm ${name} of Proxmox`,
    isContainer: false,
    servers: servers.map((node) => {
      const place = { at: mode ?? node };
      const url = `${security === "ldaps" ? "ldaps" : "ldap"}://${node.text}`;
      return { place, url, host: node.text!.toLowerCase(), isEncrypted: security !== "ldap", fix: encrypt };
    }),
    ...(security !== "ldap" && !isOn(verify?.text)
      ? {
          unverified: {
            place: placeOf(verify, realm, "verify"),
            because: verify === undefined ? "verify is not set, and off unless it is" : `verify is ${verify.text}`,
            value: verify?.text ?? null,
            fix: "\tverify 1\n\tcapath /etc/ssl/certs/ldap-ca.pem",
          },
        }
      : {}),
    ...(account?.text === undefined
      ? {}
      : {
          account: {
            place: { at: account },
            dn: account.text,
            fix: `\tbind_dn ${serviceAccount("proxmox", account.text)}`,
          },
        }),
    ...(first === undefined
      ? {}
      : { redundancy: { place: { at: first }, fix: `\tserver2 ${secondHost(first.text)}` } }),
  };
}
