/** Messages with secrets in every place where LDAP has them, and the clients that send them. */
import {
  type LdapMessage,
  Oid,
  type PartialAttribute,
  type ProtocolOp,
  parseFilter,
  passwordModifyRequest,
  passwordModifyResponse,
  type SearchRequest,
} from "@espalier/ldap";
import type { Frame } from "../../src/frame/frame.ts";
import type { ClientFacts } from "../../src/observe/operation-record.ts";
import { frameOf } from "../frame/arbitrary-frame.ts";

export const ipv4Client: ClientFacts = {
  id: 7,
  address: "10.0.5.7",
  port: 40_000,
  localAddress: "10.0.0.1",
  localPort: 389,
  listener: "ldap://0.0.0.0:389",
  tls: undefined,
};

export const ipv6Client: ClientFacts = {
  id: 8,
  address: "2001:db8::7",
  port: 40_001,
  localAddress: "2001:db8::1",
  localPort: 636,
  listener: "ldaps://[::]:636",
  tls: { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
};

/** Written nowhere, in any form. */
export const secret = "Tr0ub4dor";
const secretBytes = Buffer.from(secret);
const success = { resultCode: 0, matchedDn: "", diagnosticMessage: "", referral: [] };
const ann = "uid=ann,ou=people,dc=example,dc=com";

export function attribute(type: string, ...values: string[]): PartialAttribute {
  return { type, values: values.map((value) => Buffer.from(value)) };
}

export function searchFor(filter: string, baseObject = "dc=example,dc=com"): SearchRequest {
  return {
    type: "searchRequest",
    baseObject,
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: parseFilter(filter),
    attributes: ["cn", "userPassword"],
  };
}

export function frame(messageId: number, protocolOp: ProtocolOp, controls: LdapMessage["controls"] = []): Frame {
  return frameOf({ messageId, protocolOp, controls }, 3, 2);
}

const secretControl = { controlType: Oid.assertion, criticality: true, controlValue: secretBytes };
const saslCredentials = { type: "sasl", mechanism: "PLAIN", credentials: secretBytes } as const;

/** Each holds the secret at least once. */
export const secretMessages: Readonly<Record<string, Frame>> = {
  "a simple bind": frame(1, {
    type: "bindRequest",
    version: 3,
    name: ann,
    authentication: { type: "simple", password: secretBytes },
  }),
  "SASL credentials": frame(2, { type: "bindRequest", version: 3, name: "", authentication: saslCredentials }),
  "the server's SASL credentials": frame(3, { type: "bindResponse", ...success, serverSaslCreds: secretBytes }),
  "a filter": frame(4, searchFor(`(&(uid=ann)(!(|(userPassword=${secret})(2.5.4.35>=${secret}))))`)),
  "substrings of a filter": frame(5, searchFor(`(unicodePwd=${secret}*${secret}*${secret})`)),
  "an extensible match on any attribute": frame(6, searchFor(`(:caseExactMatch:=${secret})`)),
  "an extensible match on a password": frame(7, searchFor(`(userPassword;x-a:octetStringMatch:=${secret})`)),
  "an entry that is found": frame(8, {
    type: "searchResultEntry",
    objectName: ann,
    attributes: [attribute("cn", "Ann"), attribute("userPassword", secret, `{CLEAR}${secret}`)],
  }),
  "an entry that is added": frame(9, {
    type: "addRequest",
    entry: ann,
    attributes: [attribute("USERPASSWORD;lang-de", secret), attribute("sambaNTPassword", secret)],
  }),
  "a modification": frame(10, {
    type: "modifyRequest",
    object: ann,
    changes: [
      { operation: "delete", modification: attribute("unicodePwd", secret) },
      { operation: "add", modification: attribute("1.2.840.113556.1.4.90", secret) },
    ],
  }),
  "a comparison": frame(11, { type: "compareRequest", entry: ann, attribute: "userPassword", value: secretBytes }),
  "Password Modify": frame(
    12,
    passwordModifyRequest({ userIdentity: ann, oldPasswd: secretBytes, newPasswd: secretBytes }),
  ),
  "a password that the server made": frame(13, passwordModifyResponse(success, secretBytes)),
  "an extended operation that nobody knows": frame(14, {
    type: "extendedRequest",
    requestName: "1.2.3.4",
    requestValue: secretBytes,
  }),
  "its intermediate response": frame(15, {
    type: "intermediateResponse",
    responseName: "1.2.3.4",
    responseValue: secretBytes,
  }),
  "a control that may hold values": frame(16, { type: "delRequest", entry: ann }, [secretControl]),
};
