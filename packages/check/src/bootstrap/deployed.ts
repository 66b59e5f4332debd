/** What is deployed already: the file that a bootstrap wrote before, and the directory that runs. */
import { readFileSync } from "node:fs";
import { builtInSchema, LdifParseError, normalizeDn, ParseError, parseLdif } from "@espalier/ldap";
import { BootstrapError } from "./bootstrap-error.ts";

/** What stands in its place in the directory that runs. */
export type LiveAccount =
  | { readonly kind: "absent" }
  /** What it has could be read. */
  | { readonly kind: "hash"; readonly values: readonly string[] }
  | { readonly kind: "bound" }
  | { readonly kind: "refused" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface LiveDirectory {
  /** Binds as the account where its hash cannot be read. */
  look(dn: string, password: Uint8Array, isAdministrator: boolean): Promise<LiveAccount>;
}

/** The passwords of a file by the names of their entries, as {@link nameKey} has them; without one an entry has none. */
export type DeployedFile = ReadonlyMap<string, { readonly dn: string; readonly values: readonly string[] }>;

/** Two spellings of one name are one. */
export function nameKey(dn: string): string {
  try {
    return normalizeDn(dn, builtInSchema);
  } catch (error) {
    if (error instanceof ParseError) return dn;
    throw error;
  }
}

/** Nothing where the file is not there. @throws {BootstrapError} for one that cannot be read, or is something else. */
export function readDeployedFile(path: string): { readonly text: string; readonly entries: DeployedFile } | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new BootstrapError(`${path}, which is to be written, cannot be read (${code})`);
  }
  return { text, entries: parseDeployed(text, path) };
}

function parseDeployed(text: string, path: string): DeployedFile {
  const entries = new Map<string, { dn: string; values: readonly string[] }>();
  try {
    for (const { record } of parseLdif(text)) {
      if (record.type !== "content")
        throw new BootstrapError(`${path} has changes in it: it was written by something else; choose another file`);
      const password = record.attributes.find(({ type }) => /^(?:userPassword|2\.5\.4\.35)$/i.test(type));
      const values = (password?.values ?? []).map((value) => Buffer.from(value).toString());
      entries.set(nameKey(record.dn), { dn: record.dn, values });
    }
  } catch (error) {
    if (!(error instanceof LdifParseError)) throw error;
    throw new BootstrapError(`${path} is there and is not LDIF (line ${error.line}); choose another file`);
  }
  return entries;
}
