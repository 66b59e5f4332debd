/** LDAP clients that are not ours, as a user runs them: OpenLDAP's ldapsearch (Debian: ldap-utils). */
import { runCommand } from "./command.ts";

/** Attribute values by type, as the server spelt both; values in the order they came. */
export interface FoundEntry {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export interface Found {
  /** The result code of the search: ldapsearch ends with it. */
  readonly resultCode: number;
  readonly entries: readonly FoundEntry[];
  /** What ldapsearch said beside the entries. */
  readonly diagnostics: string;
}

export interface LdapsearchOptions {
  readonly base: string;
  readonly scope?: "base" | "one" | "sub";
  readonly filter?: string;
  readonly attributes?: readonly string[];
  /** More options of ldapsearch(1): `["-z", "3"]`. */
  readonly options?: readonly string[];
  /** The PEM file of an authority to trust, for ldaps and StartTLS. */
  readonly authority?: string;
}

/** Searches as anonymous, or as whom `options` says (`-D`, `-w`). */
export async function ldapsearch(url: string, search: LdapsearchOptions): Promise<Found> {
  const { base, scope = "sub", filter = "(objectClass=*)", attributes = [], options = [], authority } = search;
  const output = ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url];
  const { exitCode, stdout, stderr } = await runCommand(
    "ldapsearch",
    [...output, ...options, "-b", base, "-s", scope, filter, ...attributes],
    { environment: { LDAPTLS_CACERT: authority, LDAPTLS_REQCERT: "demand", LDAPRC: undefined, LDAPNOINIT: undefined } },
  );
  return { resultCode: exitCode, entries: parseEntries(stdout), diagnostics: stderr };
}

/** ldapsearch's LDIF, unwrapped: one `type: value` or `type:: base64` a line. */
function parseEntries(ldif: string): FoundEntry[] {
  return ldif
    .split(/\n{2,}/)
    .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith("#")))
    .filter((lines) => /^dn::? ?/.test(lines[0] ?? ""))
    .map((lines) => {
      const [dn, ...values] = lines.map(parseLine);
      const attributes: Record<string, string[]> = {};
      for (const { type, value } of values) {
        attributes[type] ??= [];
        attributes[type].push(value);
      }
      return { dn: dn?.value ?? "", attributes };
    });
}

function parseLine(line: string): { type: string; value: string } {
  const [, type = "", colons, text = ""] = /^([^:]+)(::?) ?(.*)$/.exec(line) ?? [];
  return { type, value: colons === "::" ? Buffer.from(text, "base64").toString() : text };
}
