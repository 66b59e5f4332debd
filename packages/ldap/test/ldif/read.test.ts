import { describe, expect, it } from "vitest";
import { parseLdif, readLdif } from "../../src/ldif/read.ts";
import type { LdifParseError, LdifRecord } from "../../src/ldif/record.ts";
import { collect } from "../support/collect.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const attribute = (type: string, ...values: string[]) => ({ type, values: values.map(bytes) });
const records = (ldif: string): LdifRecord[] => parseLdif(ldif).map(({ record }) => record);

describe("the examples of RFC 2849", () => {
  it("example 1: two entries, a version line", () => {
    const ldif = `version: 1
dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass: top
objectclass: person
cn: Barbara Jensen
cn: Barbara J Jensen
sn: Jensen

dn: cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com
sn: Jensen
telephonenumber: +1 408 555 1212
`;
    expect(parseLdif(ldif)).toEqual([
      {
        line: 1,
        record: {
          type: "content",
          dn: "cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com",
          attributes: [
            attribute("objectclass", "top", "person"),
            attribute("cn", "Barbara Jensen", "Barbara J Jensen"),
            attribute("sn", "Jensen"),
          ],
        },
      },
      {
        line: 9,
        record: {
          type: "content",
          dn: "cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com",
          attributes: [attribute("sn", "Jensen"), attribute("telephonenumber", "+1 408 555 1212")],
        },
      },
    ]);
  });

  it("example 2: a folded value", () => {
    const ldif = `dn:cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
description:Babs is a big sailing fan, and travels extensively in sea
 rch of perfect sailing conditions.
title:Product Manager, Rod and Reel Division
`;
    expect(records(ldif)).toMatchObject([
      {
        attributes: [
          attribute(
            "description",
            "Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions.",
          ),
          attribute("title", "Product Manager, Rod and Reel Division"),
        ],
      },
    ]);
  });

  it("example 3 and 4: base64 in a value and in a DN, options", () => {
    const ldif = `dn:: b3U95Za25qWt6YOoLG89QWlyaXVz
# dn:: ou=営業部,o=Airius
ou;lang-ja:: 5Za25qWt6YOo
ou;lang-en: Sales
`;
    expect(records(ldif)).toEqual([
      {
        type: "content",
        dn: "ou=営業部,o=Airius",
        attributes: [attribute("ou;lang-ja", "営業部"), attribute("ou;lang-en", "Sales")],
      },
    ]);
  });

  it("example 6: every kind of change", () => {
    const ldif = `version: 1
# Add a new entry
dn: cn=Fiona Jensen, ou=Marketing, dc=airius, dc=com
changetype: add
sn: Jensen

# Delete an existing entry
dn: cn=Robert Jensen, ou=Marketing, dc=airius, dc=com
changetype: delete

# Modify an entry's relative distinguished name
dn: cn=Paul Jensen, ou=Product Development, dc=airius, dc=com
changetype: modrdn
newrdn: cn=Paula Jensen
deleteoldrdn: 1

# Rename an entry and move all of its children to a new location
dn: ou=PD Accountants, ou=Product Development, dc=airius, dc=com
changetype: moddn
newrdn: ou=Product Development Accountants
deleteoldrdn: 0
newsuperior: ou=Accounting, dc=airius, dc=com

# Modify an entry: add an additional value to the postaladdress attribute
dn: cn=Paula Jensen, ou=Product Development, dc=airius, dc=com
changetype: modify
add: postaladdress
postaladdress: 123 Anystreet $ Sunnyvale, CA $ 94086
-

delete: description
`.replace("\n\ndelete", "\ndelete");
    expect(records(ldif).map(({ type }) => type)).toEqual(["add", "delete", "modifyDn", "modifyDn", "modify"]);
    expect(records(ldif).slice(2)).toEqual([
      {
        type: "modifyDn",
        dn: "cn=Paul Jensen, ou=Product Development, dc=airius, dc=com",
        controls: [],
        newRdn: "cn=Paula Jensen",
        deleteOldRdn: true,
        newSuperior: undefined,
      },
      {
        type: "modifyDn",
        dn: "ou=PD Accountants, ou=Product Development, dc=airius, dc=com",
        controls: [],
        newRdn: "ou=Product Development Accountants",
        deleteOldRdn: false,
        newSuperior: "ou=Accounting, dc=airius, dc=com",
      },
      {
        type: "modify",
        dn: "cn=Paula Jensen, ou=Product Development, dc=airius, dc=com",
        controls: [],
        changes: [
          { operation: "add", modification: attribute("postaladdress", "123 Anystreet $ Sunnyvale, CA $ 94086") },
          { operation: "delete", modification: attribute("description") },
        ],
      },
    ]);
  });

  it("example 7: a control with its criticality and a value", () => {
    const ldif = `dn: ou=Product Development, dc=airius, dc=com
control: 1.2.840.113556.1.4.805 true
control: 1.2.3: text
control: 1.2.4 false:: AAE=
changetype: delete
`;
    expect(records(ldif)).toEqual([
      {
        type: "delete",
        dn: "ou=Product Development, dc=airius, dc=com",
        controls: [
          { controlType: "1.2.840.113556.1.4.805", criticality: true, controlValue: undefined },
          { controlType: "1.2.3", criticality: false, controlValue: bytes("text") },
          { controlType: "1.2.4", criticality: false, controlValue: Uint8Array.of(0, 1) },
        ],
      },
    ]);
  });
});

