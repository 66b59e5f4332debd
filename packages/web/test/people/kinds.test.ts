/** How users are found and shown, whichever directory they are in. */
import { describe, expect, it } from "vitest";
import { attributesFor, columnsFor, filterFor, usualColumns } from "../../src/screens/people/kinds.ts";

const loginName = columnsFor(usualColumns.users)[0]!;
const cellOf = (attributes: Record<string, (string | { base64: string })[]>) =>
  loginName.cell?.({ dn: "cn=ann", attributes });

describe("users", () => {
  it("are found by their login name, also in Active Directory, whose machines are none", () => {
    const people =
      "(|(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=account)(&(objectClass=user)(!(objectClass=computer))))";
    expect(filterFor("users", "")).toBe(people);
    expect(filterFor("users", "an*n")).toBe(
      `(&${people}(|(uid=*an\\2an*)(sAMAccountName=*an\\2an*)(cn=*an\\2an*)(mail=*an\\2an*)(sn=*an\\2an*)))`,
    );
  });

  it("are shown by their login name, whichever attribute has it, else by their DN", () => {
    expect(attributesFor(usualColumns.users)).toEqual(["uid", "sAMAccountName", "cn", "mail", "uidNumber"]);
    expect(cellOf({ uid: ["ann", "annie"] })).toBe("ann, annie");
    expect(cellOf({ samaccountname: ["ann"] })).toBe("ann");
    expect(cellOf({ mail: ["ann@example.com"] })).toBe("cn=ann");
  });

  it("are shown with the size of what is no text", () => {
    const sizes = [1, 2, 3, 16, 28].map((size) => cellOf({ uid: [{ base64: Buffer.alloc(size).toString("base64") }] }));
    expect(sizes).toEqual(["1 byte", "2 bytes", "3 bytes", "16 bytes", "28 bytes"]);
  });
});
