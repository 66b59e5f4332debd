/** Who may do everything in a directory: the names that servers come with, and the root DNs that files of slapd set. */
import { type Ava, dnKey, ParseError, parseDn } from "@espalier/ldap/dn";
import { builtInSchema } from "@espalier/ldap/schema";
import type { Project } from "../../engine/project.ts";

/** Of the first RDN, in lower case. */
const adminNames: readonly (readonly [type: string, names: readonly string[]])[] = [
  ["cn", ["admin", "manager", "directory manager", "root", "administrator", "config"]],
  ["uid", ["admin", "root", "administrator"]],
];

/** Also for the names that Active Directory takes in place of a DN. */
export function isAdministrator(name: string, rootDns: ReadonlySet<string>): boolean {
  if (/^(?:[^\\@=]+\\)?administrator(?:@[^=]+)?$/i.test(name)) return true;
  if (rootDns.has(dnKey(name, builtInSchema) ?? "")) return true;
  const first = firstAva(name);
  if (first === undefined) return false;
  const value = String(first.value).trim().toLowerCase();
  return adminNames.some(([type, names]) => first.type.toLowerCase() === type && names.includes(value));
}

/** Keys of the DNs that slapd.conf, cn=config in LDIF, and the variables of directory images name. */
export function rootDnsOf(project: Project): ReadonlySet<string> {
  const inFiles = project.of("file").flatMap(({ path, text }) => {
    if (/slapd[^/]*\.conf$/.test(path)) return [...text.matchAll(/^\s*rootdn\s+"?([^"\n]+?)"?\s*$/gim)];
    return /\.ldif$/.test(path) ? [...text.matchAll(/^olcRootDN:[^\S\n]*([^\n]+)$/gim)] : [];
  });
  const inServices = project
    .of("compose")
    .flatMap(({ services }) =>
      services.flatMap(({ environment }) =>
        environment.filter(({ name }) => /^LDAP_(?:CONFIG_)?ADMIN_DN$/.test(name)).map(({ value = "" }) => value),
      ),
    );
  const texts = [...inFiles.map(([, text = ""]) => text.trim()), ...inServices];
  return new Set(texts.flatMap((text) => dnKey(text, builtInSchema) || []));
}

function firstAva(dn: string): Ava | undefined {
  try {
    return parseDn(dn)[0]?.[0];
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
