/** Password Modify: change a password without knowing how the server stores it. RFC 3062. */
import { CONTEXT, SEQUENCE } from "../ber/tag.ts";
import { encodeBer } from "../ber/writer.ts";
import type { ExtendedRequest, ExtendedResponse, LdapResult } from "../message/message.ts";
import { Oid } from "../oid.ts";
import { checkName, readExtendedValue } from "./extended-value.ts";

const USER_IDENTITY = CONTEXT | 0;
const OLD_PASSWD = CONTEXT | 1;
const NEW_PASSWD = CONTEXT | 2;
const GEN_PASSWD = CONTEXT | 0;

/**
 * `userIdentity`: whose password, mostly a DN; `undefined` is the user of the connection. `oldPasswd`: the present one, where
 * the server wants it. `newPasswd`: `undefined` asks the server to make one up. Passwords are octets, UTF-8 by custom.
 */
export interface PasswordModify {
  readonly userIdentity: string | undefined;
  readonly oldPasswd: Uint8Array | undefined;
  readonly newPasswd: Uint8Array | undefined;
}

/** PasswdModifyRequestValue ::= SEQUENCE { userIdentity [0], oldPasswd [1], newPasswd [2], all OCTET STRING OPTIONAL } */
export function passwordModifyRequest({ userIdentity, oldPasswd, newPasswd }: PasswordModify): ExtendedRequest {
  const requestValue = encodeBer((writer) => {
    const start = writer.begin(SEQUENCE);
    if (userIdentity !== undefined) writer.writeText(userIdentity, USER_IDENTITY);
    if (oldPasswd !== undefined) writer.writeOctets(oldPasswd, OLD_PASSWD);
    if (newPasswd !== undefined) writer.writeOctets(newPasswd, NEW_PASSWD);
    writer.end(start);
  });
  return { type: "extendedRequest", requestName: Oid.passwordModify, requestValue };
}

/** No value at all is a request with none of the three (§2). @throws ParseError `ERR_MESSAGE`. */
export function decodePasswordModifyRequest({ requestName, requestValue }: ExtendedRequest): PasswordModify {
  checkName(requestName, Oid.passwordModify, "Password Modify request");
  if (requestValue === undefined) return { userIdentity: undefined, oldPasswd: undefined, newPasswd: undefined };
  return readExtendedValue(requestValue, "Password Modify request", (reader) => {
    const outer = reader.enter(SEQUENCE);
    const userIdentity = reader.peek() === USER_IDENTITY ? reader.readText(USER_IDENTITY) : undefined;
    const oldPasswd = reader.peek() === OLD_PASSWD ? reader.readOctets(OLD_PASSWD) : undefined;
    const newPasswd = reader.peek() === NEW_PASSWD ? reader.readOctets(NEW_PASSWD) : undefined;
    reader.leave(outer);
    return { userIdentity, oldPasswd, newPasswd };
  });
}

/**
 * `genPasswd`: the password that the server made up, only when the request had no newPasswd. There is no responseName.
 * PasswdModifyResponseValue ::= SEQUENCE { genPasswd [0] OCTET STRING OPTIONAL }
 */
export function passwordModifyResponse(result: LdapResult, genPasswd: Uint8Array | undefined): ExtendedResponse {
  const responseValue =
    genPasswd === undefined
      ? undefined
      : encodeBer((writer) => {
          const start = writer.begin(SEQUENCE);
          writer.writeOctets(genPasswd, GEN_PASSWD);
          writer.end(start);
        });
  return { type: "extendedResponse", ...result, responseName: undefined, responseValue };
}

/** The password that the server made up, or `undefined`. @throws ParseError `ERR_MESSAGE`. */
export function decodePasswordModifyResponse({ responseValue }: ExtendedResponse): Uint8Array | undefined {
  if (responseValue === undefined) return undefined;
  return readExtendedValue(responseValue, "Password Modify response", (reader) => {
    const outer = reader.enter(SEQUENCE);
    const genPasswd = reader.peek() === GEN_PASSWD ? reader.readOctets(GEN_PASSWD) : undefined;
    reader.leave(outer);
    return genPasswd;
  });
}
