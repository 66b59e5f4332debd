import { expect, test } from "vitest";
import { ldp008 } from "../../../src/rules/directory/ldp008-unchecked-certificate.ts";
import { detailsOf, findingsOf, linesOf, observed } from "../../project.ts";

test("a realm of Proxmox that does not say that it checks is found, as the document before set it up", () => {
  const files = {
    "domains.cfg":
      "ldap: ldap\n\tserver1 ldap1\n\tserver2 ldap2\n\tmode ldaps\n\nldap: off\n\tserver1 ldap1\n\tmode ldap+starttls\n\tverify 0\n\nldap: on\n\tserver1 ldap1\n\tmode ldaps\n\tverify 1\n\nldap: clear\n\tserver1 ldap1\n",
  };
  expect(detailsOf(findingsOf(ldp008, files))).toEqual([
    {
      subject: "domains.cfg",
      severity: "high",
      message:
        "realm ldap of Proxmox does not check the certificates of its servers: verify is not set, and off unless it is",
      place: "domains.cfg:1:1",
      path: "ldap.ldap.verify",
      fix: "\tverify 1\n\tcapath /etc/ssl/certs/ldap-ca.pem",
      edits: [],
    },
    {
      subject: "domains.cfg",
      severity: "high",
      message: "realm off of Proxmox does not check the certificates of its servers: verify is 0",
      place: "domains.cfg:9:9",
      path: "ldap.off.verify",
      fix: "\tverify 1\n\tcapath /etc/ssl/certs/ldap-ca.pem",
      edits: [],
    },
  ]);
});

test("every program is found by its own key", () => {
  const files = {
    "sssd.conf": "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://ldap1\nldap_tls_reqcert = allow\n",
    "nslcd.conf": "uri ldaps://ldap1\ntls_reqcert never\n",
    "ldap.conf": "URI ldaps://ldap1\nTLS_REQCERT never\n",
    "pam/ldap.conf": "uri ldaps://ldap1\ntls_checkpeer no\n",
    "new/configuration.yml":
      "authentication_backend:\n  ldap:\n    address: ldaps://ldap1\n    tls:\n      skip_verify: true\n",
    "old/configuration.yml": "authentication_backend:\n  ldap:\n    url: ldaps://ldap1\n    skip_verify: true\n",
    "espalier.yaml":
      "proxy:\n  tiers:\n    - backends: [ldaps://ldap1]\n  upstream:\n    verify: false\nclusters:\n  - name: lab\n    host: ldap1\n    allow_cleartext: true\n",
  };
  expect(linesOf(findingsOf(ldp008, files))).toEqual(
    [
      "espalier.yaml:5:13 proxy.upstream.verify: the proxy does not check the certificates of its servers: upstream.verify is false",
      "espalier.yaml:9:22 clusters[0].allow_cleartext: cluster lab does not check the certificates of its servers: allow_cleartext without tls takes any",
      "ldap.conf:2:13 tls_reqcert: the OpenLDAP library does not check the certificates of its servers: TLS_REQCERT is never",
      "new/configuration.yml:5:20 authentication_backend.ldap.tls.skip_verify: Authelia does not check the certificates of its servers: skip_verify is true",
      "nslcd.conf:2:13 tls_reqcert: nslcd does not check the certificates of its servers: tls_reqcert is never",
      "old/configuration.yml:4:18 authentication_backend.ldap.skip_verify: Authelia does not check the certificates of its servers: skip_verify is true",
      "pam/ldap.conf:2:15 tls_checkpeer: the OpenLDAP library does not check the certificates of its servers: tls_checkpeer is no",
      'sssd.conf:4:20 ["domain/a"].ldap_tls_reqcert: domain a of SSSD does not check the certificates of its servers: ldap_tls_reqcert is allow',
    ].map((line) => `high ${line}`),
  );
});

test("what checks, and what speaks to this machine alone, is right", () => {
  const files = {
    "a/sssd.conf": "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://ldap1\nldap_tls_reqcert = demand\n",
    "b/sssd.conf": "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://127.0.0.1:6360\nldap_tls_reqcert = never\n",
    "nslcd.conf": "uri ldaps://ldap1\ntls_reqcert try\n",
    "ldap.conf": "TLS_CACERT /etc/ssl/certs/ca-certificates.crt\n",
  };
  expect(findingsOf(ldp008, files)).toEqual([]);
});

