import { defineRule } from "../../engine/rule.ts";
import { clientKinds, ldapClients } from "./clients/index.ts";
import { hostOf } from "./gateways.ts";
import { isLoopback } from "./reach.ts";

export const ldp008 = defineRule({
  id: "LDP008",
  title: "certificates of directory servers are not checked",
  severity: "high",
  profile: "production",
  reads: [...clientKinds, "node"],
  fix: "none",
  explanation: `TLS without a check of the certificate keeps out who listens and lets in who answers: anybody who can make a name or an address lead to them gets every password that is tried, and can answer that it was right. Name the file of the authority that signed the servers' certificates; it need not be a public one.

A server's self-made certificate can be that file itself. Check before you switch the check on: \`openssl s_client -connect ldap1:636 -CAfile ldap-ca.pem -verify_return_error -verify_hostname ldap1\`.`,
  references: [
    "RFC 4513, section 3.1.3",
    "ldap.conf(5), TLS_REQCERT",
    "sssd-ldap(5), ldap_tls_reqcert",
    "pveum(1), verify",
    "stunnel(8), verifyChain",
  ],
  *find(project) {
    for (const { subject, name, servers, unverified } of ldapClients(project)) {
      if (unverified === undefined || (servers.length > 0 && servers.every(({ host }) => isLoopback(host)))) continue;
      const { because, fix, place, value, severity } = unverified;
      yield {
        subject,
        message: `${name} does not check the certificates of its servers: ${because}`,
        ...place,
        ...(value === undefined ? {} : { value }),
        ...(severity === undefined ? {} : { severity }),
        fix,
      };
    }
    for (const node of project.of("node")) {
      if (!node.isEncrypted || node.isVerified || isLoopback(hostOf(node.url))) continue;
      yield {
        subject: node.name,
        message: `the certificate of ${node.name} is not checked when it is connected to`,
        path: node.group,
        fix: `Name the authority of its certificate: caPath of the proxy's upstream, tls.ca_file of a cluster`,
      };
    }
  },
});
