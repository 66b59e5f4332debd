/**
 * Network information service, RFC 2307, with the ordering rules that OpenLDAP adds to uidNumber and gidNumber; and the
 * changes of draft-howard-rfc2307bis-02 that let one entry be a groupOfNames and a posixGroup.
 */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const integer = `EQUALITY integerMatch SYNTAX ${SyntaxOid.integer} SINGLE-VALUE`;
const orderedInteger = `EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SyntaxOid.integer} SINGLE-VALUE`;
const exact = `EQUALITY caseExactIA5Match SYNTAX ${SyntaxOid.ia5String}`;
const exactWithSubstrings = `EQUALITY caseExactIA5Match SUBSTR caseExactIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String}`;
const ia5 = `EQUALITY caseIgnoreIA5Match SYNTAX ${SyntaxOid.ia5String}`;

export const nis: SubschemaDefinitions = {
  attributeTypes: [
    `( 1.3.6.1.1.1.1.0 NAME 'uidNumber' ${orderedInteger} )`,
    `( 1.3.6.1.1.1.1.1 NAME 'gidNumber' ${orderedInteger} )`,
    `( 1.3.6.1.1.1.1.2 NAME 'gecos' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.3 NAME 'homeDirectory' ${exact} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.4 NAME 'loginShell' ${exact} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.5 NAME 'shadowLastChange' ${integer} )`,
    `( 1.3.6.1.1.1.1.6 NAME 'shadowMin' ${integer} )`,
    `( 1.3.6.1.1.1.1.7 NAME 'shadowMax' ${integer} )`,
    `( 1.3.6.1.1.1.1.8 NAME 'shadowWarning' ${integer} )`,
    `( 1.3.6.1.1.1.1.9 NAME 'shadowInactive' ${integer} )`,
    `( 1.3.6.1.1.1.1.10 NAME 'shadowExpire' ${integer} )`,
    `( 1.3.6.1.1.1.1.11 NAME 'shadowFlag' ${integer} )`,
    `( 1.3.6.1.1.1.1.12 NAME 'memberUid' ${exactWithSubstrings} )`,
    `( 1.3.6.1.1.1.1.13 NAME 'memberNisNetgroup' ${exactWithSubstrings} )`,
    `( 1.3.6.1.1.1.1.14 NAME 'nisNetgroupTriple' SYNTAX ${SyntaxOid.nisNetgroupTriple} )`,
    `( 1.3.6.1.1.1.1.15 NAME 'ipServicePort' ${integer} )`,
    "( 1.3.6.1.1.1.1.16 NAME 'ipServiceProtocol' SUP name )",
    `( 1.3.6.1.1.1.1.17 NAME 'ipProtocolNumber' ${integer} )`,
    `( 1.3.6.1.1.1.1.18 NAME 'oncRpcNumber' ${integer} )`,
    `( 1.3.6.1.1.1.1.19 NAME 'ipHostNumber' ${ia5}{128} )`,
    `( 1.3.6.1.1.1.1.20 NAME 'ipNetworkNumber' ${ia5}{128} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.21 NAME 'ipNetmaskNumber' ${ia5}{128} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.22 NAME 'macAddress' ${ia5}{128} )`,
    `( 1.3.6.1.1.1.1.23 NAME 'bootParameter' SYNTAX ${SyntaxOid.bootParameter} )`,
    `( 1.3.6.1.1.1.1.24 NAME 'bootFile' ${exact} )`,
    "( 1.3.6.1.1.1.1.26 NAME 'nisMapName' SUP name )",
    `( 1.3.6.1.1.1.1.27 NAME 'nisMapEntry' ${exactWithSubstrings}{1024} SINGLE-VALUE )`,
  ],
  objectClasses: [
    "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ uidNumber $ gidNumber $ homeDirectory ) MAY ( userPassword $ loginShell $ gecos $ description ) )",
    "( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ shadowLastChange $ shadowMin $ shadowMax $ shadowWarning $ shadowInactive $ shadowExpire $ shadowFlag $ description ) )",
    "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top STRUCTURAL MUST ( cn $ gidNumber ) MAY ( userPassword $ memberUid $ description ) )",
    "( 1.3.6.1.1.1.2.3 NAME 'ipService' SUP top STRUCTURAL MUST ( cn $ ipServicePort $ ipServiceProtocol ) MAY description )",
    "( 1.3.6.1.1.1.2.4 NAME 'ipProtocol' SUP top STRUCTURAL MUST ( cn $ ipProtocolNumber ) MAY description )",
    "( 1.3.6.1.1.1.2.5 NAME 'oncRpc' SUP top STRUCTURAL MUST ( cn $ oncRpcNumber ) MAY description )",
    "( 1.3.6.1.1.1.2.6 NAME 'ipHost' SUP top AUXILIARY MUST ( cn $ ipHostNumber ) MAY ( l $ description $ manager ) )",
    "( 1.3.6.1.1.1.2.7 NAME 'ipNetwork' SUP top STRUCTURAL MUST ( cn $ ipNetworkNumber ) MAY ( ipNetmaskNumber $ l $ description $ manager ) )",
    "( 1.3.6.1.1.1.2.8 NAME 'nisNetgroup' SUP top STRUCTURAL MUST cn MAY ( nisNetgroupTriple $ memberNisNetgroup $ description ) )",
    "( 1.3.6.1.1.1.2.9 NAME 'nisMap' SUP top STRUCTURAL MUST nisMapName MAY description )",
    "( 1.3.6.1.1.1.2.10 NAME 'nisObject' SUP top STRUCTURAL MUST ( cn $ nisMapEntry $ nisMapName ) MAY description )",
    "( 1.3.6.1.1.1.2.11 NAME 'ieee802Device' SUP top AUXILIARY MAY macAddress )",
    "( 1.3.6.1.1.1.2.12 NAME 'bootableDevice' SUP top AUXILIARY MAY ( bootFile $ bootParameter ) )",
  ],
};

