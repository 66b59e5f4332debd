/** X.509 certificates, RFC 4523. The certificate rules are named but not performed: such assertions are Undefined. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const certificate = `EQUALITY certificateExactMatch SYNTAX ${SyntaxOid.certificate}`;
const list = `EQUALITY certificateListExactMatch SYNTAX ${SyntaxOid.certificateList}`;

export const pki: SubschemaDefinitions = {
  attributeTypes: [
    `( 2.5.4.36 NAME 'userCertificate' ${certificate} )`,
    `( 2.5.4.37 NAME 'cACertificate' ${certificate} )`,
    `( 2.5.4.38 NAME 'authorityRevocationList' ${list} )`,
    `( 2.5.4.39 NAME 'certificateRevocationList' ${list} )`,
    `( 2.5.4.40 NAME 'crossCertificatePair' EQUALITY certificatePairExactMatch SYNTAX ${SyntaxOid.certificatePair} )`,
    `( 2.5.4.52 NAME 'supportedAlgorithms' EQUALITY algorithmIdentifierMatch SYNTAX ${SyntaxOid.supportedAlgorithm} )`,
    `( 2.5.4.53 NAME 'deltaRevocationList' ${list} )`,
  ],
  objectClasses: [
    "( 2.5.6.21 NAME 'pkiUser' SUP top AUXILIARY MAY userCertificate )",
    "( 2.5.6.22 NAME 'pkiCA' SUP top AUXILIARY MAY ( cACertificate $ certificateRevocationList $ authorityRevocationList $ crossCertificatePair ) )",
    "( 2.5.6.19 NAME 'cRLDistributionPoint' SUP top STRUCTURAL MUST cn MAY ( certificateRevocationList $ authorityRevocationList $ deltaRevocationList ) )",
    "( 2.5.6.23 NAME 'deltaCRL' SUP top AUXILIARY MAY deltaRevocationList )",
    "( 2.5.6.15 NAME 'strongAuthenticationUser' SUP top AUXILIARY MUST userCertificate )",
    "( 2.5.6.18 NAME 'userSecurityInformation' SUP top AUXILIARY MAY supportedAlgorithms )",
    "( 2.5.6.16 NAME 'certificationAuthority' SUP top AUXILIARY MUST ( authorityRevocationList $ certificateRevocationList $ cACertificate ) MAY crossCertificatePair )",
    "( 2.5.6.16.2 NAME 'certificationAuthority-V2' SUP certificationAuthority AUXILIARY MAY deltaRevocationList )",
  ],
};