test("variables that switch checks off are found, those of a server about its clients not", () => {
  const files = {
    "compose.yaml":
      "services:\n  gateway:\n    image: gateway:1\n    environment:\n      SQL_URI: postgres://u:hunter2@db/x\n      NODE_TLS_REJECT_UNAUTHORIZED: '0'\n  shell:\n    image: shell:1\n    environment:\n      LDAPTLS_REQCERT: never\n  wiki:\n    image: wiki:1\n    environment:\n      LDAP_TLS_SKIP_VERIFY: 'true'\n  forum:\n    image: forum:1\n    environment:\n      LDAP_VERIFY_CERT: 'no'\n  ldap:\n    image: osixia/openldap\n    environment:\n      LDAP_TLS_VERIFY_CLIENT: never\n      LDAP_TLS_SKIP_VERIFY: 'false'\n  web:\n    image: web:1\n    environment:\n      NODE_TLS_REJECT_UNAUTHORIZED: '0'\n",
  };
  const findings = findingsOf(ldp008, files);
  expect(findings.map(({ message }) => message)).toEqual(
    [
      "gateway does not check the certificates of its servers: NODE_TLS_REJECT_UNAUTHORIZED is 0",
      "shell does not check the certificates of its servers: LDAPTLS_REQCERT is never",
      "wiki does not check the certificates of its servers: LDAP_TLS_SKIP_VERIFY is true",
      "forum does not check the certificates of its servers: LDAP_VERIFY_CERT is no",
    ].map((message) => `service ${message}`),
  );
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

test("stunnel as the article has it is found, and one that trusts every name of an authority is less", () => {
  const files = {
    "stunnel.conf": "foreground = yes\n[ldap]\naccept = 127.0.0.1:389\nclient = yes\nconnect = localhost:636\n",
    "chain/stunnel.conf":
      "client = yes\nverifyChain = yes\nCAfile = ca.pem\n[ldap]\naccept = 389\nconnect = ldap1.example.com:636\n",
    "host/stunnel.conf":
      "[ldap]\nclient = yes\naccept = 389\nconnect = ldap1:636\nverifyChain = yes\ncheckHost = ldap1\n",
    "peer/stunnel.conf": "[ldap]\nclient = yes\naccept = 389\nconnect = ldap1:636\nverify = 3\n",
    "server/stunnel.conf": "[ldap]\naccept = 636\nconnect = 389\ncert = x.pem\n",
    "mail/stunnel.conf": "[smtp]\nclient = yes\naccept = 25\nconnect = mail:465\n",
  };
  expect(detailsOf(findingsOf(ldp008, files))).toEqual([
    {
      subject: "stunnel.conf",
      severity: "high",
      message:
        "service ldap of stunnel does not check the certificates of its servers: neither verifyChain nor verifyPeer is set",
      place: "stunnel.conf:5:11",
      path: '["ldap"].verifyChain',
      fix: "verifyChain = yes\nCAfile = /etc/ssl/certs/ca-certificates.crt\ncheckHost = ldap.example.com",
      edits: [],
    },
    {
      subject: "chain/stunnel.conf",
      severity: "medium",
      message:
        "service ldap of stunnel does not check the certificates of its servers: verifyChain without checkHost takes every name that the authority has certified",
      place: "chain/stunnel.conf:6:11",
      path: '["ldap"].verifyChain',
      fix: "checkHost = ldap1.example.com",
      edits: [],
    },
  ]);
});

test("a server that was observed is found by whether its certificate is checked", () => {
  const node = { group: "corp", addresses: [], isEncrypted: true };
  const project = observed({
    node: [
      { ...node, name: "ldap1", url: "ldaps://ldap1:636", isVerified: false },
      { ...node, name: "ldap2", url: "ldaps://ldap2:636", isVerified: true },
      { ...node, name: "ldap3", url: "ldap://ldap3:389", isEncrypted: false, isVerified: false },
    ],
  });
  expect(linesOf(findingsOf(ldp008, project))).toEqual([
    "high corp: the certificate of ldap1 is not checked when it is connected to",
  ]);
});
