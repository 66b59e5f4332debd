import { expect, test } from "vitest";
import { ldp004 } from "../../../src/rules/directory/ldp004-clear-text.ts";
import { detailsOf, findingsOf, linesOf, observed } from "../../project.ts";

test("a domain of SSSD that looks users up without TLS is found, with both ways out of it", () => {
  const files = {
    "etc/sssd/sssd.conf":
      "[sssd]\ndomains = corp\n[domain/corp]\nid_provider = ldap\nldap_id_use_start_tls = false\nldap_uri = ldap://ldap1.example.com:389, ldaps://ldap2.example.com\n",
  };
  expect(detailsOf(findingsOf(ldp004, files))).toEqual([
    {
      subject: "etc/sssd/sssd.conf",
      severity: "high",
      message: "domain corp of SSSD speaks to ldap://ldap1.example.com:389 in clear text",
      place: "etc/sssd/sssd.conf:6:12",
      path: '["domain/corp"].ldap_uri',
      fix: "ldap_uri = ldaps://ldap1.example.com, ldaps://ldap2.example.com\n# or, with StartTLS:\nldap_id_use_start_tls = true",
      edits: [],
    },
  ]);
});

test("where SSSD is not told whether to use StartTLS it depends on its version, and is less", () => {
  const file = (more: string) => ({
    "sssd.conf": `[domain/corp]\nid_provider = ldap\nldap_uri = ldap://ldap1.example.com\n${more}`,
  });
  expect(findingsOf(ldp004, file("")).map(({ severity }) => severity)).toEqual(["medium"]);
  expect(findingsOf(ldp004, file("ldap_id_use_start_tls = True\n"))).toEqual([]);
});

test("domains of Active Directory, and servers that DNS names, are not asked", () => {
  const files = {
    "sssd.conf":
      "[domain/ad]\nid_provider = ad\nldap_uri = ldap://dc1.example.com\n[domain/srv]\nid_provider = ldap\nldap_uri = _srv_\n",
  };
  expect(findingsOf(ldp004, files)).toEqual([]);
});

test("realms of Proxmox are found by their mode, which is ldap unless set", () => {
  const files = {
    "etc/pve/domains.cfg":
      "ldap: corp\n\tserver1 ldap1\n\tserver2 ldap2\n\tmode ldap\n\nad: ad\n\tserver1 dc1\n\nldap: old\n\tserver1 ldap3\n\tsecure 1\n\nldap: tls\n\tserver1 ldap4\n\tmode ldap+starttls\n",
  };
  expect(linesOf(findingsOf(ldp004, files))).toEqual([
    "high etc/pve/domains.cfg:4:7 ldap.corp.mode: realm corp of Proxmox speaks to ldap://ldap1 in clear text",
    "high etc/pve/domains.cfg:4:7 ldap.corp.mode: realm corp of Proxmox speaks to ldap://ldap2 in clear text",
    "high etc/pve/domains.cfg:7:10 ad.ad.server1: realm ad of Proxmox speaks to ldap://dc1 in clear text",
  ]);
});

test("nslcd and the OpenLDAP library are found, and not with StartTLS, loopback or a socket", () => {
  const files = {
    "etc/nslcd.conf": "uri ldap://ldap1/ ldap://127.0.0.1/\nuri ldapi:///\n",
    "starttls/nslcd.conf": "uri ldap://ldap1/\nssl start_tls\n",
    "etc/ldap/ldap.conf": "URI ldap://ldap1 ldaps://ldap2\n",
    "loopback/ldap.conf": "URI ldap://localhost:3890 ldap://[::1]\n",
  };
  expect(linesOf(findingsOf(ldp004, files))).toEqual([
    "high etc/nslcd.conf:1:5 uri: nslcd speaks to ldap://ldap1 in clear text",
    "medium etc/ldap/ldap.conf:1:5 uri: the OpenLDAP library speaks to ldap://ldap1 in clear text",
  ]);
});