const exactText = `EQUALITY caseExactMatch SUBSTR caseExactSubstringsMatch SYNTAX ${SyntaxOid.directoryString}`;
const text = `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SyntaxOid.directoryString}`;

/**
 * Behind `nis`: takes the place of definitions of its own. Names of people and members may be written beyond ASCII here; the
 * substrings rules are those that the types have in `nis`, which the draft leaves out.
 */
export const rfc2307bis: SubschemaDefinitions = {
  attributeTypes: [
    `( 1.3.6.1.1.1.1.2 NAME 'gecos' ${text} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.12 NAME 'memberUid' ${exactText} )`,
    `( 1.3.6.1.1.1.1.13 NAME 'memberNisNetgroup' ${exactText} )`,
    `( 1.3.6.1.1.1.1.14 NAME 'nisNetgroupTriple' ${text} )`,
    `( 1.3.6.1.1.1.1.27 NAME 'nisMapEntry' ${exactText}{1024} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.28 NAME 'nisPublicKey' EQUALITY octetStringMatch SYNTAX ${SyntaxOid.octetString} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.29 NAME 'nisSecretKey' EQUALITY octetStringMatch SYNTAX ${SyntaxOid.octetString} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.30 NAME 'nisDomain' ${ia5}{256} )`,
    `( 1.3.6.1.1.1.1.31 NAME 'automountMapName' ${exactText} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.32 NAME 'automountKey' ${exactText} SINGLE-VALUE )`,
    `( 1.3.6.1.1.1.1.33 NAME 'automountInformation' ${exactText} SINGLE-VALUE )`,
  ],
  objectClasses: [
    "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST gidNumber MAY ( userPassword $ memberUid $ description ) )",
    "( 1.3.6.1.1.1.2.6 NAME 'ipHost' SUP top AUXILIARY MUST ( cn $ ipHostNumber ) MAY ( userPassword $ l $ description $ manager ) )",
    "( 1.3.6.1.1.1.2.14 NAME 'nisKeyObject' SUP top AUXILIARY MUST ( cn $ nisPublicKey $ nisSecretKey ) MAY ( uidNumber $ description ) )",
    "( 1.3.6.1.1.1.2.15 NAME 'nisDomainObject' SUP top AUXILIARY MUST nisDomain )",
    "( 1.3.6.1.1.1.2.16 NAME 'automountMap' SUP top STRUCTURAL MUST automountMapName MAY description )",
    "( 1.3.6.1.1.1.2.17 NAME 'automount' SUP top STRUCTURAL MUST ( automountKey $ automountInformation ) MAY description )",
    "( 1.3.6.1.1.1.2.18 NAME 'groupOfMembers' SUP top STRUCTURAL MUST cn MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description $ member ) )",
  ],
};