describe("what OpenLDAP reads too", () => {
  it("empty lines in front, spaces between records, a byte order mark, CRLF, no newline at the end", () => {
    expect(records("\ufeff\n\n")).toEqual([]);
    expect(records("\ufeffdn: o=a\r\no: a\r\n\r\n   \r\n\r\ndn: o=b\r\no: b")).toEqual([
      { type: "content", dn: "o=a", attributes: [attribute("o", "a")] },
      { type: "content", dn: "o=b", attributes: [attribute("o", "b")] },
    ]);
  });

  it("keywords in any letter case, and the last change without its hyphen", () => {
    expect(records("DN: o=a\nChangeType: MODIFY\nIncrement: uidNumber\nuidnumber: 1\n")).toEqual([
      {
        type: "modify",
        dn: "o=a",
        controls: [],
        changes: [{ operation: "increment", modification: attribute("uidNumber", "1") }],
      },
    ]);
  });

  it("a comment folded over lines, also within a folded record", () => {
    expect(records("# one\n two: 2\ndn: o=a\n# three\n  four\no: a\n b\n")).toEqual([
      { type: "content", dn: "o=a", attributes: [attribute("o", "ab")] },
    ]);
  });

  it("UTF-8 without base64, and the same attribute in lines apart and other letter case", () => {
    expect(records("dn: cn=Zoë\ncn: Zoë\nsn: x\nCN: Zoe\n")).toEqual([
      { type: "content", dn: "cn=Zoë", attributes: [attribute("cn", "Zoë", "Zoe"), attribute("sn", "x")] },
    ]);
  });

  it("the version line again where files were put end to end", () => {
    expect(records("version: 1\n\ndn: o=a\n\nversion: 1\ndn: o=b\n").map(({ dn }) => dn)).toEqual(["o=a", "o=b"]);
  });
});

