/** Where a server listens: ldap and ldaps URLs of RFC 4516 §2, and ldapi as OpenLDAP has it. */
import { ParseError } from "../error.ts";

export type Endpoint =
  | { readonly scheme: "ldap" | "ldaps"; readonly host: string; readonly port: number }
  | { readonly scheme: "ldapi"; readonly path: string };

const defaultPorts = { ldap: 389, ldaps: 636 };

/**
 * Reads `ldap://host:port`, `ldaps://host:port` or `ldapi://%2Fpath%2Fto%2Fsocket`. No host means localhost.
 *
 * @throws {ParseError} `ERR_URL` also for a URL that goes on with a DN: a connection has no use for it.
 */
export function parseEndpoint(url: string): Endpoint {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ParseError("ERR_URL", `${JSON.stringify(url)} is not a URL; write ldaps://host or ldap://host:389.`, {
      cause,
    });
  }
  const scheme = parsed.protocol.slice(0, -1);
  if (parsed.username !== "" || parsed.password !== "") {
    throw new ParseError("ERR_URL", "The URL of an LDAP server has no user or password; give them to bind().");
  }
  if (!["", "/"].includes(parsed.pathname) || parsed.search !== "" || parsed.hash !== "") {
    throw new ParseError("ERR_URL", "The URL of an LDAP server ends with its port; give the base DN to search().");
  }
  if (scheme === "ldapi") {
    if (parsed.hostname === "") {
      throw new ParseError("ERR_URL", "An ldapi URL names the socket, each / as %2F: ldapi://%2Frun%2Fslapd%2Fldapi.");
    }
    return { scheme, path: decodeURIComponent(parsed.hostname) };
  }
  if (scheme !== "ldap" && scheme !== "ldaps") {
    throw new ParseError("ERR_URL", `${scheme}: is not a scheme of LDAP; write ldaps:, ldap: or ldapi:.`);
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    scheme,
    host: host === "" ? "localhost" : host,
    port: parsed.port === "" ? defaultPorts[scheme] : Number(parsed.port),
  };
}

/** The endpoint as a URL, for messages. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.scheme === "ldapi") return `ldapi://${encodeURIComponent(endpoint.path)}`;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.scheme}://${host}:${endpoint.port}`;
}
