/** ldap.conf(5) of the OpenLDAP library, and the file of the same name and form that nss_ldap and pam_ldap read. */
import { posix } from "node:path";
import { ConfigNode } from "./config-node.ts";
import { defineFormat } from "./format.ts";
import { linesOf, valueNode } from "./ini.ts";
import { InputError, type SourceFile } from "./source-file.ts";

const names: ReadonlySet<string> = new Set([
  "ldap.conf",
  "ldaprc",
  ".ldaprc",
  "pam_ldap.conf",
  "libnss-ldap.conf",
  "nss_ldap.conf",
]);

export const ldapConfFormat = defineFormat({
  kind: "ldapConf",
  // Apache's mod_ldap has files of this name, too.
  recognizes: ({ path, text }) => names.has(posix.basename(path)) && !/^\s*(?:<|LoadModule\b|AuthLDAP)/im.test(text),
  parse: (file) => [{ file, root: parseKeywords(file) }],
});

/**
 * Lines of a keyword, blanks and a value; the keywords in lower case. One that is there several times is a list of its values.
 *
 * @throws {InputError} for a keyword without a value.
 */
export function parseKeywords(file: SourceFile): ConfigNode {
  const keywords = new Map<string, ConfigNode[]>();
  for (const line of linesOf(file)) {
    if (line.text.trim() === "" || /^\s*#/.test(line.text)) continue;
    const start = line.text.length - line.text.trimStart().length;
    const keyword = /\S+/.exec(line.text)![0];
    const end = start + keyword.length;
    const at = line.locate(start, keyword.length);
    if (line.text.slice(end).trim() === "") throw new InputError("this line has a name and no value", at);
    const name = keyword.toLowerCase();
    keywords.set(name, [...(keywords.get(name) ?? []), valueNode([name], line, end, at)]);
  }
  const content = new Map(
    [...keywords].map(([name, values]) => {
      const [first] = values;
      if (values.length === 1) return [name, first!];
      const { location, keyLocation } = first!;
      return [name, new ConfigNode({ path: [name], sourcePath: [name], location, keyLocation, content: values })];
    }),
  );
  return new ConfigNode({ path: [], sourcePath: [], location: file.locate(0, file.text.length), content });
}

/** What was written for a keyword, each time. */
export function valuesOf(root: ConfigNode, keyword: string): readonly ConfigNode[] {
  const node = root.get(keyword);
  if (node === undefined) return [];
  return node.kind === "list" ? node.items() : [node];
}
