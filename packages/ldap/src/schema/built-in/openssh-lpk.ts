/** Public keys of OpenSSH, as the openssh-lpk patch named them and its users have kept them. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

export const opensshLpk: SubschemaDefinitions = {
  attributeTypes: [
    `( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX ${SyntaxOid.octetString} )`,
  ],
  objectClasses: [
    "( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )",
  ],
};
