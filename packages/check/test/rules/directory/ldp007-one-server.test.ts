import { expect, test } from "vitest";
import { ldp007 } from "../../../src/rules/directory/ldp007-one-server.ts";
import { detailsOf, findingsOf, linesOf, observed } from "../../project.ts";

test("a domain of SSSD with one server is found, with the line that names a second", () => {
  const files = { "sssd.conf": "[domain/corp]\nid_provider = ldap\nldap_uri = ldaps://ldap1.example.com\n" };
  expect(detailsOf(findingsOf(ldp007, files))).toEqual([
    {
      subject: "sssd.conf",
      severity: "medium",
      message: "domain corp of SSSD knows one server only, ldap1.example.com",
      place: "sssd.conf:3:12",
      path: '["domain/corp"].ldap_uri',
      fix: "ldap_uri = ldaps://ldap1.example.com, ldaps://ldap2.example.com",
      edits: [],
    },
  ]);
});

test("two names, a backup server, or DNS are enough", () => {
  const files = {
    "a/sssd.conf": "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://ldap1:636, ldaps://ldap2:636\n",
    "b/sssd.conf": "[domain/b]\nid_provider = ldap\nldap_uri = ldaps://ldap1\nldap_backup_uri = ldaps://ldap2\n",
    "c/sssd.conf": "[domain/c]\nid_provider = ldap\nldap_uri = _srv_, ldaps://ldap1\n",
    "d/sssd.conf": "[domain/d]\nid_provider = ldap\n",
    "nslcd.conf": "uri DNS\n",
    "domains.cfg": "ldap: corp\n\tserver1 ldap1\n\tserver2 ldap2\n",
    "espalier.yaml":
      "proxy:\n  tiers:\n    - backends: ['srv+ldaps://example.com']\nclusters:\n  - name: lab\n    nodes: [{ host: ldap1 }, { host: ldap2 }]\n  - name: here\n    host: localhost\n",
  };
  expect(findingsOf(ldp007, files)).toEqual([]);
});

test("two addresses of one host are one server", () => {
  const files = {
    "sssd.conf": "[domain/a]\nid_provider = ldap\nldap_uri = ldaps://ldap1, ldap://LDAP1.:389\n",
    "domains.cfg": "ldap: corp\n\tserver1 ldap1\n\tserver2 ldap1\n",
  };
  expect(linesOf(findingsOf(ldp007, files))).toEqual([
    "medium domains.cfg:2:10 ldap.corp.server1: realm corp of Proxmox has 2 addresses, all of them of ldap1",
    'medium sssd.conf:3:12 ["domain/a"].ldap_uri: domain a of SSSD has 2 addresses, all of them of ldap1',
  ]);
});

test("every program that could know more is found", () => {
  const files = {
    "domains.cfg": "ldap: corp\n\tserver1 ldap1\n",
    "nslcd.conf": "uri ldaps://10.0.0.1/\n",
    "configuration.yml": "authentication_backend:\n  ldap:\n    address: ldaps://ldap1.example.com\n",
    "espalier.yaml": "proxy:\n  tiers:\n    - backends: [ldaps://ldap1]\nclusters:\n  - name: lab\n    host: ldap1\n",
  };
  const findings = findingsOf(ldp007, files);
  expect(linesOf(findings)).toEqual([
    "medium configuration.yml:3:14 authentication_backend.ldap.address: Authelia knows one server only, ldap1.example.com",
    "medium domains.cfg:2:10 ldap.corp.server1: realm corp of Proxmox knows one server only, ldap1",
    "medium espalier.yaml:3:18 proxy.tiers[0].backends[0]: the proxy knows one server only, ldap1",
    "medium espalier.yaml:6:11 clusters[0].host: cluster lab knows one server only, ldap1",
    "medium nslcd.conf:1:5 uri: nslcd knows one server only, 10.0.0.1",
  ]);
  expect(findings.map(({ fix }) => fix)).toEqual([
    "It takes one address: let that be a proxy that knows both servers.\nespalier proxy --listen ldaps://0.0.0.0:636 --cert proxy.crt --key proxy.key ldaps://ldap1.example.com ldaps://ldap2.example.com",
    "\tserver2 ldap2",
    "- ldaps://ldap2",
    "nodes:\n  - host: ldap1\n  - host: ldap2",
    "uri ldaps://ldap2.example.com/",
  ]);
});

test("one address of a proxy is enough, and a server beside it on the same machine is asked about by the strict profile alone", () => {
  const stack = (image: string, command: string) => ({
    "compose.yaml": `services:\n  ldap:\n    image: ${image}\n    command: ${command}\n  authelia:\n    image: authelia/authelia:4.39\n`,
    "authelia/configuration.yml": "authentication_backend:\n  ldap:\n    address: ldaps://ldap\n",
  });
  expect(findingsOf(ldp007, stack("espalier:1", "[proxy]"))).toEqual([]);
  expect(findingsOf(ldp007, stack("haproxy:3", "[]"))).toEqual([]);
  expect(findingsOf(ldp007, stack("osixia/openldap:1.5.0", "[]")).length).toBe(1);
  expect(findingsOf(ldp007, stack("osixia/openldap:1.5.0", "[]"), { profile: "production" })).toEqual([]);
});

test("servers that were observed to have one address are one server", () => {
  const node = { group: "corp", isEncrypted: true, isVerified: true };
  const project = observed({
    node: [
      { ...node, name: "ldap1", url: "ldaps://ldap1:636", addresses: ["10.0.0.1", "10.0.0.9"] },
      { ...node, name: "ldap2", url: "ldaps://ldap2:636", addresses: ["10.0.0.9"] },
      { ...node, name: "ldap3", url: "ldaps://ldap3:636", addresses: ["10.0.0.3"] },
      { ...node, group: "demo", name: "a", url: "ldaps://127.0.0.1:1", addresses: ["127.0.0.1"] },
      { ...node, group: "demo", name: "b", url: "ldaps://127.0.0.1:2", addresses: ["127.0.0.1"] },
      { ...node, group: "other", name: "ldap3", url: "ldaps://ldap3:636", addresses: ["10.0.0.3"] },
    ],
  });
  expect(linesOf(findingsOf(ldp007, project))).toEqual([
    "medium corp: ldap2 and ldap1 are one server: both names have the address 10.0.0.9",
  ]);
});
