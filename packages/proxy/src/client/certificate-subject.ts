/** The subject of a client's certificate as the DN that SASL EXTERNAL gives it. RFC 4513 §5.2.3, RFC 4514. */
import type { X509Certificate } from "node:crypto";
import { formatDn, parseDn } from "@espalier/ldap";

/** `undefined` for a subject that is empty or no DN: such a client has no name. */
export function certificateSubject({ subject }: Pick<X509Certificate, "subject">): string | undefined {
  // OpenSSL writes an RDN a line, the most significant first, and ` + ` between the parts of one. Both are certain to be
  // separators: in a value a line feed and a plus sign are escaped.
  const rdns = (subject ?? "").split("\n").map((line) => line.split(" + ").join("+"));
  try {
    const dn = formatDn(parseDn(rdns.reverse().join(",")));
    return dn === "" ? undefined : dn;
  } catch {
    return undefined;
  }
}
