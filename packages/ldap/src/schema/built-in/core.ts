/**
 * User applications schema, RFC 4519, with the longer names of X.520 and RFC 2256; also `pseudonym` of X.520, `labeledURI`
 * of RFC 2079, and the `emailAddress` that names of certificates have (RFC 5280 §4.1.2.6).
 */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const text = "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX";
const digits = `EQUALITY numericStringMatch SUBSTR numericStringSubstringsMatch SYNTAX ${SyntaxOid.numericString}`;
const lines = `EQUALITY caseIgnoreListMatch SUBSTR caseIgnoreListSubstringsMatch SYNTAX ${SyntaxOid.postalAddress}`;

const addressing =
  "x121Address $ registeredAddress $ destinationIndicator $ preferredDeliveryMethod $ telexNumber $ " +
  "teletexTerminalIdentifier $ telephoneNumber $ internationalISDNNumber $ facsimileTelephoneNumber $ street $ " +
  "postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ st $ l";
const organizationMay = `userPassword $ searchGuide $ seeAlso $ businessCategory $ ${addressing} $ description`;

export const core: SubschemaDefinitions = {
  attributeTypes: [
    `( 2.5.4.41 NAME 'name' ${text} ${SyntaxOid.directoryString}{32768} )`,
    `( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX ${SyntaxOid.dn} )`,
    "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
    "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
    `( 2.5.4.5 NAME 'serialNumber' ${text} ${SyntaxOid.printableString}{64} )`,
    `( 2.5.4.6 NAME ( 'c' 'countryName' ) SUP name SYNTAX ${SyntaxOid.countryString} SINGLE-VALUE )`,
    "( 2.5.4.7 NAME ( 'l' 'localityName' ) SUP name )",
    "( 2.5.4.8 NAME ( 'st' 'stateOrProvinceName' ) SUP name )",
    `( 2.5.4.9 NAME ( 'street' 'streetAddress' ) ${text} ${SyntaxOid.directoryString}{128} )`,
    "( 2.5.4.10 NAME ( 'o' 'organizationName' ) SUP name )",
    "( 2.5.4.11 NAME ( 'ou' 'organizationalUnitName' ) SUP name )",
    "( 2.5.4.12 NAME 'title' SUP name )",
    `( 2.5.4.13 NAME 'description' ${text} ${SyntaxOid.directoryString}{1024} )`,
    `( 2.5.4.14 NAME 'searchGuide' SYNTAX ${SyntaxOid.guide} )`,
    `( 2.5.4.15 NAME 'businessCategory' ${text} ${SyntaxOid.directoryString}{128} )`,
    `( 2.5.4.16 NAME 'postalAddress' ${lines} )`,
    `( 2.5.4.17 NAME 'postalCode' ${text} ${SyntaxOid.directoryString}{40} )`,
    `( 2.5.4.18 NAME 'postOfficeBox' ${text} ${SyntaxOid.directoryString}{40} )`,
    `( 2.5.4.19 NAME 'physicalDeliveryOfficeName' ${text} ${SyntaxOid.directoryString}{128} )`,
    `( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${SyntaxOid.telephoneNumber}{32} )`,
    `( 2.5.4.21 NAME 'telexNumber' SYNTAX ${SyntaxOid.telexNumber} )`,
    `( 2.5.4.22 NAME 'teletexTerminalIdentifier' SYNTAX ${SyntaxOid.teletexTerminalIdentifier} )`,
    `( 2.5.4.23 NAME ( 'facsimileTelephoneNumber' 'fax' ) SYNTAX ${SyntaxOid.facsimileTelephoneNumber} )`,
    `( 2.5.4.24 NAME 'x121Address' ${digits}{15} )`,
    `( 2.5.4.25 NAME 'internationalISDNNumber' ${digits}{16} )`,
    "( 2.5.4.26 NAME 'registeredAddress' SUP postalAddress )",
    `( 2.5.4.27 NAME 'destinationIndicator' ${text} ${SyntaxOid.printableString}{128} )`,
    `( 2.5.4.28 NAME 'preferredDeliveryMethod' SYNTAX ${SyntaxOid.deliveryMethod} SINGLE-VALUE )`,
    "( 2.5.4.31 NAME 'member' SUP distinguishedName )",
    "( 2.5.4.32 NAME 'owner' SUP distinguishedName )",
    "( 2.5.4.33 NAME 'roleOccupant' SUP distinguishedName )",
    "( 2.5.4.34 NAME 'seeAlso' SUP distinguishedName )",
    `( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX ${SyntaxOid.octetString}{128} )`,
    "( 2.5.4.42 NAME ( 'givenName' 'gn' ) SUP name )",
    "( 2.5.4.43 NAME 'initials' SUP name )",
    "( 2.5.4.44 NAME 'generationQualifier' SUP name )",
    `( 2.5.4.45 NAME 'x500UniqueIdentifier' EQUALITY bitStringMatch SYNTAX ${SyntaxOid.bitString} )`,
    `( 2.5.4.46 NAME 'dnQualifier' EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SyntaxOid.printableString} )`,
    `( 2.5.4.47 NAME 'enhancedSearchGuide' SYNTAX ${SyntaxOid.enhancedGuide} )`,
    `( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch SYNTAX ${SyntaxOid.nameAndOptionalUid} )`,
    `( 2.5.4.51 NAME 'houseIdentifier' ${text} ${SyntaxOid.directoryString}{32768} )`,
    "( 2.5.4.65 NAME 'pseudonym' SUP name )",
    `( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) ${text} ${SyntaxOid.directoryString}{256} )`,
    `( 0.9.2342.19200300.100.1.25 NAME ( 'dc' 'domainComponent' ) EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String} SINGLE-VALUE )`,
    `( 1.2.840.113549.1.9.1 NAME ( 'email' 'emailAddress' 'pkcs9email' ) EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String}{128} )`,
    `( 1.3.6.1.4.1.250.1.57 NAME 'labeledURI' EQUALITY caseExactMatch SYNTAX ${SyntaxOid.directoryString} )`,
  ],
  objectClasses: [
    "( 2.5.6.2 NAME 'country' SUP top STRUCTURAL MUST c MAY ( searchGuide $ description ) )",
    "( 2.5.6.3 NAME 'locality' SUP top STRUCTURAL MAY ( street $ seeAlso $ searchGuide $ st $ l $ description ) )",
    `( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o MAY ( ${organizationMay} ) )`,
    `( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY ( ${organizationMay} ) )`,
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber $ seeAlso $ description ) )",
    `( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ ${addressing} $ ou ) )`,
    `( 2.5.6.8 NAME 'organizationalRole' SUP top STRUCTURAL MUST cn MAY ( ${addressing} $ seeAlso $ roleOccupant $ ou $ description ) )`,
    "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST ( member $ cn ) MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description ) )",
    `( 2.5.6.10 NAME 'residentialPerson' SUP person STRUCTURAL MUST l MAY ( businessCategory $ ${addressing} ) )`,
    "( 2.5.6.11 NAME 'applicationProcess' SUP top STRUCTURAL MUST cn MAY ( seeAlso $ ou $ l $ description ) )",
    "( 2.5.6.14 NAME 'device' SUP top STRUCTURAL MUST cn MAY ( serialNumber $ seeAlso $ owner $ ou $ o $ l $ description ) )",
    "( 2.5.6.17 NAME 'groupOfUniqueNames' SUP top STRUCTURAL MUST ( uniqueMember $ cn ) MAY ( businessCategory $ seeAlso $ owner $ ou $ o $ description ) )",
    "( 1.3.6.1.4.1.1466.344 NAME 'dcObject' SUP top AUXILIARY MUST dc )",
    "( 1.3.6.1.1.3.1 NAME 'uidObject' SUP top AUXILIARY MUST uid )",
    "( 1.3.6.1.4.1.250.3.15 NAME 'labeledURIObject' SUP top AUXILIARY MAY labeledURI )",
  ],
};
