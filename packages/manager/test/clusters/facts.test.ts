import { Oid } from "@espalier/ldap";
import { SearchEntry } from "@espalier/ldap/client";
import {
  fillSqlite,
  requirePrograms,
  startDirectory389,
  startGateway,
  startSlapd,
  temporaryDirectory,
  uniformPopulation,
} from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { factsOf } from "../../src/clusters/facts.ts";
import { administrator, anybody, directory, watch } from "./watched.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", "ns-slapd": "389-ds-base" });

describe("what a server says of itself", () => {
  it("is OpenLDAP, whose entryCSN tells every change", async () => {
    await using slapd = await startSlapd({ ldif: directory() });
    await using watched = await watch({ host: "127.0.0.1", port: slapd.port });
    const facts = await watched.cluster.facts(administrator(slapd));
    expect(facts).toMatchObject({
      ...{ vendor: "openldap", product: undefined, versionAttribute: "entryCSN", subschemaSubentry: "cn=Subschema" },
      namingContexts: ["dc=example,dc=com"],
    });
    expect([Oid.pagedResults, Oid.assertion].every((oid) => facts.supportedControls.has(oid))).toBe(true);
    expect(facts.supportedExtensions.has(Oid.passwordModify)).toBe(true);
    expect(await watched.cluster.baseDn(administrator(slapd))).toBe("dc=example,dc=com");
  });

  it("is 389 Directory Server", async () => {
    await using server = await startDirectory389();
    await using watched = await watch({ host: "127.0.0.1", port: server.port });
    const facts = await watched.cluster.facts(administrator(server));
    expect(facts).toMatchObject({
      vendor: "389ds",
      versionAttribute: "modifyTimestamp",
      subschemaSubentry: "cn=schema",
    });
    expect(facts.product).toMatch(/^389 Project 389-Directory\//);
    expect(await watched.cluster.baseDn(administrator(server))).toBe("dc=example,dc=com");
    const schema = await watched.cluster.schema(administrator(server));
    expect(schema.attribute("nsds5replicaid")?.definition.names).toEqual(["nsDS5ReplicaId"]);
  });

  it("is Espalier's gateway", async () => {
    await using files = await temporaryDirectory("facts");
    const population = uniformPopulation({ users: 3, groups: 1, groupsPerUser: 1 });
    await using gateway = await startGateway({ environment: fillSqlite(files.file("users.sqlite"), population) });
    await using watched = await watch({ host: "127.0.0.1", port: gateway.port });
    const facts = await watched.cluster.facts(anybody);
    expect(facts).toMatchObject({ vendor: "espalier", versionAttribute: "modifyTimestamp" });
    expect(facts.product).toMatch(/^Espalier \d+\.\d+\.\d+/);
    expect((await watched.cluster.schema(anybody)).objectClass("posixAccount")?.names).toEqual(["posixAccount"]);
  });

  it.each([
    [
      "Active Directory, whose domain comes before its schema",
      {
        namingContexts: ["CN=Schema,CN=Configuration,DC=x", "DC=x"],
        defaultNamingContext: ["DC=x"],
        forestFunctionality: ["7"],
        rootDomainNamingContext: ["DC=x"],
      },
      { vendor: "active-directory", product: undefined, namingContexts: ["DC=x", "CN=Schema,CN=Configuration,DC=x"] },
    ],
    [
      "something else",
      { vendorName: ["Example Inc."], vendorVersion: ["7.1"], namingContexts: ["dc=x"] },
      { vendor: "other", product: "Example Inc. 7.1", namingContexts: ["dc=x"] },
    ],
  ])("is %s", (_, rootDse: Record<string, string[]>, expected) => {
    const attributes = Object.entries(rootDse).map(([type, values]) => ({
      type,
      values: values.map((value) => Buffer.from(value)),
    }));
    const facts = factsOf(new SearchEntry({ type: "searchResultEntry", objectName: "", attributes }, []));
    expect(facts).toEqual({
      ...expected,
      ...{ supportedControls: new Set(), supportedExtensions: new Set(), supportedFeatures: new Set() },
      ...{ subschemaSubentry: undefined, versionAttribute: "modifyTimestamp" },
    });
  });
});
