/** COSINE schema, RFC 4524. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const text = `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SyntaxOid.directoryString}`;
const ia5 = `EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX ${SyntaxOid.ia5String}`;
const name = `EQUALITY distinguishedNameMatch SYNTAX ${SyntaxOid.dn}`;
const telephone = `EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${SyntaxOid.telephoneNumber}`;

const domainMay =
  "userPassword $ searchGuide $ seeAlso $ businessCategory $ x121Address $ registeredAddress $ destinationIndicator $ " +
  "preferredDeliveryMethod $ telexNumber $ teletexTerminalIdentifier $ telephoneNumber $ internationalISDNNumber $ " +
  "facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ st $ l $ " +
  "description $ o $ associatedName";

export const cosine: SubschemaDefinitions = {
  attributeTypes: [
    `( 0.9.2342.19200300.100.1.37 NAME 'associatedDomain' ${ia5} )`,
    `( 0.9.2342.19200300.100.1.38 NAME 'associatedName' ${name} )`,
    `( 0.9.2342.19200300.100.1.48 NAME 'buildingName' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.43 NAME ( 'co' 'friendlyCountryName' ) ${text} )`,
    `( 0.9.2342.19200300.100.1.14 NAME 'documentAuthor' ${name} )`,
    `( 0.9.2342.19200300.100.1.11 NAME 'documentIdentifier' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.15 NAME 'documentLocation' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.56 NAME 'documentPublisher' ${text} )`,
    `( 0.9.2342.19200300.100.1.12 NAME 'documentTitle' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.13 NAME 'documentVersion' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.5 NAME ( 'drink' 'favouriteDrink' ) ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.20 NAME ( 'homePhone' 'homeTelephoneNumber' ) ${telephone} )`,
    `( 0.9.2342.19200300.100.1.39 NAME 'homePostalAddress' EQUALITY caseIgnoreListMatch SUBSTR caseIgnoreListSubstringsMatch SYNTAX ${SyntaxOid.postalAddress} )`,
    `( 0.9.2342.19200300.100.1.9 NAME 'host' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.4 NAME 'info' ${text}{2048} )`,
    `( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) ${ia5}{256} )`,
    `( 0.9.2342.19200300.100.1.10 NAME 'manager' ${name} )`,
    `( 0.9.2342.19200300.100.1.41 NAME ( 'mobile' 'mobileTelephoneNumber' ) ${telephone} )`,
    `( 0.9.2342.19200300.100.1.45 NAME 'organizationalStatus' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.42 NAME ( 'pager' 'pagerTelephoneNumber' ) ${telephone} )`,
    `( 0.9.2342.19200300.100.1.40 NAME 'personalTitle' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.6 NAME 'roomNumber' ${text}{256} )`,
    `( 0.9.2342.19200300.100.1.21 NAME 'secretary' ${name} )`,
    `( 0.9.2342.19200300.100.1.44 NAME 'uniqueIdentifier' EQUALITY caseIgnoreMatch SYNTAX ${SyntaxOid.directoryString}{256} )`,
    `( 0.9.2342.19200300.100.1.8 NAME 'userClass' ${text}{256} )`,
  ],
  objectClasses: [
    "( 0.9.2342.19200300.100.4.5 NAME 'account' SUP top STRUCTURAL MUST uid MAY ( description $ seeAlso $ l $ o $ ou $ host ) )",
    "( 0.9.2342.19200300.100.4.6 NAME 'document' SUP top STRUCTURAL MUST documentIdentifier MAY ( cn $ description $ seeAlso $ l $ o $ ou $ documentTitle $ documentVersion $ documentAuthor $ documentLocation $ documentPublisher ) )",
    "( 0.9.2342.19200300.100.4.9 NAME 'documentSeries' SUP top STRUCTURAL MUST cn MAY ( description $ l $ o $ ou $ seeAlso $ telephoneNumber ) )",
    `( 0.9.2342.19200300.100.4.13 NAME 'domain' SUP top STRUCTURAL MUST dc MAY ( ${domainMay} ) )`,
    "( 0.9.2342.19200300.100.4.17 NAME 'domainRelatedObject' SUP top AUXILIARY MUST associatedDomain )",
    "( 0.9.2342.19200300.100.4.18 NAME 'friendlyCountry' SUP country STRUCTURAL MUST co )",
    "( 0.9.2342.19200300.100.4.14 NAME 'rFC822LocalPart' SUP domain STRUCTURAL MAY ( cn $ description $ destinationIndicator $ facsimileTelephoneNumber $ internationalISDNNumber $ physicalDeliveryOfficeName $ postalAddress $ postalCode $ postOfficeBox $ preferredDeliveryMethod $ registeredAddress $ seeAlso $ sn $ street $ telephoneNumber $ teletexTerminalIdentifier $ telexNumber $ x121Address ) )",
    "( 0.9.2342.19200300.100.4.7 NAME 'room' SUP top STRUCTURAL MUST cn MAY ( roomNumber $ description $ seeAlso $ telephoneNumber ) )",
    "( 0.9.2342.19200300.100.4.19 NAME 'simpleSecurityObject' SUP top AUXILIARY MUST userPassword )",
  ],
};
