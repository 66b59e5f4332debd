import { defineRule } from "../../engine/rule.ts";
import { passwordsIn, strengthOf } from "./ldif-passwords.ts";
import { type TargetServer, targetServersOf, unknownScheme } from "./target-server.ts";

const better = `Make a hash that is slow on purpose, and put it in the place of this value:
    slappasswd -o module-load=argon2 -h '{ARGON2}' -T PASSWORD_FILE        # OpenLDAP 2.5 and later, moduleload argon2
    slappasswd -o module-load=pw-pbkdf2 -h '{PBKDF2-SHA512}' -T PASSWORD_FILE   # OpenLDAP, moduleload pw-pbkdf2
    pwdhash -s PBKDF2-SHA512 PASSWORD                                       # 389 Directory Server
or let \`espalier bootstrap\` write the file: it takes passwords from files and keeps hashes that still verify.`;

const crypt = `What crypt(3) made ($2b$…, $6$…, $y$…) goes behind {CRYPT}, what Argon2 made ($argon2id$…) behind {ARGON2}. {CRYPT} is the crypt(3) of the server's own system: that of Debian 11 and later knows bcrypt, SHA-crypt and yescrypt, that of Alpine no yescrypt.`;

export const ldp001 = defineRule({
  id: "LDP001",
  title: "password is stored in a weak form",
  severity: "critical",
  profile: "lab",
  reads: ["ldif"],
  fix: "none",
  explanation: `Whoever reads an LDIF file (a backup, a repository, a container's layer) reads the passwords in it. In clear text they are simply there; MD5, SHA-1 without salt and DES are guessed by the billion a second; SSHA is salted, which only keeps one guess from serving for all.

ARGON2 and PBKDF2 cost an attacker real time and memory for each guess. OpenLDAP knows them once the module is loaded, 389 Directory Server knows PBKDF2 by itself. Where a server knows no better than SSHA, stay with that and keep the file to its owner.

Of a scheme that it does not know a server lets nobody in: {BCRYPT} or Dovecot's {BLF-CRYPT} and {SHA512-CRYPT} in OpenLDAP and in 389 Directory Server, {ARGON2} in the latter, yescrypt where crypt(3) is that of Alpine. A hash without a scheme is to it a password in clear text: who has read the file logs in with the hash. Which server it is, is taken from what only one of them writes (\`entryCSN\`, \`olc…\`, \`nsUniqueId\`, \`nsslapd-…\`), else from the images of compose services.

A password that has been in a repository in clear text must be changed.`,
  references: [
    "RFC 2307, section 5.3 (userPassword)",
    "RFC 9106 (Argon2), section 4",
    "OpenLDAP Administrator's Guide, 14.4 “Password Storage”",
    "NIST SP 800-63B-4, section 3.1.1.2",
  ],
  *find(project, { profile }) {
    for (const file of project.of("ldif")) {
      let targets: readonly TargetServer[] | undefined;
      for (const { dn, attribute, value, location } of passwordsIn(file)) {
        const strength = strengthOf(value);
        const found = { subject: dn, at: location, path: `${dn}/${attribute}` };
        if (strength.kind === "clear") {
          yield {
            ...found,
            message: `${dn} has its password in clear text`,
            fix: `${better}\nThe password itself is known to whoever has read the file: change it.`,
          };
        } else if (strength.kind === "bare") {
          yield {
            ...found,
            message: `${dn} has a hash without its scheme as its password, with which anybody logs in who has read it`,
            fix: `${crypt}\nThe hash is known to whoever has read the file: change the password.`,
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
        } else if (strength.kind === "sound") {
          targets ??= targetServersOf(file, project);
          const scheme = unknownScheme(value, targets);
          if (scheme === undefined) continue;
          const names = targets.map(({ name }) => name);
          const who = names.length === 1 ? `${names[0]} does not know` : `neither ${names.join(" nor ")} knows`;
          yield {
            ...found,
            severity: "high",
            message: `${dn} has its password as ${scheme}, which ${who}: nobody can log in with it`,
            fix: `${crypt}\n${better}`,
          };
        }
      }
    }
  },
});
