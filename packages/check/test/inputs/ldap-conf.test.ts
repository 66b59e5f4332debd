import fc from "fast-check";
import { expect, test } from "vitest";
import { ldapConfFormat, parseKeywords, valuesOf } from "../../src/inputs/ldap-conf.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string, path = "ldap.conf"): SourceFile {
  return new SourceFile({ path, absolutePath: `/${path}`, text });
}

test("keywords are read in any letter case, each time they come, with the place of each value", () => {
  const text = "# defaults\nURI  ldaps://a ldaps://b \n\nuri\tldaps://c\r\nTLS_REQCERT demand # no comment\n";
  const root = parseKeywords(fileOf(text));
  const values = valuesOf(root, "uri").map(({ text: value, location: { line, column } }) => [value, line, column]);
  expect(values).toEqual([
    ["ldaps://a ldaps://b", 2, 6],
    ["ldaps://c", 4, 5],
  ]);
  expect(valuesOf(root, "tls_reqcert").map(({ text: value }) => value)).toEqual(["demand # no comment"]);
  expect(valuesOf(root, "base")).toEqual([]);
});

test("a keyword without a value is refused", () => {
  expect(() => parseKeywords(fileOf("URI ldaps://a\nBASE\n"))).toThrow(
    expect.objectContaining({ location: expect.objectContaining({ line: 2, column: 1 }) }),
  );
});

test("Apache's module has a file of the same name, which is not one", () => {
  expect(ldapConfFormat.recognizes(fileOf("URI ldaps://a\n", "etc/ldap/ldap.conf"))).toBe(true);
  expect(ldapConfFormat.recognizes(fileOf("<Location /ldap-status>\n", "etc/apache2/mods-available/ldap.conf"))).toBe(
    false,
  );
});

test("what is written is read back, and whatever else is read is an InputError at most", () => {
  const keyword = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
  const value = fc.stringMatching(/^[A-Za-z0-9:/=,.#](?:[A-Za-z0-9:/=,. ]{0,8}[A-Za-z0-9])?$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(keyword, value)), (lines) => {
      const text = lines.map(([name, written]) => `${name}   ${written}\n`).join("");
      const root = parseKeywords(fileOf(text));
      for (const [name] of lines) {
        const expected = lines.filter(([other]) => other === name).map(([, written]) => written);
        expect(valuesOf(root, name).map((node) => node.text)).toEqual(expected);
        expect(valuesOf(root, name).map(({ location }) => text.slice(location.start, location.end))).toEqual(expected);
      }
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        parseKeywords(fileOf(text));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});
