/** Password policy, draft-behera-ldap-password-policy-10 §5: the policy's attributes, and the state a server keeps with an entry. */
import type { SubschemaDefinitions } from "../schema.ts";
import { SyntaxOid } from "../syntax-oid.ts";

const arc = "1.3.6.1.4.1.42.2.27.8";
const integer = `EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SyntaxOid.integer} SINGLE-VALUE`;
const boolean = `EQUALITY booleanMatch SYNTAX ${SyntaxOid.boolean} SINGLE-VALUE`;
const time = `EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${SyntaxOid.generalizedTime}`;
const maintained = "NO-USER-MODIFICATION USAGE directoryOperation";

export const ppolicy: SubschemaDefinitions = {
  attributeTypes: [
    `( ${arc}.1.1 NAME 'pwdAttribute' EQUALITY objectIdentifierMatch SYNTAX ${SyntaxOid.oid} )`,
    `( ${arc}.1.2 NAME 'pwdMinAge' ${integer} )`,
    `( ${arc}.1.3 NAME 'pwdMaxAge' ${integer} )`,
    `( ${arc}.1.4 NAME 'pwdInHistory' ${integer} )`,
    `( ${arc}.1.5 NAME 'pwdCheckQuality' ${integer} )`,
    `( ${arc}.1.6 NAME 'pwdMinLength' ${integer} )`,
    `( ${arc}.1.7 NAME 'pwdExpireWarning' ${integer} )`,
    `( ${arc}.1.8 NAME 'pwdGraceAuthNLimit' ${integer} )`,
    `( ${arc}.1.9 NAME 'pwdLockout' ${boolean} )`,
    `( ${arc}.1.10 NAME 'pwdLockoutDuration' ${integer} )`,
    `( ${arc}.1.11 NAME 'pwdMaxFailure' ${integer} )`,
    `( ${arc}.1.12 NAME 'pwdFailureCountInterval' ${integer} )`,
    `( ${arc}.1.13 NAME 'pwdMustChange' ${boolean} )`,
    `( ${arc}.1.14 NAME 'pwdAllowUserChange' ${boolean} )`,
    `( ${arc}.1.15 NAME 'pwdSafeModify' ${boolean} )`,
    `( ${arc}.1.16 NAME 'pwdChangedTime' ${time} SINGLE-VALUE ${maintained} )`,
    `( ${arc}.1.17 NAME 'pwdAccountLockedTime' ${time} SINGLE-VALUE USAGE directoryOperation )`,
    `( ${arc}.1.19 NAME 'pwdFailureTime' ${time} ${maintained} )`,
    `( ${arc}.1.20 NAME 'pwdHistory' EQUALITY octetStringMatch SYNTAX ${SyntaxOid.octetString} ${maintained} )`,
    `( ${arc}.1.21 NAME 'pwdGraceUseTime' ${time} ${maintained} )`,
    `( ${arc}.1.22 NAME 'pwdReset' ${boolean} USAGE directoryOperation )`,
    `( ${arc}.1.23 NAME 'pwdPolicySubentry' EQUALITY distinguishedNameMatch SYNTAX ${SyntaxOid.dn} SINGLE-VALUE USAGE directoryOperation )`,
    `( ${arc}.1.24 NAME 'pwdMinDelay' ${integer} )`,
    `( ${arc}.1.25 NAME 'pwdMaxDelay' ${integer} )`,
    `( ${arc}.1.26 NAME 'pwdMaxIdle' ${integer} )`,
    `( ${arc}.1.27 NAME 'pwdStartTime' ${time} SINGLE-VALUE USAGE directoryOperation )`,
    `( ${arc}.1.28 NAME 'pwdEndTime' ${time} SINGLE-VALUE USAGE directoryOperation )`,
    `( ${arc}.1.29 NAME 'pwdLastSuccess' ${time} SINGLE-VALUE ${maintained} )`,
    `( ${arc}.1.30 NAME 'pwdGraceExpiry' ${integer} )`,
    `( ${arc}.1.31 NAME 'pwdMaxLength' ${integer} )`,
  ],
  objectClasses: [
    `( ${arc}.2.1 NAME 'pwdPolicy' SUP top AUXILIARY MUST pwdAttribute MAY ( pwdMinAge $ pwdMaxAge $ pwdInHistory $ pwdCheckQuality $ pwdMinLength $ pwdMaxLength $ pwdExpireWarning $ pwdGraceAuthNLimit $ pwdGraceExpiry $ pwdLockout $ pwdLockoutDuration $ pwdMaxFailure $ pwdFailureCountInterval $ pwdMustChange $ pwdAllowUserChange $ pwdSafeModify $ pwdMinDelay $ pwdMaxDelay $ pwdMaxIdle ) )`,
  ],
};
