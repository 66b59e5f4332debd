/** What a client may count on, whichever backend answers it. */
import { Oid } from "@espalier/ldap";
import { attribute } from "@espalier/ldap/client";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeRootDse, type RootDse } from "../../src/routing/root-dse.ts";

const own = { startTls: false, external: false };

const text = (merged: RootDse) =>
  Object.fromEntries(merged.map(({ type, values }) => [type, values.map((value) => Buffer.from(value).toString())]));

describe("the merged root DSE", () => {
  it("offers what all backends offer", () => {
    const nodes = [
      [
        attribute("supportedControl", Oid.pagedResults, Oid.assertion, Oid.preRead),
        attribute("supportedExtension", Oid.passwordModify, Oid.cancel, Oid.whoAmI),
        attribute("supportedFeatures", Oid.modifyIncrement),
      ],
      [
        attribute("SUPPORTEDCONTROL", Oid.preRead, Oid.pagedResults),
        attribute("supportedExtension", Oid.passwordModify),
      ],
    ];
    expect(text(mergeRootDse(nodes, own))).toEqual({
      supportedControl: [Oid.pagedResults, Oid.preRead],
      supportedExtension: [Oid.passwordModify, Oid.whoAmI],
    });
  });

  it("has the naming contexts of all, however they are spelt", () => {
    const nodes = [
      [attribute("namingContexts", "dc=example,dc=com", "o=other")],
      [attribute("namingContexts", "DC=Example, DC=com")],
    ];
    expect(text(mergeRootDse(nodes, own)).namingContexts).toEqual(["dc=example,dc=com"]);
  });

  it("says of anything else what all say alike, and leaves out what names one of them", () => {
    const nodes = ["dc1.example.com", "dc2.example.com"].map((name) => [
      attribute("vendorName", "Example"),
      attribute("subschemaSubentry", "cn=Subschema"),
      attribute("dnsHostName", name),
      attribute("altServer", "ldap://other.example.com"),
    ]);
    nodes[1]!.push(attribute("onlyHere", "x"));
    expect(text(mergeRootDse(nodes, own))).toEqual({
      vendorName: ["Example"],
      subschemaSubentry: ["cn=Subschema"],
      supportedExtension: [Oid.whoAmI],
    });
  });

  it("offers StartTLS exactly where the proxy does, and Who am I? always", () => {
    const node = [attribute("supportedExtension", Oid.startTls, Oid.whoAmI)];
    expect(text(mergeRootDse([node], own)).supportedExtension).toEqual([Oid.whoAmI]);
    const withTls = mergeRootDse([[]], { ...own, startTls: true });
    expect(text(withTls).supportedExtension).toEqual([Oid.whoAmI, Oid.startTls]);
  });

  it("hides mechanisms that cannot work through a proxy, and has EXTERNAL where the proxy takes the certificate", () => {
    const mechanisms = [
      "PLAIN",
      "SCRAM-SHA-256",
      "SCRAM-SHA-256-PLUS",
      "GSSAPI",
      "GSS-SPNEGO",
      "DIGEST-MD5",
      "EXTERNAL",
    ];
    const nodes = [[attribute("supportedSASLMechanisms", ...mechanisms)]];
    expect(text(mergeRootDse(nodes, own)).supportedSASLMechanisms).toEqual(["PLAIN", "SCRAM-SHA-256"]);
    expect(text(mergeRootDse(nodes, { ...own, external: true })).supportedSASLMechanisms).toEqual([
      "PLAIN",
      "SCRAM-SHA-256",
      "EXTERNAL",
    ]);
    const none = mergeRootDse([[attribute("supportedSASLMechanisms", "GSSAPI")]], own);
    expect(none.map(({ type }) => type)).not.toContain("supportedSASLMechanisms");
  });

  it("hides what the proxy refuses", () => {
    const node = [
      attribute("supportedControl", Oid.proxiedAuthorization, Oid.pagedResults),
      attribute("supportedExtension", "1.2.3", Oid.cancel),
    ];
    const hides = { ...own, hiddenControls: [Oid.proxiedAuthorization], hiddenExtensions: ["1.2.3"] };
    expect(text(mergeRootDse([node], hides))).toEqual({
      supportedControl: [Oid.pagedResults],
      supportedExtension: [Oid.cancel, Oid.whoAmI],
    });
  });

  it("is a bare one while no backend's is known", () => {
    expect(text(mergeRootDse([], own))).toEqual({
      objectClass: ["top"],
      supportedLDAPVersion: ["3"],
      supportedExtension: [Oid.whoAmI],
    });
  });

  it("never offers what a backend does not, in any order of backends", () => {
    const oids = fc.uniqueArray(fc.constantFrom("1.1", "1.2", "1.3", "1.4", "1.5"));
    fc.assert(
      fc.property(fc.array(oids, { minLength: 1, maxLength: 4 }), (nodes) => {
        const merge = (each: typeof nodes) =>
          text(
            mergeRootDse(
              each.map((oids) => [attribute("supportedControl", ...oids)]),
              own,
            ),
          ).supportedControl ?? [];
        const common = nodes.reduce((all, oids) => all.filter((oid) => oids.includes(oid)));
        expect(merge(nodes)).toEqual(common);
        expect(merge(nodes.toReversed()).sort()).toEqual([...common].sort());
      }),
    );
  });
});
