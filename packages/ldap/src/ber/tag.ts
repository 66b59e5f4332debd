/** BER identifier octets that LDAP uses, each a single octet. X.690 §8.1.2; RFC 4511 §5.1. */

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const OCTET_STRING = 0x04;
export const NULL = 0x05;
export const ENUMERATED = 0x0a;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** Added to a tag number: `[n]` IMPLICIT of a primitive type, `[n]` of a constructed one, and the same for `[APPLICATION n]`. */
export const CONTEXT = 0x80;
export const CONTEXT_CONSTRUCTED = 0xa0;
export const APPLICATION = 0x40;
export const APPLICATION_CONSTRUCTED = 0x60;

/** An identifier octet as the error texts show it: `0x30`. */
export function tagText(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
