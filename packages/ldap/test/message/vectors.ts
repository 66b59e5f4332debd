/**
 * Messages beside their bytes. Those marked OpenLDAP were recorded from its tools and from slapd 2.5.13; the others were
 * written by hand.
 */
import type { LdapMessage, LdapResult, ProtocolOp } from "../../src/message/message.ts";
import { utf8, wire } from "../ber/wire.ts";

export interface Vector {
  readonly title: string;
  readonly bytes: string;
  readonly message: LdapMessage;
}

const success: LdapResult = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };

function vector(title: string, bytes: string, messageId: number, protocolOp: ProtocolOp): Vector {
  return { title, bytes, message: { messageId, protocolOp, controls: [] } };
}

export const vectors: readonly Vector[] = [
  vector(
    "§4.2 bind request, simple (OpenLDAP)",
    "30 2c  02 01 01  60 27  02 01 03  04 1a 'cn=admin,dc=example,dc=com'  80 06 'secret'",
    1,
    {
      type: "bindRequest",
      version: 3,
      name: "cn=admin,dc=example,dc=com",
      authentication: { type: "simple", password: utf8("secret") },
    },
  ),
  vector("§4.2 bind request, anonymous (OpenLDAP)", "30 0c  02 01 01  60 07  02 01 03  04 00  80 00", 1, {
    type: "bindRequest",
    version: 3,
    name: "",
    authentication: { type: "simple", password: utf8("") },
  }),
  vector(
    "§4.2 bind request, SASL without credentials (OpenLDAP, DIGEST-MD5)",
    "30 18  02 01 01  60 13  02 01 03  04 00  a3 0c 04 0a 'DIGEST-MD5'",
    1,
    {
      type: "bindRequest",
      version: 3,
      name: "",
      authentication: { type: "sasl", mechanism: "DIGEST-MD5", credentials: undefined },
    },
  ),
  vector(
    "§4.2 bind request, SASL with empty credentials",
    "30 18  02 01 01  60 13  02 01 03  04 00  a3 0c 04 08 'EXTERNAL' 04 00",
    1,
    {
      type: "bindRequest",
      version: 3,
      name: "",
      authentication: { type: "sasl", mechanism: "EXTERNAL", credentials: utf8("") },
    },
  ),
  vector("§4.2.2 bind response (OpenLDAP)", "30 0c  02 01 01  61 07  0a 01 00  04 00  04 00", 1, {
    type: "bindResponse",
    ...success,
    serverSaslCreds: undefined,
  }),
  vector(
    "§4.2.2 bind response with serverSaslCreds",
    "30 14  02 01 01  61 0f  0a 01 0e  04 00  04 00  87 06 'abcdef'",
    1,
    { type: "bindResponse", ...success, resultCode: 14, serverSaslCreds: utf8("abcdef") },
  ),
  vector("§4.3 unbind request (OpenLDAP)", "30 05  02 01 03  42 00", 3, { type: "unbindRequest" }),
  vector(
    "§4.1.9, §4.1.10 search result done with a referral",
    "30 33  02 01 02  65 2e  0a 01 0a  04 04 'dc=x'  04 02 'no'  a3 1f  04 09 'ldap://a/'  04 12 'ldaps://b/dc=x?sub'",
    2,
    {
      type: "searchResultDone",
      resultCode: 10,
      matchedDn: "dc=x",
      diagnosticMessage: "no",
      referral: ["ldap://a/", "ldaps://b/dc=x?sub"],
    },
  ),
  vector(
    "§4.5.1 search request for the root DSE (OpenLDAP)",
    "30 25  02 01 02  63 20  04 00  0a 01 00  0a 01 00  02 01 00  02 01 00  01 01 00  87 0b 'objectclass'  30 00",
    2,
    {
      type: "searchRequest",
      baseObject: "",
      scope: "baseObject",
      derefAliases: "neverDerefAliases",
      sizeLimit: 0,
      timeLimit: 0,
      typesOnly: false,
      filter: { type: "present", attribute: "objectclass" },
      attributes: [],
    },
  ),
  vector(
    "§4.5.1 search request with every filter, limits and a selection (OpenLDAP)",
    `30 81 c7  02 01 02  63 81 c1  04 11 'dc=example,dc=com'  0a 01 02  0a 01 02  02 01 64  02 01 1e  01 01 ff
     a0 81 8b
       a1 1b  a4 10 04 03 'uid' 30 09 80 01 'a' 81 01 'b' 82 01 'c'  a3 07 04 02 'cn' 04 01 'x'
       a2 09  a5 07 04 02 'sn' 04 01 'm'
       a6 08 04 03 'age' 04 01 '9'
       87 04 'mail'
       a8 09 04 02 'cn' 04 03 'jon'
       a9 1d 81 0e 'caseExactMatch' 82 02 'cn' 83 04 'Fred' 84 01 ff
       a9 10 81 08 '2.5.13.5' 83 01 'x' 84 01 ff
       a9 07 82 02 'sn' 83 01 'y'
       a4 08 04 01 'o' 30 03 82 01 'z'
       a0 00
       a1 00
     30 0f  04 02 'cn'  04 01 '*'  04 01 '+'  04 03 '1.1'`,
    2,
    {
      type: "searchRequest",
      baseObject: "dc=example,dc=com",
      scope: "wholeSubtree",
      derefAliases: "derefFindingBaseObj",
      sizeLimit: 100,
      timeLimit: 30,
      typesOnly: true,
      filter: {
        type: "and",
        filters: [
          {
            type: "or",
            filters: [
              { type: "substrings", attribute: "uid", initial: utf8("a"), any: [utf8("b")], final: utf8("c") },
              { type: "equalityMatch", attribute: "cn", value: utf8("x") },
            ],
          },
          { type: "not", filter: { type: "greaterOrEqual", attribute: "sn", value: utf8("m") } },
          { type: "lessOrEqual", attribute: "age", value: utf8("9") },
          { type: "present", attribute: "mail" },
          { type: "approxMatch", attribute: "cn", value: utf8("jon") },
          {
            type: "extensibleMatch",
            matchingRule: "caseExactMatch",
            attribute: "cn",
            value: utf8("Fred"),
            dnAttributes: true,
          },
          {
            type: "extensibleMatch",
            matchingRule: "2.5.13.5",
            attribute: undefined,
            value: utf8("x"),
            dnAttributes: true,
          },
          {
            type: "extensibleMatch",
            matchingRule: undefined,
            attribute: "sn",
            value: utf8("y"),
            dnAttributes: false,
          },
          { type: "substrings", attribute: "o", initial: undefined, any: [], final: utf8("z") },
          { type: "and", filters: [] },
          { type: "or", filters: [] },
        ],
      },
      attributes: ["cn", "*", "+", "1.1"],
    },
  ),
  vector(
    "§4.5.2 search result entry (OpenLDAP)",
    "30 22  02 01 02  64 1d  04 0c 'uid=bob,dc=x'  30 0d  30 0b 04 02 'cn' 31 05 04 03 'Bob'",
    2,
    {
      type: "searchResultEntry",
      objectName: "uid=bob,dc=x",
      attributes: [{ type: "cn", values: [utf8("Bob")] }],
    },
  ),
  vector(
    "§4.5.2 search result entry, types only (OpenLDAP)",
    "30 26  02 01 02  64 21  04 0c 'uid=bob,dc=x'  30 11  30 07 04 03 'uid' 31 00  30 06 04 02 'cn' 31 00",
    2,
    {
      type: "searchResultEntry",
      objectName: "uid=bob,dc=x",
      attributes: [
        { type: "uid", values: [] },
        { type: "cn", values: [] },
      ],
    },
  ),
  vector("§4.5.2 search result entry of no attributes (OpenLDAP)", "30 09  02 01 02  64 04  04 00  30 00", 2, {
    type: "searchResultEntry",
    objectName: "",
    attributes: [],
  }),
  vector("§4.5.2 search result done (OpenLDAP)", "30 10  02 01 02  65 0b  0a 01 20  04 04 'dc=x'  04 00", 2, {
    type: "searchResultDone",
    ...success,
    resultCode: 32,
    matchedDn: "dc=x",
  }),
  vector("§4.5.3 search result reference", "30 1d  02 01 02  73 18  04 09 'ldap://a/'  04 0b 'ldap://b/cn'", 2, {
    type: "searchResultReference",
    uris: ["ldap://a/", "ldap://b/cn"],
  }),
  vector(
    "§4.6 modify request of all operations; RFC 4525 increment (OpenLDAP)",
    `30 64  02 01 02  66 5f  04 0c 'uid=bob,dc=x'  30 4f
       30 17  0a 01 00  30 12 04 04 'mail' 31 0a 04 03 'a@x' 04 03 'b@x'
       30 0b  0a 01 01  30 06 04 02 'sn' 31 00
       30 10  0a 01 02  30 0b 04 02 'cn' 31 05 04 03 'Bob'
       30 15  0a 01 03  30 10 04 09 'uidNumber' 31 03 04 01 '1'`,
    2,
    {
      type: "modifyRequest",
      object: "uid=bob,dc=x",
      changes: [
        { operation: "add", modification: { type: "mail", values: [utf8("a@x"), utf8("b@x")] } },
        { operation: "delete", modification: { type: "sn", values: [] } },
        { operation: "replace", modification: { type: "cn", values: [utf8("Bob")] } },
        { operation: "increment", modification: { type: "uidNumber", values: [utf8("1")] } },
      ],
    },
  ),
  vector("§4.6 modify response", "30 0c  02 01 02  67 07  0a 01 7a  04 00  04 00", 2, {
    type: "modifyResponse",
    ...success,
    resultCode: 122,
  }),
  vector(
    "§4.7 add request (OpenLDAP)",
    `30 3f  02 01 02  68 3a  04 0c 'uid=bob,dc=x'  30 2a
       30 1c 04 0b 'objectClass' 31 0d 04 03 'top' 04 06 'person'
       30 0a 04 02 'cn' 31 04 04 02 c3 a9`,
    2,
    {
      type: "addRequest",
      entry: "uid=bob,dc=x",
      attributes: [
        { type: "objectClass", values: [utf8("top"), utf8("person")] },
        { type: "cn", values: [utf8("é")] },
      ],
    },
  ),
  vector("§4.7 add response", "30 0c  02 01 02  69 07  0a 01 44  04 00  04 00", 2, {
    type: "addResponse",
    ...success,
    resultCode: 68,
  }),
  vector("§4.8 delete request (OpenLDAP)", "30 11  02 01 02  4a 0c 'uid=bob,dc=x'", 2, {
    type: "delRequest",
    entry: "uid=bob,dc=x",
  }),
  vector("§4.8 delete response", "30 0c  02 01 02  6b 07  0a 01 42  04 00  04 00", 2, {
    type: "delResponse",
    ...success,
    resultCode: 66,
  }),
  vector(
    "§4.9 modify DN request with newSuperior (OpenLDAP)",
    "30 2c  02 01 02  6c 27  04 0c 'uid=bob,dc=x'  04 07 'uid=rob'  01 01 ff  80 0b 'ou=new,dc=x'",
    2,
    {
      type: "modifyDnRequest",
      entry: "uid=bob,dc=x",
      newRdn: "uid=rob",
      deleteOldRdn: true,
      newSuperior: "ou=new,dc=x",
    },
  ),
  vector(
    "§4.9 modify DN request to the root of the tree is not the same as none",
    "30 0f  02 01 02  6c 0a  04 01 'a'  04 00  01 01 00  80 00",
    2,
    { type: "modifyDnRequest", entry: "a", newRdn: "", deleteOldRdn: false, newSuperior: "" },
  ),
  vector("§4.9 modify DN response", "30 0c  02 01 02  6d 07  0a 01 00  04 00  04 00", 2, {
    type: "modifyDnResponse",
    ...success,
  }),
  vector(
    "§4.10 compare request (OpenLDAP)",
    "30 20  02 01 02  6e 1b  04 0c 'uid=bob,dc=x'  30 0b 04 02 'sn' 04 05 'Smith'",
    2,
    { type: "compareRequest", entry: "uid=bob,dc=x", attribute: "sn", value: utf8("Smith") },
  ),
  vector("§4.10 compare response", "30 0c  02 01 02  6f 07  0a 01 06  04 00  04 00", 2, {
    type: "compareResponse",
    ...success,
    resultCode: 6,
  }),
  vector("§4.11 abandon request", "30 07  02 02 01 00  50 01 05", 256, {
    type: "abandonRequest",
    messageId: 5,
  }),
  vector(
    "§4.12 extended request without a value (OpenLDAP)",
    "30 1e  02 01 02  77 19  80 17 '1.3.6.1.4.1.4203.1.11.3'",
    2,
    { type: "extendedRequest", requestName: "1.3.6.1.4.1.4203.1.11.3", requestValue: undefined },
  ),
  vector(
    "§4.12 extended request with a value (OpenLDAP, Cancel)",
    "30 19  02 01 02  77 14  80 0b '1.3.6.1.1.8'  81 05 30 03 02 01 05",
    2,
    { type: "extendedRequest", requestName: "1.3.6.1.1.8", requestValue: wire("30 03 02 01 05") },
  ),
  vector(
    "§4.12 extended response with a value and no name (OpenLDAP, Who am I?)",
    "30 1e  02 01 02  78 19  0a 01 00  04 00  04 00  8b 10 'dn:cn=admin,dc=x'",
    2,
    {
      type: "extendedResponse",
      ...success,
      responseName: undefined,
      responseValue: utf8("dn:cn=admin,dc=x"),
    },
  ),
  vector(
    "§4.12 extended response with an empty value (OpenLDAP)",
    "30 0e  02 01 02  78 09  0a 01 00  04 00  04 00  8b 00",
    2,
    {
      type: "extendedResponse",
      ...success,
      responseName: undefined,
      responseValue: utf8(""),
    },
  ),
  vector(
    "§4.4.1 notice of disconnection, an unsolicited notification",
    "30 24  02 01 00  78 1f  0a 01 34  04 00  04 00  8a 16 '1.3.6.1.4.1.1466.20036'",
    0,
    {
      type: "extendedResponse",
      ...success,
      resultCode: 52,
      responseName: "1.3.6.1.4.1.1466.20036",
      responseValue: undefined,
    },
  ),
  vector("§4.13 intermediate response", "30 1f  02 01 02  79 1a  80 07 '1.2.3.4'  81 0f '123456789012345'", 2, {
    type: "intermediateResponse",
    responseName: "1.2.3.4",
    responseValue: utf8("123456789012345"),
  }),
  vector("§4.13 intermediate response of neither name nor value", "30 05  02 01 02  79 00", 2, {
    type: "intermediateResponse",
    responseName: undefined,
    responseValue: undefined,
  }),
  {
    title: "§4.1.11 controls: with and without criticality and value (OpenLDAP, SSSD)",
    bytes: `30 81 88  02 01 02  42 00  a0 81 80
       30 1f 04 0c '1.3.6.1.1.12' 01 01 ff 04 0c a3 0a 04 03 'uid' 04 03 'bob'
       30 22 04 17 '2.16.840.1.113730.3.4.2' 01 01 ff 04 04 'abcd'
       30 1b 04 19 '1.3.6.1.4.1.42.2.27.8.5.1'
       30 1c 04 16 '1.2.840.113556.1.4.319' 04 02 '00'`,
    message: {
      messageId: 2,
      protocolOp: { type: "unbindRequest" },
      controls: [
        { controlType: "1.3.6.1.1.12", criticality: true, controlValue: wire("a3 0a 04 03 'uid' 04 03 'bob'") },
        { controlType: "2.16.840.1.113730.3.4.2", criticality: true, controlValue: utf8("abcd") },
        { controlType: "1.3.6.1.4.1.42.2.27.8.5.1", criticality: false, controlValue: undefined },
        { controlType: "1.2.840.113556.1.4.319", criticality: false, controlValue: utf8("00") },
      ],
    },
  },
];
