import { expect, test } from "vitest";
import { ldp005 } from "../../../src/rules/directory/ldp005-anonymous-search.ts";
import { detailsOf, findingsOf, linesOf, observed } from "../../project.ts";

const accounts =
  "# first an account for each client, such as in sssd.conf\nldap_default_bind_dn = uid=svc-sssd,ou=services,dc=example,dc=com\n# and for Proxmox in domains.cfg\n\tbind_dn uid=svc-proxmox,ou=services,dc=example,dc=com\n# then";

test("the environment file of the gateway before this one is found", () => {
  const files = { "ldap1.env": "DIRECTORY_BACKEND=sql\nREQUIRE_AUTH_FOR_SEARCH=false\n" };
  expect(detailsOf(findingsOf(ldp005, files))).toEqual([
    {
      subject: "ldap1.env",
      severity: "high",
      message: "ldap1.env lets anybody search without a bind: REQUIRE_AUTH_FOR_SEARCH is false",
      place: "ldap1.env:2:1",
      path: "REQUIRE_AUTH_FOR_SEARCH",
      fix: `${accounts}\nREQUIRE_AUTH_FOR_SEARCH=true`,
      edits: [],
    },
  ]);
});

test("a service and a file of Espalier's are found, by their own names for it", () => {
  const files = {
    "compose.yaml":
      "services:\n  ldap1:\n    image: gateway:1\n    environment:\n      - REQUIRE_AUTH_FOR_SEARCH=false\n",
    "espalier.yaml": "gateway:\n  base: dc=example,dc=com\n  requireAuthForSearch: false\n",
  };
  const findings = findingsOf(ldp005, files);
  expect(linesOf(findings)).toEqual([
    "high compose.yaml:5:9 services.ldap1.environment.REQUIRE_AUTH_FOR_SEARCH: ldap1 lets anybody search without a bind: REQUIRE_AUTH_FOR_SEARCH is false",
    "high espalier.yaml:3:25 gateway.requireAuthForSearch: gateway lets anybody search without a bind: requireAuthForSearch is false",
  ]);
  expect(findings[1]?.fix).toBe(`${accounts}\ngateway:\n  requireAuthForSearch: true`);
});

test("what asks for a bind, or serves this machine alone, is right", () => {
  const files = {
    "ldap1.env": "DIRECTORY_BACKEND=sql\n",
    "ldap2.env": "DIRECTORY_BACKEND=sql\nREQUIRE_AUTH_FOR_SEARCH=true\n",
    "ldap3.env": "BIND_IP=127.0.0.1\nREQUIRE_AUTH_FOR_SEARCH=false\n",
    "espalier.yaml":
      "gateway:\n  listen: ['ldap://127.0.0.1:3890', 'ldaps://[::1]:6360']\n  requireAuthForSearch: false\n",
  };
  expect(findingsOf(ldp005, files)).toEqual([]);
});

test("a server that was observed showing entries to strangers is found", () => {
  const node = { group: "corp", addresses: [], isEncrypted: true, isVerified: true };
  const project = observed({
    node: [
      { ...node, name: "ldap1", url: "ldaps://ldap1:636", isAnonymousReadable: true },
      { ...node, name: "ldap2", url: "ldaps://ldap2:636", isAnonymousReadable: false },
      { ...node, name: "ldap3", url: "ldaps://ldap3:636" },
      { ...node, name: "demo", url: "ldap://127.0.0.1:3890", isAnonymousReadable: true },
    ],
  });
  expect(linesOf(findingsOf(ldp005, project))).toEqual([
    "high corp: ldap1 shows entries to clients that have not bound",
  ]);
});
