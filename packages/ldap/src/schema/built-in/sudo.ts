/** Rules of sudo in a directory, as sudoers.ldap(5) describes them. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const exact = `EQUALITY caseExactIA5Match SYNTAX ${SyntaxOid.ia5String}`;
const time = `EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${SyntaxOid.generalizedTime}`;

export const sudo: SubschemaDefinitions = {
  attributeTypes: [
    `( 1.3.6.1.4.1.15953.9.1.1 NAME 'sudoUser' EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch SYNTAX ${SyntaxOid.directoryString} )`,
    `( 1.3.6.1.4.1.15953.9.1.2 NAME 'sudoHost' EQUALITY caseExactIA5Match SUBSTR caseExactIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String} )`,
    `( 1.3.6.1.4.1.15953.9.1.3 NAME 'sudoCommand' ${exact} )`,
    `( 1.3.6.1.4.1.15953.9.1.4 NAME 'sudoRunAs' ${exact} )`,
    `( 1.3.6.1.4.1.15953.9.1.5 NAME 'sudoOption' ${exact} )`,
    `( 1.3.6.1.4.1.15953.9.1.6 NAME 'sudoRunAsUser' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} )`,
    `( 1.3.6.1.4.1.15953.9.1.7 NAME 'sudoRunAsGroup' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} )`,
    `( 1.3.6.1.4.1.15953.9.1.8 NAME 'sudoNotBefore' ${time} )`,
    `( 1.3.6.1.4.1.15953.9.1.9 NAME 'sudoNotAfter' ${time} )`,
    `( 1.3.6.1.4.1.15953.9.1.10 NAME 'sudoOrder' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SyntaxOid.integer} )`,
  ],
  objectClasses: [
    "( 1.3.6.1.4.1.15953.9.2.1 NAME 'sudoRole' SUP top STRUCTURAL MUST cn MAY ( sudoUser $ sudoHost $ sudoCommand $ sudoRunAs $ sudoRunAsUser $ sudoRunAsGroup $ sudoOption $ sudoOrder $ sudoNotBefore $ sudoNotAfter $ description ) )",
  ],
};
