/** inetOrgPerson, RFC 2798, and the two attribute types of RFC 1274 that it refers to. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const text = `EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SyntaxOid.directoryString}`;

export const inetOrgPerson: SubschemaDefinitions = {
  attributeTypes: [
    `( 2.16.840.1.113730.3.1.1 NAME 'carLicense' ${text} )`,
    `( 2.16.840.1.113730.3.1.2 NAME 'departmentNumber' ${text} )`,
    `( 2.16.840.1.113730.3.1.241 NAME 'displayName' ${text} SINGLE-VALUE )`,
    `( 2.16.840.1.113730.3.1.3 NAME 'employeeNumber' ${text} SINGLE-VALUE )`,
    `( 2.16.840.1.113730.3.1.4 NAME 'employeeType' ${text} )`,
    `( 2.16.840.1.113730.3.1.39 NAME 'preferredLanguage' ${text} SINGLE-VALUE )`,
    `( 2.16.840.1.113730.3.1.40 NAME 'userSMIMECertificate' SYNTAX ${SyntaxOid.binary} )`,
    `( 2.16.840.1.113730.3.1.216 NAME 'userPKCS12' SYNTAX ${SyntaxOid.binary} )`,
    `( 0.9.2342.19200300.100.1.60 NAME 'jpegPhoto' SYNTAX ${SyntaxOid.jpeg} )`,
    `( 0.9.2342.19200300.100.1.7 NAME 'photo' SYNTAX ${SyntaxOid.fax} )`,
    `( 0.9.2342.19200300.100.1.55 NAME 'audio' SYNTAX ${SyntaxOid.audio} )`,
  ],
  objectClasses: [
    "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( audio $ businessCategory $ carLicense $ departmentNumber $ displayName $ employeeNumber $ employeeType $ givenName $ homePhone $ homePostalAddress $ initials $ jpegPhoto $ labeledURI $ mail $ manager $ mobile $ o $ pager $ photo $ preferredLanguage $ roomNumber $ secretary $ uid $ userCertificate $ userPKCS12 $ userSMIMECertificate $ x500UniqueIdentifier ) )",
  ],
};
