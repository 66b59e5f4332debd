import { normalizeDn, ParseError } from "@espalier/ldap/dn";
import { builtInSchema } from "@espalier/ldap/schema";
import { defineRule } from "../../engine/rule.ts";
import type { LdifFile } from "../../inputs/ldif.ts";
import { type LdifPassword, passwordsIn } from "./ldif-passwords.ts";

export const ldp002 = defineRule({
  id: "LDP002",
  title: "bootstrap would change a password hash already deployed",
  severity: "high",
  profile: "lab",
  reads: ["ldif"],
  fix: "none",
  explanation: `A bootstrap file that is generated again has new salts, so its hashes differ from those that the running directory has, although the passwords may be the same. Loaded into the directory it would change them; not loaded, it misleads: nobody can say any more which password is in force.

What is in force is what the directory has. Keep its hash in the bootstrap file as long as the password verifies, which \`espalier bootstrap\` does by itself, and change a password in the directory (ldappasswd, or the manager), not in the file. A dump of the directory is known by the operational attributes in it, entryUUID or entryCSN.`,
  references: ["slapcat(8)", "ldappasswd(1)", "RFC 3062 (Password Modify)"],
  *find(project) {
    const files = project.of("ldif").map((file) => ({ file, deployed: deployedDns(file) }));
    const inForce = new Map<string, { readonly values: Set<string>; readonly path: string }>();
    for (const { file, deployed } of files) {
      for (const [key, passwords] of passwordsByDn(file)) {
        if (!deployed.has(key)) continue;
        const values = new Set([...(inForce.get(key)?.values ?? []), ...passwords.map(({ value }) => value)]);
        inForce.set(key, { values, path: file.file.path });
      }
    }
    for (const { file, deployed } of files) {
      for (const [key, passwords] of passwordsByDn(file)) {
        const there = inForce.get(key);
        if (there === undefined || deployed.has(key)) continue;
        for (const { dn, location, value } of passwords) {
          if (there.values.has(value)) continue;
          yield {
            subject: dn,
            message: `${dn} would get another password hash than the directory has, of which ${there.path} is a dump`,
            at: location,
            path: `${dn}/userPassword`,
            fix: `Keep the hash that is deployed: run\n    espalier bootstrap PLAN.yaml -o ${file.file.path}\nwhich keeps every hash whose password still verifies. To change the password, change it in the directory:\n    ldappasswd -H ldaps://SERVER -D ADMIN_DN -y ADMIN_PASSWORD_FILE -T NEW_PASSWORD_FILE "${dn}"`,
          };
        }
      }
    }
  },
});

/** Entries that come out of a server: nobody writes these attributes by hand. */
function deployedDns({ records }: LdifFile): ReadonlySet<string> {
  return new Set(
    records.flatMap(({ record }) => {
      if (record.type !== "content") return [];
      const isDumped = record.attributes.some(({ type }) => /^(?:entryUUID|entryCSN|nsUniqueId)$/i.test(type));
      const key = isDumped ? keyOf(record.dn) : undefined;
      return key === undefined ? [] : [key];
    }),
  );
}

function passwordsByDn(file: LdifFile): ReadonlyMap<string, readonly LdifPassword[]> {
  const byDn = new Map<string, LdifPassword[]>();
  for (const password of passwordsIn(file)) {
    const key = keyOf(password.dn);
    if (key === undefined || !/^userPassword$/i.test(password.attribute)) continue;
    const others = byDn.get(key);
    if (others === undefined) byDn.set(key, [password]);
    else others.push(password);
  }
  return byDn;
}

function keyOf(dn: string): string | undefined {
  try {
    return normalizeDn(dn, builtInSchema);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
