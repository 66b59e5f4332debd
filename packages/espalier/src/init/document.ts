/** The text of an espalier.yaml, with what its next reader wants to know. */
import { parseHostPort } from "@espalier/service";
import { type Answers, type Certificate, loopbackGateway, type MailAnswers } from "./answers.ts";
import type { Queries } from "./propose-queries.ts";
import { block, flowScalar, scalar } from "./yaml-text.ts";

export function formatDocument(answers: Answers): string {
  const sections = [header, gateway(answers), proxy(answers), manager(answers), notify(answers.notify)];
  return sections.filter((section) => section !== undefined).join("\n");
}

const header = `# Espalier. What else can be set: docs/reference/configuration.md.
# No secret is in this file: \${NAME} stands for a variable, or for the file that NAME_FILE names.
# Editors complete and check it after \`espalier config schema > espalier.schema.json\` and with one # less here:
## yaml-language-server: $schema=espalier.schema.json
`;

function gateway({ base, name, certificate, gateway, proxy }: Answers): string | undefined {
  if (gateway === undefined || base === undefined) return undefined;
  const { url, proposal, reason, listen } = gateway;
  const beside = `# In clear text, and for this machine only: ${proxy === undefined ? "for the manager" : "for the proxy"}, below.`;
  return `# The users and groups of an SQL database, over LDAP: docs/gateway.md.
gateway:
  # Everything is below this name.
  base: ${scalar(base)}
  # What clients call this machine; it is in the certificate.
  commonName: ${scalar(name)}
  listen:
${listen.map((each) => `${each === loopbackGateway ? `    ${beside}\n` : ""}    - ${scalar(each)}\n`).join("")}${tls(certificate, proxy === undefined)}\
${
  proxy === undefined
    ? ""
    : `  # Everybody comes from the proxy: nobody is shut out for the wrong passwords of others.
  backoff:
    exemptAddresses: ["127.0.0.1"]
`
}\
  # Clients bind before they search: each SSSD, Proxmox … has an account of its own, a row of the users' table.
  requireAuthForSearch: true
  sql:
    ${url === undefined ? `# The database's address has a password in it: SQL_URI, or the file that SQL_URI_FILE names.\n    url: "\${SQL_URI}"` : `url: ${scalar(url)}`}
    # Only \`active\` is a status that may log in; docs/gateway.md has all columns.
${proposal === undefined ? exampleQueries(reason ?? "") : `    # Made from the tables ${proposal.tables.join(", ")}.\n${queries(proposal.queries)}`}`;
}

function tls(certificate: Certificate | undefined, isWanted: boolean): string {
  if (!isWanted) return "";
  if (certificate === undefined) {
    return `  # The certificate is made at the first start, in cert/self-signed: clients are given its .crt to trust. With one of yours:
  # tls: { certPath: /etc/espalier/ldap.crt, keyPath: /etc/espalier/ldap.key }
`;
  }
  return `  tls:\n    certPath: ${scalar(certificate.certPath)}\n    keyPath: ${scalar(certificate.keyPath)}\n`;
}

function queries(texts: Queries): string {
  const blocks = Object.entries(texts).map(([key, text]) => block(key, text, 6));
  return `    queries:\n${blocks.join("\n")}\n`;
}

/** Commented out: they would read somebody else's tables, or none. */
function exampleQueries(reason: string): string {
  const comment = queries(example).replaceAll(/^ {4}(?=.)/gm, "    # ");
  return `    # The queries are yours to write (${reason}). For tables such as Users(uid, uidNumber …),
    # Groups(cn, gidNumber) and UserGroups they are:
${comment}`;
}

const users = `SELECT "uid" AS username, "uidNumber" AS uid_number, "gidNumber" AS gid_number, "cn" AS full_name, "mail",
       "homeDirectory" AS home_directory, "userPassword" AS password, "status"
FROM "Users"`;

const example: Queries = {
  allUsers: users,
  oneUser: `${users} WHERE "uid" = ?`,
  allGroups: `SELECT "cn" AS name, "gidNumber" AS gid_number FROM "Groups"`,
  groupsByMember: `SELECT g."cn" AS name, g."gidNumber" AS gid_number FROM "Groups" g
JOIN "UserGroups" m ON m."gidNumber" = g."gidNumber" JOIN "Users" u ON u."uidNumber" = m."uidNumber"
WHERE u."uid" = ?`,
  memberships: `SELECT u."uid" AS username, g."cn" AS name FROM "UserGroups" m
JOIN "Users" u ON u."uidNumber" = m."uidNumber" JOIN "Groups" g ON g."gidNumber" = m."gidNumber"`,
};

function proxy({ proxy, certificate, ca }: Answers): string | undefined {
  if (proxy === undefined) return undefined;
  const { listen, backends } = proxy;
  return `# In front of LDAP servers: docs/proxy.md.
proxy:
  listen:
    - ${scalar(listen)}
${tls(listen.startsWith("ldaps:") ? certificate : undefined, listen.startsWith("ldaps:"))}\
${ca === undefined ? "" : `  upstream:\n    caPath: ${scalar(ca)}\n`}\
  # The first tier with a server that is up answers.
  tiers:
    - backends:
${backends.map((each) => `        - ${scalar(each)}\n`).join("")}\
  # The socket of \`espalier proxy status\` and its other commands.
  control: proxy.sock
`;
}

function manager({ manager, base, ca }: Answers): string | undefined {
  if (manager === undefined) return undefined;
  const { servers, admin } = manager;
  const cluster =
    servers === undefined || admin === undefined
      ? `  # What the gateway serves, to look at.
  - name: users
    host: 127.0.0.1
    port: 3890
    base_dn: ${scalar(base ?? "")}
    readonly: true
    roles:
      - { role: viewer, users: ["*"] }
`
      : `  - name: main
    nodes:
${servers.map(node).join("")}\
${base === undefined ? "" : `    base_dn: ${scalar(base)}\n`}\
${tlsOfCluster(servers, ca)}\
    # Who signs in acts as themselves, within what the directory allows them; roles narrow that further.
    roles:
      - { role: admin, users: [${flowScalar(admin)}] }
      - { role: viewer, users: ["*"] }
`;
  return `# A page and an API to look at LDAP servers, and to change them: docs/manager.md.
manager:
  # For others than this machine, put a web server with TLS in front, and name its address here.
  listen: 127.0.0.1:8000
  # publicUrl: https://directory.example.com

# The directories. The servers of one hold the same.
clusters:
${cluster}`;
}

function node(url: string): string {
  const isEncrypted = url.startsWith("ldaps:");
  const { host, port } = parseHostPort(url.replace(/^ldaps?:\/\//, ""), isEncrypted ? 636 : 389)!;
  return `      - { host: ${flowScalar(host)}, port: ${port} }\n`;
}

/** Without it a server on loopback may be spoken to in clear text. */
function tlsOfCluster(servers: readonly string[], ca: string | undefined): string {
  if (!servers.some((url) => url.startsWith("ldaps:"))) return "";
  return `    tls: { mode: ldaps${ca === undefined ? "" : `, ca_file: ${flowScalar(ca)}`} }\n`;
}

function notify(mail: MailAnswers | undefined): string | undefined {
  if (mail === undefined) return undefined;
  const { host, port } = parseHostPort(mail.server, 587)!;
  return `# Webhooks in, messages out: docs/notify.md.
notify:
  listen: 127.0.0.1:5000
  channels:
    mail:
      kind: mail
      host: ${scalar(host)}
      port: ${port}
      tls: ${port === 465 ? "implicit" : "starttls"}
${mail.user === undefined ? "" : `      user: ${scalar(mail.user)}\n      password: "\${SMTP_PASSWORD}"\n`}\
      from: ${scalar(mail.from)}
      to:
${mail.to.map((each) => `        - ${scalar(each)}\n`).join("")}\
  routes:
    # medium and graver; who was told of a problem is told when it is over.
    - name: problems
      match: { severity: medium+ }
      channels: [mail]
`;
}
