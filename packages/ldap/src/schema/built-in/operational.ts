/**
 * What a server says of itself and of its entries: RFC 4512 §2.4, §3.4, §4.2 and §5.1, RFC 3045, RFC 3296, RFC 3672,
 * RFC 4530, RFC 5020, X.501 hasSubordinates, and memberOf as OpenLDAP and 389-DS publish it.
 */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const name = `EQUALITY distinguishedNameMatch SYNTAX ${SyntaxOid.dn}`;
const oid = `EQUALITY objectIdentifierMatch SYNTAX ${SyntaxOid.oid}`;
const time = `EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${SyntaxOid.generalizedTime}`;
const described = "EQUALITY objectIdentifierFirstComponentMatch SYNTAX";
const maintained = "NO-USER-MODIFICATION USAGE directoryOperation";

export const operational: SubschemaDefinitions = {
  attributeTypes: [
    `( 2.5.4.0 NAME 'objectClass' ${oid} )`,
    `( 2.5.4.1 NAME ( 'aliasedObjectName' 'aliasedEntryName' ) ${name} SINGLE-VALUE )`,
    `( 2.5.18.1 NAME 'createTimestamp' ${time} SINGLE-VALUE ${maintained} )`,
    `( 2.5.18.2 NAME 'modifyTimestamp' ${time} SINGLE-VALUE ${maintained} )`,
    `( 2.5.18.3 NAME 'creatorsName' ${name} SINGLE-VALUE ${maintained} )`,
    `( 2.5.18.4 NAME 'modifiersName' ${name} SINGLE-VALUE ${maintained} )`,
    `( 2.5.18.5 NAME 'administrativeRole' ${oid} USAGE directoryOperation )`,
    `( 2.5.18.6 NAME 'subtreeSpecification' SYNTAX ${SyntaxOid.subtreeSpecification} SINGLE-VALUE USAGE directoryOperation )`,
    `( 2.5.18.9 NAME 'hasSubordinates' EQUALITY booleanMatch SYNTAX ${SyntaxOid.boolean} SINGLE-VALUE ${maintained} )`,
    `( 2.5.18.10 NAME 'subschemaSubentry' ${name} SINGLE-VALUE ${maintained} )`,
    `( 2.5.21.9 NAME 'structuralObjectClass' ${oid} SINGLE-VALUE ${maintained} )`,
    `( 2.5.21.10 NAME 'governingStructureRule' EQUALITY integerMatch SYNTAX ${SyntaxOid.integer} SINGLE-VALUE ${maintained} )`,
    `( 1.3.6.1.1.16.4 NAME 'entryUUID' EQUALITY UUIDMatch ORDERING UUIDOrderingMatch SYNTAX ${SyntaxOid.uuid} SINGLE-VALUE ${maintained} )`,
    `( 1.3.6.1.1.20 NAME 'entryDN' ${name} SINGLE-VALUE ${maintained} )`,
    `( 1.2.840.113556.1.2.102 NAME 'memberOf' ${name} NO-USER-MODIFICATION USAGE dSAOperation )`,
    `( 2.5.21.1 NAME 'dITStructureRules' EQUALITY integerFirstComponentMatch SYNTAX ${SyntaxOid.ditStructureRuleDescription} USAGE directoryOperation )`,
    `( 2.5.21.2 NAME 'dITContentRules' ${described} ${SyntaxOid.ditContentRuleDescription} USAGE directoryOperation )`,
    `( 2.5.21.4 NAME 'matchingRules' ${described} ${SyntaxOid.matchingRuleDescription} USAGE directoryOperation )`,
    `( 2.5.21.5 NAME 'attributeTypes' ${described} ${SyntaxOid.attributeTypeDescription} USAGE directoryOperation )`,
    `( 2.5.21.6 NAME 'objectClasses' ${described} ${SyntaxOid.objectClassDescription} USAGE directoryOperation )`,
    `( 2.5.21.7 NAME 'nameForms' ${described} ${SyntaxOid.nameFormDescription} USAGE directoryOperation )`,
    `( 2.5.21.8 NAME 'matchingRuleUse' ${described} ${SyntaxOid.matchingRuleUseDescription} USAGE directoryOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.16 NAME 'ldapSyntaxes' ${described} ${SyntaxOid.ldapSyntaxDescription} USAGE directoryOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.5 NAME 'namingContexts' ${name} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.6 NAME 'altServer' SYNTAX ${SyntaxOid.ia5String} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.7 NAME 'supportedExtension' SYNTAX ${SyntaxOid.oid} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.13 NAME 'supportedControl' SYNTAX ${SyntaxOid.oid} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.14 NAME 'supportedSASLMechanisms' SYNTAX ${SyntaxOid.directoryString} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.1466.101.120.15 NAME 'supportedLDAPVersion' SYNTAX ${SyntaxOid.integer} USAGE dSAOperation )`,
    `( 1.3.6.1.4.1.4203.1.3.5 NAME 'supportedFeatures' ${oid} USAGE dSAOperation )`,
    `( 1.3.6.1.1.4 NAME 'vendorName' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )`,
    `( 1.3.6.1.1.5 NAME 'vendorVersion' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )`,
    `( 2.16.840.1.113730.3.1.34 NAME 'ref' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} USAGE distributedOperation )`,
  ],
  objectClasses: [
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.1 NAME 'alias' SUP top STRUCTURAL MUST aliasedObjectName )",
    "( 2.5.17.0 NAME 'subentry' SUP top STRUCTURAL MUST ( cn $ subtreeSpecification ) )",
    "( 2.5.20.1 NAME 'subschema' AUXILIARY MAY ( dITStructureRules $ nameForms $ dITContentRules $ objectClasses $ attributeTypes $ matchingRules $ matchingRuleUse ) )",
    "( 1.3.6.1.4.1.1466.101.120.111 NAME 'extensibleObject' SUP top AUXILIARY )",
    "( 2.16.840.1.113730.3.2.6 NAME 'referral' SUP top STRUCTURAL MUST ref )",
  ],
};