describe("an error names its line and what to do", () => {
  it.each([
    ["version: 2\n", "line 1: only version: 1 of LDIF is known."],
    ["\ncn: x\n", "line 2: a record begins with dn:, but this line begins with cn:."],
    ["dn: o=a\no: a\ndn: o=b\n", "line 3: a second dn: line; put an empty line between records."],
    [
      "dn: o=a\nno colon here\n",
      "line 2: the line has no colon; write name: value, or begin the line with a space where it continues the one before.",
    ],
    [
      "dn: o=a\n\n o: b\n",
      "line 3: the line begins with a space but there is no line before it that it could continue.",
    ],
    ["dn: o=a\no:: AAA\n", "line 2: what follows :: is not base64 in full; was the line cut?"],
    [
      "dn: o=a\no: a\0b\n",
      "line 2: there is a NUL byte: save the file as UTF-8, or write the value in base64 behind ::.",
    ],
    [
      "dn: o=a\no:< file:///etc/passwd\n",
      "line 2: the value is a URL, and URLs are not followed here; write it in base64 behind ::.",
    ],
    [
      "dn: o=a\nchangetype: remove\n",
      "line 2: changetype: remove is not known; it is one of add, delete, modify, modrdn and moddn.",
    ],
    [
      "dn: o=a\nchangetype: delete\no: a\n",
      "line 3: changetype: delete takes no further lines; put an empty line before the next record.",
    ],
    [
      "dn: o=a\nchangetype: modrdn\nnewrdn: o=b\n",
      "line 2: a renaming needs a line deleteoldrdn: 0 or deleteoldrdn: 1.",
    ],
    [
      "dn: o=a\nchangetype: modify\nadd: cn\ncn: a\nsn: b\n",
      'line 5: this line gives sn: within the change of cn; end each change with a line that is a single "-".',
    ],
    [
      "dn: o=a\ncontrol: x\nchangetype: delete\n",
      "line 2: a control is written: control: OID, then true or false, then : and its value.",
    ],
    ["dn: o=a\ncontrol: 1.2.3\no: a\n", "line 1: after control: lines a changetype: line must follow."],
  ])("%j", (ldif, message) => {
    expect(() => parseLdif(ldif)).toThrow(expect.objectContaining({ code: "ERR_LDIF", message }));
  });

  it("reads on behind a bad record where the caller wants it", () => {
    const errors: LdifParseError[] = [];
    const read = parseLdif("dn: o=a\nbad\n\ndn: o=b\n\nbad: too\n", { onError: (error) => errors.push(error) });
    expect(read).toEqual([{ line: 4, record: { type: "content", dn: "o=b", attributes: [] } }]);
    expect(errors.map(({ line }) => line)).toEqual([2, 6]);
  });
});

describe("limits", () => {
  it("refuses a line that is too long, and goes on with the next record", () => {
    const errors: string[] = [];
    const limits = { maxLineBytes: 20 };
    const ldif = `dn: o=a\ndescription: ${"x".repeat(5)}\n ${"x".repeat(30)}\nmore: lines\n\ndn: o=b\n`;
    const read = parseLdif(ldif, { limits, onError: (error) => errors.push(error.message) });
    expect(read).toEqual([{ line: 6, record: { type: "content", dn: "o=b", attributes: [] } }]);
    expect(errors).toEqual(["line 2: the line is longer than 20 bytes: raise maxLineBytes to read it."]);
  });

  it("refuses a record that is too long before it has read it to the end", async () => {
    const line = bytes(`description: ${"x".repeat(1000)}\n`);
    let given = 0;
    function* endless() {
      yield "dn: o=a\n";
      for (;;) {
        given += 1;
        yield line;
      }
    }
    await expect(collect(readLdif(endless(), { limits: { maxRecordBytes: 10_000 } }))).rejects.toThrow(
      "line 11: the record is longer than 10000 bytes: separate records by an empty line, or raise maxRecordBytes.",
    );
    expect(given).toBe(10);
  });
});

describe("values behind a URL", () => {
  it("are what the caller's resolver gives", async () => {
    const resolveUrl = async (url: string) => bytes(`<${url}>`);
    const read = readLdif(["dn: o=a\njpegPhoto:< file:///tmp/photo.jpg\n"], { resolveUrl });
    expect(await collect(read)).toEqual([
      {
        line: 1,
        record: { type: "content", dn: "o=a", attributes: [attribute("jpegPhoto", "<file:///tmp/photo.jpg>")] },
      },
    ]);
  });

  it("that cannot be fetched are an error of their record", async () => {
    const resolveUrl = () => Promise.reject(new Error("no such file"));
    const errors: string[] = [];
    const options = { resolveUrl, onError: (error: Error) => errors.push(error.message) };
    const read = await collect(readLdif(["dn: o=a\njpegPhoto:< file:///x\n\ndn: o=b\n"], options));
    expect(read.map(({ record }) => record.dn)).toEqual(["o=b"]);
    expect(errors).toEqual(["line 2: the URL of the value cannot be read: no such file"]);
  });
});
