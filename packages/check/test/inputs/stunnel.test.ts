import fc from "fast-check";
import { expect, test } from "vitest";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";
import { parseStunnel } from "../../src/inputs/stunnel.ts";

function fileOf(text: string): SourceFile {
  return new SourceFile({ path: "stunnel.conf", absolutePath: "/stunnel.conf", text });
}

test("options before the first section are for all, and values have their places", () => {
  const text = "; LDAP\npid =\n[ldap]\n  sslVersion =  TLSv1 \r\nconnect = 10.0.0.1:636\n";
  const sections = parseStunnel(fileOf(text)).sections.map(({ name, options }) => ({
    name,
    options: options.map((option) => [
      option.name,
      option.value,
      text.slice(option.location.start, option.location.end),
    ]),
  }));
  expect(sections).toEqual([
    { name: "", options: [["pid", "", ""]] },
    {
      name: "ldap",
      options: [
        ["sslVersion", "TLSv1", "TLSv1"],
        ["connect", "10.0.0.1:636", "10.0.0.1:636"],
      ],
    },
  ]);
});

test("a line that is neither an option nor a section is refused", () => {
  expect(() => parseStunnel(fileOf("pid =\nverify\n"))).toThrow(
    expect.objectContaining({ location: expect.objectContaining({ line: 2 }) }),
  );
});

test("what is written is read back, and whatever else is read is an InputError at most", () => {
  const name = fc.stringMatching(/^[A-Za-z]{1,10}$/);
  const value = fc.stringMatching(/^[A-Za-z0-9:.,/=-]{0,12}$/);
  const section = fc.record({ name, options: fc.array(fc.record({ name, value })) });
  fc.assert(
    fc.property(fc.array(section), (sections) => {
      const text = sections
        .map((each) => `[${each.name}]\n${each.options.map((option) => `${option.name} = ${option.value}\n`).join("")}`)
        .join("");
      const read = parseStunnel(fileOf(text)).sections.slice(1);
      expect(
        read.map((each) => ({ ...each, options: each.options.map(({ name, value }) => ({ name, value })) })),
      ).toEqual(sections);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        parseStunnel(fileOf(text));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});
