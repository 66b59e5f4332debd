import { expect, it } from "vitest";
import { formatLdifRecord, writeLdif } from "../../src/ldif/format.ts";
import { collect } from "../support/collect.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const entry = (type: string, ...values: string[]) =>
  ({ type: "content", dn: "o=a", attributes: [{ type, values: values.map(bytes) }] }) as const;

it("writes base64 where RFC 2849 or OpenLDAP asks for it, and nowhere else", () => {
  const values = ["plain: text <ok> #1", "", " a", "a ", ":a", "<a", "é", "a\tb", "a\nb", "a\x7f"];
  expect(formatLdifRecord(entry("cn", ...values))).toBe(`dn: o=a
cn: plain: text <ok> #1
cn: 
cn:: IGE=
cn:: YSA=
cn:: OmE=
cn:: PGE=
cn:: w6k=
cn:: YQli
cn:: YQpi
cn:: YX8=
`);
  expect(formatLdifRecord(entry("userPassword", "secret"))).toBe("dn: o=a\nuserPassword:: c2VjcmV0\n");
});

it("folds at 76 columns unless told otherwise", () => {
  const record = entry("cn", "x".repeat(150));
  expect(formatLdifRecord(record)).toBe(`dn: o=a\ncn: ${"x".repeat(72)}\n ${"x".repeat(75)}\n ${"x".repeat(3)}\n`);
  expect(formatLdifRecord(record, { wrapColumns: Infinity })).toBe(`dn: o=a\ncn: ${"x".repeat(150)}\n`);
});

it("writes every kind of change", async () => {
  const controls = [{ controlType: "1.2.3", criticality: true, controlValue: Uint8Array.of(0) }];
  const file = writeLdif([
    { type: "add", dn: "o=é", controls: [], attributes: [{ type: "o", values: [bytes("é")] }] },
    { type: "delete", dn: "o=a", controls },
    {
      type: "modify",
      dn: "o=a",
      controls: [],
      changes: [
        { operation: "replace", modification: { type: "cn", values: [bytes("b"), bytes("c")] } },
        { operation: "delete", modification: { type: "sn", values: [] } },
      ],
    },
    { type: "modifyDn", dn: "o=a", controls: [], newRdn: "o=b", deleteOldRdn: false, newSuperior: "dc=c" },
  ]);
  expect((await collect(file)).join("")).toBe(`dn:: bz3DqQ==
changetype: add
o:: w6k=

dn: o=a
control: 1.2.3 true:: AA==
changetype: delete

dn: o=a
changetype: modify
replace: cn
cn: b
cn: c
-
delete: sn
-

dn: o=a
changetype: modrdn
newrdn: o=b
deleteoldrdn: 0
newsuperior: dc=c
`);
});

it("refuses what LDIF has no form for", () => {
  const refused = (message: string) => expect.objectContaining({ code: "ERR_LDIF", message });
  expect(() => formatLdifRecord(entry("cn"))).toThrow(
    refused("cn has no values, which LDIF cannot say of an entry; leave the attribute out."),
  );
  expect(() => formatLdifRecord(entry("cn: x\nsn", "y"))).toThrow(
    refused('"cn: x\\nsn" is not an attribute description.'),
  );
});
