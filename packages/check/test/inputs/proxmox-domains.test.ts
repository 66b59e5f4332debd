import fc from "fast-check";
import { expect, test } from "vitest";
import { parseProxmoxDomains } from "../../src/inputs/proxmox-domains.ts";
import { InputError, SourceFile } from "../../src/inputs/source-file.ts";

function fileOf(text: string): SourceFile {
  return new SourceFile({ path: "domains.cfg", absolutePath: "/domains.cfg", text });
}

test("realms are read by type and name, each property with its place", () => {
  const text =
    "pam: pam\n\tcomment Linux PAM standard authentication\n\nldap: corp\n\tserver1 ldap1\n\tbind-dn uid=svc,dc=example\n\tdefault\n";
  const root = parseProxmoxDomains(fileOf(text));
  expect(root.value).toEqual({
    pam: { pam: { comment: "Linux PAM standard authentication" } },
    ldap: { corp: { server1: "ldap1", bind_dn: "uid=svc,dc=example", default: "" } },
  });
  const { location, pathText } = root.get("ldap", "corp", "server1")!;
  expect([pathText, location.line, location.column]).toEqual(["ldap.corp.server1", 5, 10]);
});

test.each(["\tserver1 ldap1\n", "ldap: corp\nserver1 ldap1\n", "ldap corp\n"])("%j is refused", (text) => {
  expect(() => parseProxmoxDomains(fileOf(text))).toThrow(InputError);
});

test("what is written is read back, and whatever else is read is an InputError at most", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const value = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9=,:/ -]{0,8}[A-Za-z0-9])?$/);
  fc.assert(
    fc.property(fc.dictionary(word, fc.dictionary(word, fc.dictionary(word, value), { minKeys: 1 })), (types) => {
      const lines = Object.entries(types).flatMap(([type, realms]) =>
        Object.entries(realms).flatMap(([name, properties]) => [
          `${type}: ${name}`,
          ...Object.entries(properties).map(([key, text]) => `\t${key} ${text}`),
          "",
        ]),
      );
      expect(parseProxmoxDomains(fileOf(lines.join("\n"))).value).toEqual(
        Object.fromEntries(Object.entries(types).map(([type, realms]) => [type, { ...realms }])),
      );
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      try {
        parseProxmoxDomains(fileOf(text));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
  );
});
