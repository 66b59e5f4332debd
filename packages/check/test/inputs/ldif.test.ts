/** LDIF and schema files with their places: whatever text there is, and every value on its line. */
import { formatLdifRecord, type LdifContentRecord } from "@espalier/ldap";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseLdifFile } from "../../src/inputs/ldif.ts";
import { definitionsInLdif, parseSchemaFile } from "../../src/inputs/ldif-schema.ts";
import { SourceFile } from "../../src/inputs/source-file.ts";

const fileOf = (text: string) => new SourceFile({ path: "a.ldif", absolutePath: "/a.ldif", text });
const lineAt = (text: string, line: number) => text.split("\n")[line - 1];

const ldifText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "dn: dc=a",
        "dn:: ZGM9YQ==",
        "objectClass: top",
        "userPassword: x",
        " y",
        "#c",
        "",
        "\r",
        "-",
        "changetype: modify",
      ),
      fc.constantFrom(
        "replace: userPassword",
        "changetype: delete",
        "version: 1",
        ":",
        "a",
        "cn:< file:///x",
        "\ufeffdn: dc=b",
      ),
      fc.string({ unit: "binary", maxLength: 8 }),
    ),
    { maxLength: 14 },
  )
  .map((lines) => lines.join("\n"));

it("reads any text without failing, and places are in the file", () => {
  fc.assert(
    fc.property(ldifText, (text) => {
      const { records, errors } = parseLdifFile(fileOf(text));
      for (const { location } of [...records, ...errors]) {
        expect(location.start).toBeGreaterThanOrEqual(0);
        expect(location.end).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 1000 },
  );
});

it("gives every value of what is written the line that it is on", () => {
  const value = fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(text.toWellFormed()));
  const attribute = fc.record({
    type: fc.constantFrom("cn", "sn", "userPassword", "mail"),
    values: fc.array(value, { minLength: 1, maxLength: 3 }),
  });
  const entries = fc.array(fc.uniqueArray(attribute, { selector: ({ type }) => type, minLength: 1 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(entries, fc.constantFrom(20, 76, Number.POSITIVE_INFINITY), (lists, wrapColumns) => {
      const records = lists.map(
        (attributes, index): LdifContentRecord => ({ type: "content", dn: `cn=${index}`, attributes }),
      );
      const text = `# head\nversion: 1\n\n${records.map((record) => formatLdifRecord(record, { wrapColumns })).join("\n")}`;
      const { records: read, errors } = parseLdifFile(fileOf(text));
      expect(errors).toEqual([]);
      expect(read.map(({ record }) => record.dn)).toEqual(records.map(({ dn }) => dn));
      for (const { record, location, locate } of read) {
        expect(lineAt(text, location.line)).toBe(`dn: ${record.dn}`);
        if (record.type !== "content") throw new Error("not an entry");
        for (const { type, values } of record.attributes) {
          const lines = values.map((_, index) => locate(type.toUpperCase(), index).line);
          for (const line of lines) expect(lineAt(text, line)?.startsWith(`${type}:`)).toBe(true);
          expect(new Set(lines).size).toBe(values.length);
        }
      }
    }),
    { numRuns: 300 },
  );
});

it("reads the definitions of any schema file without failing", () => {
  const words = fc.constantFrom(
    "attributetype",
    "objectclass ",
    "objectidentifier A 1.2",
    "( ",
    ")",
    "NAME 'x'",
    "A:3",
    "\n",
    "\n ",
    "#",
    "MUST cn",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 4 })), { maxLength: 20 }), (parts) => {
      const text = parts.join("");
      const { attributeTypes = [], objectClasses = [] } = parseSchemaFile(text);
      expect(attributeTypes.length + objectClasses.length).toBeLessThanOrEqual(text.split("\n").length);
    }),
    { numRuns: 500 },
  );
});

it("reads definitions out of changes of cn=schema, and resolves the names of OIDs", () => {
  const text =
    "dn: cn=schema\nchangetype: modify\nadd: objectClasses\nobjectClasses: ( 1.2.3 NAME 'a' )\n-\ndelete: attributeTypes\nattributeTypes: ( 1.2.4 NAME 'b' )\n-\n";
  expect(definitionsInLdif(parseLdifFile(fileOf(text)))).toEqual({
    attributeTypes: [],
    objectClasses: ["( 1.2.3 NAME 'a' )"],
  });
  const schema =
    "# mine\nobjectIdentifier Root 1.2.3\nobjectIdentifier Types Root:1\nattributeType ( Types:7\n  NAME 'x' )\n";
  expect(parseSchemaFile(schema)).toEqual({ attributeTypes: ["( 1.2.3.1.7   NAME 'x' )"], objectClasses: [] });
});
