/** What the document about deploying two gateways, Proxmox and SSSD has wrong, in files as it describes them. */
import { expect, test } from "vitest";
import { check } from "../../../src/engine/check.ts";
import { directoryRules } from "../../../src/rules/directory/index.ts";
import { linesOf, projectOf } from "../../project.ts";

const gateway = (name: string) => `
  ${name}:
    image: ghcr.io/mieweb/ldap-gateway:latest
    hostname: ${name}
    ports: ['636:636']
    environment:
      DIRECTORY_BACKEND: sql
      LDAP_COMMON_NAME: ${name}
      LDAP_BASE_DN: dc=example,dc=com
      AUTH_BACKENDS: sql,notification
      NOTIFICATION_URL: https://push.example.com/send-notification
      SQL_URI: postgres://manager:hunter2@db.example.com:5432/manager
      SQL_QUERY_ALL_USERS: 'SELECT "uid" AS username, "uidNumber" AS uid_number, "gidNumber" AS gid_number, "mail", "userPassword" AS password FROM "Users"'
      SQL_QUERY_ONE_USER: 'SELECT "uid" AS username, "uidNumber" AS uid_number, "userPassword" AS password FROM "Users" WHERE "uid" = ?'
      SQL_QUERY_ALL_GROUPS: 'SELECT g."cn" AS name, g."gidNumber" AS gid_number FROM "Groups" g'
      SQL_QUERY_GROUPS_BY_MEMBER: 'SELECT g."cn" AS name FROM "Groups" g INNER JOIN "Users" u USING ("gidNumber") WHERE u."uid" = ?'
      REQUIRE_AUTH_FOR_SEARCH: 'false'`;

test("a deployment by that document has these findings and no others", () => {
  const project = projectOf({
    "compose.yaml": `services:${gateway("ldap1")}${gateway("ldap2")}\n`,
    "image/sssd.conf":
      "[sssd]\ndomains = ldap\n\n[domain/ldap]\nid_provider = ldap\nauth_provider = ldap\nldap_uri = ldaps://ldap1:636, ldaps://ldap2:636\nldap_tls_reqcert = allow\nldap_opt_timeout = 60\n",
    "pve/domains.cfg":
      "ldap: ldap\n\tbase_dn dc=example,dc=com\n\tserver1 ldap1\n\tserver2 ldap2\n\tuser_attr uid\n\tmode ldaps\n\tdefault 1\n",
  });
  const { findings, unreadable } = check(project, directoryRules, { profile: "strict", now: 0 });
  expect(unreadable).toEqual([]);
  const service = (line: number, name: string) => ({
    search: `high compose.yaml:${line + 15}:32 services.${name}.environment.REQUIRE_AUTH_FOR_SEARCH: ${name} lets anybody search without a bind: REQUIRE_AUTH_FOR_SEARCH is false`,
    sql: `high compose.yaml:${line + 10}:16 services.${name}.environment.SQL_URI: ${name} reads password hashes from db.example.com without TLS`,
  });
  const [first, second] = [service(2, "ldap1"), service(18, "ldap2")];
  expect(linesOf(findings)).toEqual([
    first.search,
    second.search,
    'high image/sssd.conf:8:20 ["domain/ldap"].ldap_tls_reqcert: domain ldap of SSSD does not check the certificates of its servers: ldap_tls_reqcert is allow',
    "high pve/domains.cfg:1:1 ldap.ldap.verify: realm ldap of Proxmox does not check the certificates of its servers: verify is not set, and off unless it is",
    first.sql,
    second.sql,
  ]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});
