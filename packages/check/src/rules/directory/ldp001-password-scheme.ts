import { defineRule } from "../../engine/rule.ts";
import { passwordsIn, strengthOf } from "./ldif-passwords.ts";

const better = `Make a hash that is slow on purpose, and put it in the place of this value:
    slappasswd -o module-load=argon2 -h '{ARGON2}' -T PASSWORD_FILE        # OpenLDAP 2.5 and later, moduleload argon2
    slappasswd -o module-load=pw-pbkdf2 -h '{PBKDF2-SHA512}' -T PASSWORD_FILE   # OpenLDAP, moduleload pw-pbkdf2
    pwdhash -s PBKDF2-SHA512 PASSWORD                                       # 389 Directory Server
or let \`espalier bootstrap\` write the file: it takes passwords from files and keeps hashes that still verify.`;

export const ldp001 = defineRule({
  id: "LDP001",
  title: "password is stored in a weak form",
  severity: "critical",
  profile: "lab",
  reads: ["ldif"],
  fix: "none",
  explanation: `Whoever reads an LDIF file (a backup, a repository, a container's layer) reads the passwords in it. In clear text they are simply there; MD5, SHA-1 without salt and DES are guessed by the billion a second; SSHA is salted, which only keeps one guess from serving for all.

ARGON2 and PBKDF2 cost an attacker real time and memory for each guess. OpenLDAP knows them once the module is loaded, 389 Directory Server knows PBKDF2 by itself. Where a server knows no better than SSHA, stay with that and keep the file to its owner. A password that has been in a repository in clear text must be changed.`,
  references: [
    "RFC 2307, section 5.3 (userPassword)",
    "RFC 9106 (Argon2), section 4",
    "OpenLDAP Administrator's Guide, 14.4 “Password Storage”",
    "NIST SP 800-63B-4, section 3.1.1.2",
  ],
  *find(project, { profile }) {
    for (const file of project.of("ldif")) {
      for (const { dn, attribute, value, location } of passwordsIn(file)) {
        const strength = strengthOf(value);
        const found = { subject: dn, at: location, path: `${dn}/${attribute}` };
        if (strength.kind === "clear") {
          yield {
            ...found,
            message: `${dn} has its password in clear text`,
            fix: `${better}\nThe password itself is known to whoever has read the file: change it.`,
          };
        } else if (strength.kind === "broken") {
          yield {
            ...found,
            severity: "high",
            message: `${dn} has its password as ${strength.scheme}, which is guessed quickly`,
            fix: better,
          };
        } else if (strength.kind === "fast" && profile !== "lab") {
          yield {
            ...found,
            severity: "low",
            message: `${dn} has its password as ${strength.scheme}, which is salted and fast to guess`,
            fix: `${better}\nWhere the server knows no better, keep it, with mode 0600 on the file.`,
          };
        }
      }
    }
  },
});