test("Authelia is found by the keys of its versions", () => {
  const backend = (lines: string) => `authentication_backend:\n  ldap:\n${lines}`;
  const files = {
    "new/configuration.yml": backend("    address: ldap://ldap.example.com\n"),
    "old/configuration.yml": backend("    url: ldap://ldap.example.com\n    start_tls: false\n"),
    "tls/configuration.yml": backend("    address: ldap://ldap.example.com\n    start_tls: true\n"),
    "socket/configuration.yml": backend("    address: ldapi:///run/slapd/ldapi\n"),
  };
  expect(findingsOf(ldp004, files).map(({ location, fix }) => [location?.file, location?.line, fix])).toEqual([
    ["new/configuration.yml", 3, "authentication_backend:\n  ldap:\n    address: 'ldaps://ldap.example.com'"],
    ["old/configuration.yml", 3, "authentication_backend:\n  ldap:\n    url: 'ldaps://ldap.example.com'"],
  ]);
});

const stack = (network: string) => ({
  "compose.yaml": `services:\n  ldap:\n    image: osixia/openldap:1.5.0\n    networks: [directory]\n  authelia:\n    image: authelia/authelia:4.39\n    networks: [directory]\n  grafana:\n    image: grafana/grafana:12\n    networks: [directory]\n    environment:\n      LDAP_URL: ldap://ldap:389\nnetworks:\n  directory: ${network}\n`,
  "authelia/configuration.yml": "authentication_backend:\n  ldap:\n    address: ldap://ldap:389\n",
});

test("between containers of one project it is less, and on a network of their own only the strict profile asks", () => {
  expect(linesOf(findingsOf(ldp004, stack("{}")))).toEqual([
    "medium authelia/configuration.yml:3:14 authentication_backend.ldap.address: Authelia speaks to ldap://ldap:389 in clear text",
    "medium compose.yaml:12:17 services.grafana.environment.LDAP_URL: service grafana speaks to ldap://ldap:389 in clear text",
  ]);
  expect(findingsOf(ldp004, stack("{internal: true}")).map(({ severity }) => severity)).toEqual(["low", "low"]);
  expect(findingsOf(ldp004, stack("{internal: true}"), { profile: "production" })).toEqual([]);
  expect(findingsOf(ldp004, stack("{driver: overlay}")).map(({ severity }) => severity)).toEqual(["high", "high"]);
});

test("the name of a service means it in containers only: a host that has the same name for a server is far away", () => {
  const files = {
    "compose.yaml": "services:\n  ldap1:\n    image: espalier\n",
    "sssd.conf": "[domain/corp]\nid_provider = ldap\nldap_id_use_start_tls = false\nldap_uri = ldap://ldap1\n",
  };
  expect(findingsOf(ldp004, files).map(({ severity }) => severity)).toEqual(["high"]);
});

test("environment variables are found whatever their names, with StartTLS not, and a file of variables once", () => {
  const files = {
    "compose.yaml":
      "services:\n  wiki:\n    image: wiki:1\n    environment:\n      DIRECTORY: $LDAP_SERVER\n  mail:\n    image: mail:1\n    environment:\n      - LDAP_URI=ldap://mail-user:hunter2@ldap.example.com/\n  safe:\n    image: safe:1\n    environment:\n      LDAP_URI: ldap://ldap.example.com\n      LDAP_STARTTLS: 'true'\n",
    ".env": "LDAP_SERVER=ldap://ldap.example.com:389\n",
    "other.env": "LDAP_URL=ldap://ldap.example.com\n",
  };
  const findings = findingsOf(ldp004, files);
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:5:18 services.wiki.environment.DIRECTORY: service wiki speaks to ldap://ldap.example.com:389 in clear text",
    "high compose.yaml:9:9 services.mail.environment.LDAP_URI: service mail speaks to ldap://ldap.example.com in clear text",
    "high other.env:1:1 LDAP_URL: what reads other.env speaks to ldap://ldap.example.com in clear text",
  ]);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

