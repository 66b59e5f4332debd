import { attribute, builtInSchema } from "@espalier/ldap";
import { requirePrograms, startDirectory389, startSlapd } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { SchemaReader } from "../../src/clusters/schema-reader.ts";
import { administrator, anybody, directory, watch } from "./watched.ts";

const describe = requirePrograms({ slapd: "slapd", ldapsearch: "ldap-utils", "ns-slapd": "389-ds-base" });

const type = "( 1.3.6.1.4.1.99999.1 NAME 'favouriteTree' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )";

describe("the schema of a cluster", () => {
  it("is the server's own, kept for five minutes, and read anew only if it has changed by then", async () => {
    let nowMs = 1_000_000;
    await using server = await startDirectory389();
    await using watched = await watch({ host: "127.0.0.1", port: server.port }, { now: () => nowMs });
    const { cluster } = watched;
    const admin = administrator(server);
    const first = await cluster.schema(admin);
    expect(first.attribute("favouriteTree")).toBe(undefined);
    await cluster.write(admin, (connection) =>
      connection.modify("cn=schema", [{ operation: "add", modification: attribute("attributeTypes", type) }]),
    );
    expect(await cluster.schema(admin)).toBe(first);
    nowMs += 300_000;
    const second = await cluster.schema(admin);
    expect(second.attribute("favouriteTree")?.definition.names).toEqual(["favouriteTree"]);
    nowMs += 300_000;
    expect(await cluster.schema(admin)).toBe(second);
  });

  it("is read once for those who ask at the same time, and again from a server that has not changed it", async () => {
    let nowMs = 1_000_000;
    await using slapd = await startSlapd({ ldif: directory(), logsOperations: true });
    await using watched = await watch({ host: "127.0.0.1", port: slapd.port }, { now: () => nowMs });
    const read = () => Promise.all(Array.from({ length: 10 }, () => watched.cluster.schema(administrator(slapd))));
    const [first, ...others] = await read();
    expect(others.every((each) => each === first)).toBe(true);
    expect(first?.objectClass("inetOrgPerson")?.names).toEqual(["inetOrgPerson"]);
    nowMs += 300_000;
    expect((await read())[0]).toBe(first);
    const searches = slapd.process.log.match(/SRCH base="cn=Subschema".*/gi) ?? [];
    // Its definitions once, its time of change once more.
    expect(searches).toHaveLength(2);
  });

  it.each([undefined, "cn=nowhere"])("is the built-in one where the server shows none (%s)", async (place) => {
    await using slapd = await startSlapd({ ldif: directory() });
    await using watched = await watch({ host: "127.0.0.1", port: slapd.port });
    const reader = new SchemaReader({
      now: Date.now,
      read: async (identity, work) => (await watched.cluster.read(identity, work)).value,
      subschemaSubentry: async () => place,
    });
    expect(await reader.schema(anybody)).toBe(builtInSchema);
  });
});
