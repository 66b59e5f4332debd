import { expect, test } from "vitest";
import { ldp006 } from "../../../src/rules/directory/ldp006-bind-as-administrator.ts";
import { detailsOf, findingsOf, linesOf } from "../../project.ts";

test("Authelia that binds as cn=admin is found, with what it needs in its place", () => {
  const files = {
    "configs/authelia/configuration.yml":
      "authentication_backend:\n  ldap:\n    address: ldap://ldap:389\n    user: cn=admin,dc=stack,dc=local\n    password: hunter2\n",
  };
  const findings = findingsOf(ldp006, files);
  expect(detailsOf(findings)).toEqual([
    {
      subject: "configs/authelia/configuration.yml",
      severity: "high",
      message: "Authelia binds as cn=admin,dc=stack,dc=local, who may do everything",
      place: "configs/authelia/configuration.yml:4:11",
      path: "authentication_backend.ldap.user",
      fix: "authentication_backend:\n  ldap:\n    user: 'uid=svc-authelia,ou=services,dc=stack,dc=local'\n# It needs to read users and groups and, only where people reset passwords here, to write userPassword.",
      edits: [],
    },
  ]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

test("every program is found, by the names that administrators come with", () => {
  const files = {
    "sssd.conf":
      "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://a\nldap_default_bind_dn = CN=Directory Manager\n[domain/b]\nid_provider = ldap\nldap_uri = ldaps://a\nldap_default_bind_dn = uid=sssd,ou=services,dc=example\n",
    "nslcd.conf": "uri ldaps://a\nbinddn cn=Manager,dc=example,dc=com\nrootpwmoddn cn=admin,dc=example,dc=com\n",
    "domains.cfg": "ad: corp\n\tserver1 dc1\n\tmode ldaps\n\tbind_dn CORP\\Administrator\n",
    "compose.yaml":
      "services:\n  wiki:\n    image: wiki:1\n    environment:\n      LDAP_BIND_DN: uid=admin,ou=people,dc=example,dc=com\n  shop:\n    image: shop:1\n    environment:\n      LDAP_BIND_DN: cn=shop,ou=services,dc=example,dc=com\n  ldap:\n    image: bitnami/openldap:2\n    environment:\n      LDAP_ADMIN_BIND_DN: cn=admin,dc=example,dc=com\n",
    "espalier.yaml":
      "proxy:\n  health:\n    bind: { dn: 'cn=admin,dc=example,dc=com', password: x }\nclusters:\n  - name: lab\n    host: ldap1\n    bind_dn: cn=admin,dc=example,dc=com\n    bind_password: x\n  - name: signed-in\n    host: ldap1\n    bind_dn: cn=admin,dc=example,dc=com\n",
  };
  expect(linesOf(findingsOf(ldp006, files))).toEqual([
    "high compose.yaml:5:21 services.wiki.environment.LDAP_BIND_DN: service wiki binds as uid=admin,ou=people,dc=example,dc=com, who may do everything",
    "high domains.cfg:4:10 ad.corp.bind_dn: realm corp of Proxmox binds as CORP\\Administrator, who may do everything",
    "high espalier.yaml:3:17 proxy.health.bind.dn: the proxy binds as cn=admin,dc=example,dc=com, who may do everything",
    "high espalier.yaml:7:14 clusters[0].bind_dn: cluster lab binds as cn=admin,dc=example,dc=com, who may do everything",
    "high nslcd.conf:2:8 binddn: nslcd binds as cn=Manager,dc=example,dc=com, who may do everything",
    'high sssd.conf:4:24 ["domain/a"].ldap_default_bind_dn: domain a of SSSD binds as CN=Directory Manager, who may do everything',
  ]);
});

test("a root DN of another name is known from slapd's own configuration, however it is spelt", () => {
  const files = {
    "slapd/slapd.conf": 'database mdb\nsuffix "dc=example,dc=com"\nrootdn "cn=chief,dc=example,dc=com"\n',
    "slapd/config.ldif": "dn: olcDatabase={1}mdb,cn=config\nolcRootDN: cn=boss,dc=example,dc=com\n",
    "a/nslcd.conf": "uri ldaps://a\nbinddn CN=Chief, DC=Example, DC=com\n",
    "b/nslcd.conf": "uri ldaps://a\nbinddn cn=boss,dc=example,dc=com\n",
    "c/nslcd.conf": "uri ldaps://a\nbinddn cn=reader,dc=example,dc=com\n",
  };
  expect(findingsOf(ldp006, files).map(({ subject }) => subject)).toEqual(["a/nslcd.conf", "b/nslcd.conf"]);
});