test("clusters are found as they would be spoken to", () => {
  const files = {
    "espalier.yaml":
      "clusters:\n  - name: clear\n    host: ldap1\n    tls: none\n    allow_cleartext: true\n  - name: maybe\n    host: ldap2\n    allow_cleartext: true\n  - name: unset\n    host: ldap3\n  - name: here\n    host: 127.0.0.1\n  - name: ldaps\n    nodes:\n      - { host: ldap4, port: 636 }\n",
  };
  expect(linesOf(findingsOf(ldp004, files))).toEqual([
    "high espalier.yaml:4:10 clusters[0].tls: cluster clear speaks to ldap://ldap1 in clear text",
    "medium espalier.yaml:8:22 clusters[1].allow_cleartext: cluster maybe speaks to ldap://ldap2 in clear text",
  ]);
});

test("a config.yml that the manager before this one reads is clear text whatever its port", () => {
  const files = {
    "compose.yaml":
      "services:\n  manager:\n    image: ghcr.io/example/ldap-manager:1\n    volumes: ['./config.yml:/app/config.yml:ro']\n",
    "config.yml":
      "clusters:\n  - name: corp\n    nodes:\n      - { host: ldap1, port: 636 }\n    bind_dn: cn=Manager,dc=example,dc=com\n",
  };
  expect(linesOf(findingsOf(ldp004, files))).toEqual([
    "high config.yml:4:7 clusters[0].nodes: cluster corp speaks to ldap://ldap1:636 in clear text",
  ]);
});

test("the proxy is found as a client of its backends, and as a listener", () => {
  const files = {
    "espalier.yaml":
      // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
      "proxy:\n  listen: ['ldap://127.0.0.1:389', 'ldap://0.0.0.0:389']\n  allowPlaintext: true\n  tiers:\n    - backends: ['ldap://${FIRST:-ldap1}', ldap2, { url: 'srv+ldap://example.com' }]\n",
  };
  expect(linesOf(findingsOf(ldp004, files))).toEqual([
    "high espalier.yaml:2:36 proxy.listen[1]: the proxy takes passwords in clear text at ldap://0.0.0.0:389",
    "high espalier.yaml:5:18 proxy.tiers[0].backends[0]: the proxy speaks to ldap://ldap1 in clear text",
    "high espalier.yaml:5:58 proxy.tiers[0].backends[2].url: the proxy speaks to srv+ldap://example.com in clear text",
  ]);
});

test("a gateway without TLS is found, less where only other containers reach it, and on loopback not", () => {
  const gateway = (more: string) => ({
    "compose.yaml": `services:\n  ldap:\n    image: ghcr.io/mieweb/ldap-gateway\n    environment:\n      DIRECTORY_BACKEND: sql\n      LDAP_UNENCRYPTED: 'true'\n${more}`,
  });
  expect(detailsOf(findingsOf(ldp004, gateway("    ports: ['389:389']\n")))).toEqual([
    {
      subject: "ldap",
      severity: "high",
      message: "ldap takes passwords in clear text from clients that do not ask for StartTLS: LDAP_UNENCRYPTED is true",
      place: "compose.yaml:6:25",
      path: "services.ldap.environment.LDAP_UNENCRYPTED",
      fix: "LDAP_UNENCRYPTED=false",
      edits: [],
    },
  ]);
  expect(findingsOf(ldp004, gateway("")).map(({ severity }) => severity)).toEqual(["medium"]);
  expect(findingsOf(ldp004, gateway("      BIND_IP: 127.0.0.1\n"))).toEqual([]);
  const demo = { "espalier.yaml": "gateway:\n  listen: ['ldap://127.0.0.1:3890']\n" };
  expect(findingsOf(ldp004, demo)).toEqual([]);
});

test("a server that was observed is found by how it is spoken to", () => {
  const node = { group: "corp", addresses: [], isVerified: false };
  const project = observed({
    node: [
      { ...node, name: "ldap1", url: "ldap://ldap1:389", isEncrypted: false },
      { ...node, name: "ldap2", url: "ldaps://ldap2:636", isEncrypted: true },
      { ...node, name: "here", url: "ldap://127.0.0.1:389", isEncrypted: false },
    ],
  });
  expect(detailsOf(findingsOf(ldp004, project))).toEqual([
    {
      subject: "ldap1",
      severity: "high",
      message: "ldap1 is spoken to in clear text at ldap://ldap1:389",
      place: undefined,
      path: "corp",
      fix: "Configure ldap1 with ldaps, or with StartTLS",
      edits: [],
    },
  ]);
});
