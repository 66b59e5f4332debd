import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSyncrepl } from "../../src/replication/syncrepl.ts";
import { addressOf, edgesOf } from "../../src/replication/topology.ts";

describe("olcSyncrepl", () => {
  it("gives the provider and the base, and not the password", () => {
    const value =
      '{1}rid=001 provider=ldaps://ldap1.example.com:1636 bindmethod=simple binddn="cn=admin,dc=example,dc=com" credentials="pass \\"word provider=ldap://evil" searchbase="dc=example,dc=com" type=refreshAndPersist retry="1 +"';
    expect(parseSyncrepl(value)).toEqual({
      provider: "ldaps://ldap1.example.com:1636",
      searchBase: "dc=example,dc=com",
    });
  });

  it("has no provider in any other text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseSyncrepl(text)).toBeUndefined();
      }),
    );
  });
});

describe("the edges of a topology", () => {
  const a = { name: "a", url: "ldaps://ldap1.example.com:636" };
  const b = { name: "b", url: "ldaps://ldap2.example.com:636" };

  it("go from the provider, which may be reached on another port, and from who sends by an agreement", () => {
    const edges = edgesOf([
      { node: a, links: [{ url: "ldap://LDAP2.example.com", kind: "syncrepl", status: "ok" }] },
      { node: b, links: [{ url: "ldap://ldap1.example.com:389", kind: "agreement", status: "broken", detail: "no" }] },
    ]);
    expect(edges).toEqual([
      {
        from: { node: "b", address: "ldap2.example.com:389" },
        to: { node: "a", address: "ldap1.example.com:636" },
        kind: "syncrepl",
        status: "ok",
      },
      {
        from: { node: "b", address: "ldap2.example.com:636" },
        to: { node: "a", address: "ldap1.example.com:389" },
        kind: "agreement",
        status: "broken",
        detail: "no",
      },
    ]);
  });

  it("lead outside where a server is none of the cluster's, and where two are on its host", () => {
    const twin = { name: "twin", url: "ldap://ldap1.example.com:1389" };
    const links = [
      { url: "ldap://elsewhere.example.com", kind: "syncrepl", status: "unknown" },
      { url: "ldap://ldap1.example.com:2389", kind: "syncrepl", status: "unknown" },
    ] as const;
    const edges = edgesOf([
      { node: b, links },
      { node: a, links: undefined },
      { node: twin, links: [] },
    ]);
    expect(edges.map(({ from }) => from)).toEqual([
      { address: "elsewhere.example.com:389" },
      { address: "ldap1.example.com:2389" },
    ]);
  });

  it("are none where no node says any", () => {
    expect(
      edgesOf([
        { node: a, links: undefined },
        { node: b, links: undefined },
      ]),
    ).toEqual([]);
  });

  it.each([
    ["ldap://ldap1", "ldap1:389"],
    ["ldaps://ldap1/", "ldap1:636"],
    ["LDAP://LDAP1:1389/dc=example??sub", "ldap1:1389"],
    ["ldap://[2001:db8::1]", "[2001:db8::1]:389"],
    ["ldap://[2001:db8::1]:1389", "[2001:db8::1]:1389"],
    ["ldapi://%2frun%2fldapi", "ldapi://%2frun%2fldapi"],
  ])("%s is at %s", (url, address) => expect(addressOf(url)).toBe(address));
});
