/** Schemas that need no server: the definitions an LDAP server of users and groups is expected to have. */
import { core } from "./built-in/core.ts";
import { cosine } from "./built-in/cosine.ts";
import { inetOrgPerson } from "./built-in/inetorgperson.ts";
import { nis } from "./built-in/nis.ts";
import { opensshLpk } from "./built-in/openssh-lpk.ts";
import { operational } from "./built-in/operational.ts";
import { pki } from "./built-in/pki.ts";
import { ppolicy } from "./built-in/ppolicy.ts";
import { sudo } from "./built-in/sudo.ts";
import { ldapSyntaxes } from "./built-in/syntaxes.ts";
import { formatMatchingRule } from "./format-definition.ts";
import { joinDefinitions, Schema } from "./schema.ts";

const matchingRules = new Schema({}).matchingRules.map(({ oid, name, syntax }) =>
  formatMatchingRule({ oid, names: [name], description: undefined, obsolete: false, syntax, extensions: [] }),
);

/**
 * RFC 4512, 4519, 4523, 4524, 2798 and 2307, the OpenSSH public key, sudo and password policy schemas. A posixGroup is
 * structural, so it cannot also be a groupOfNames: see `rfc2307bisSchema`.
 */
export const builtInSchema: Schema = new Schema(
  joinDefinitions([
    { ldapSyntaxes, matchingRules },
    operational,
    core,
    pki,
    cosine,
    inetOrgPerson,
    nis,
    opensshLpk,
    sudo,
    ppolicy,
  ]),
);
