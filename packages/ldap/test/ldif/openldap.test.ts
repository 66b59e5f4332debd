import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attribute, LdapClient } from "../../src/client/index.ts";
import { formatLdifRecord, writeLdif } from "../../src/ldif/format.ts";
import { parseLdif } from "../../src/ldif/read.ts";
import type { LdifRecord } from "../../src/ldif/record.ts";
import { Oid } from "../../src/oid.ts";
import { collect } from "../support/collect.ts";
import { adminDn, adminPassword, base, describeWithSlapd, type Slapd, startSlapd } from "../support/slapd.ts";

describeWithSlapd("LDIF and OpenLDAP's tools", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());
  const login = () => ["-x", "-H", slapd.url, "-D", adminDn, "-w", adminPassword];
  const run = async (command: string, ...parameters: string[]) =>
    (await promisify(execFile)(command, [...login(), ...parameters], { encoding: "utf8" })).stdout;

  const odd = [
    "plain",
    " leading space",
    "trailing space ",
    ":colon",
    "<less than",
    "#number sign",
    "tab\there",
    "line\nfeed",
    "José",
    "x".repeat(200),
    "é".repeat(100),
    "\x7f",
  ];

  it("writes byte for byte what ldapsearch writes", async () => {
    const dn = `cn=odd é,ou=people,${base}`;
    await using client = await LdapClient.connect({ url: slapd.url });
    await client.bind(adminDn, adminPassword);
    await client.add(dn, [
      attribute("objectClass", "inetOrgPerson"),
      attribute("cn", "odd é"),
      attribute("sn", "odd"),
      attribute("description", ...odd),
      attribute("userPassword", "secret"),
      attribute(
        "jpegPhoto",
        new Uint8Array(300).map((_, index) => index),
      ),
    ]);
    const { entries } = await client.searchAll({ baseObject: dn, scope: "baseObject" });
    const [{ objectName, attributes }] = entries as [(typeof entries)[0]];
    const record: LdifRecord = { type: "content", dn: objectName, attributes };
    const printed = await run("ldapsearch", "-LLL", "-o", "ldif-wrap=76", "-b", dn, "-s", "base");
    expect(parseLdif(printed)).toEqual([{ line: 1, record }]);
    expect(`${formatLdifRecord(record, { wrapColumns: 76 })}\n`).toBe(printed);
    const unfolded = await run("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", dn, "-s", "base");
    expect(`${formatLdifRecord(record, { wrapColumns: Infinity })}\n`).toBe(unfolded);
    await client.del(dn);
  });

  it("writes changes that ldapmodify makes", async () => {
    const dn = `cn=changed é,ou=people,${base}`;
    const renamed = `cn=renamed,${base}`;
    const records: LdifRecord[] = [
      {
        type: "add",
        dn,
        controls: [],
        attributes: [attribute("objectClass", "inetOrgPerson"), attribute("sn", "a"), attribute("cn", "changed é")],
      },
      {
        type: "modify",
        dn,
        controls: [],
        changes: [
          { operation: "add", modification: attribute("description", ...odd) },
          { operation: "replace", modification: attribute("sn", "b") },
          { operation: "delete", modification: attribute("description", "plain", "\x7f") },
        ],
      },
      { type: "modifyDn", dn, controls: [], newRdn: "cn=renamed", deleteOldRdn: true, newSuperior: base },
    ];
    await ldapmodify((await collect(writeLdif(records))).join(""));
    const entry = parseLdif(await run("ldapsearch", "-LLL", "-b", renamed, "-s", "base"))[0]?.record;
    expect(entry).toEqual({
      type: "content",
      dn: renamed,
      attributes: [
        attribute("objectClass", "inetOrgPerson"),
        attribute("description", ...odd.slice(1, -1)),
        attribute("sn", "b"),
        attribute("cn", "renamed"),
      ],
    });
    const manageDsaIT = { controlType: Oid.manageDsaIT, criticality: true, controlValue: undefined };
    await ldapmodify(formatLdifRecord({ type: "delete", dn: renamed, controls: [manageDsaIT] }));
    await expect(run("ldapsearch", "-LLL", "-b", renamed, "-s", "base")).rejects.toThrow("No such object (32)");
  });

  async function ldapmodify(ldif: string): Promise<void> {
    const running = promisify(execFile)("ldapmodify", login());
    running.child.stdin?.end(ldif);
    await running;
  }
});
