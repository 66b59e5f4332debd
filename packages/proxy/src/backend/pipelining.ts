/** What servers make of requests that come on a connection while they work on others of it (RFC 4511 §3.1 lets clients send them). */
import type { PartialAttribute } from "@espalier/ldap";

const directory389 = /^(?:389|Red Hat)-Directory\//;

/**
 * Whether a server with this root DSE answers them as fast as if each had come on a connection of its own.
 *
 * 389 Directory Server, which Red Hat Directory Server is made from, may look for 100 ms for one request more while it holds the
 * connection, and so the answers to the others (389ds/389-ds-base#7685).
 */
export function bearsPipelining(rootDse: readonly PartialAttribute[]): boolean {
  const version = rootDse.find(({ type }) => type.toLowerCase() === "vendorversion");
  return !version?.values.some((value) => directory389.test(new TextDecoder().decode(value)));
}
