/** A program that is configured to speak to directory servers, whatever program and whatever form its configuration has. */
import type { JsonValue, Severity } from "@espalier/service";
import type { Edit } from "../../../engine/edit.ts";
import type { ConfigNode } from "../../../inputs/config-node.ts";
import type { Place } from "../place.ts";

export interface LdapClient {
  /** The file or the service: what findings are grouped by. */
  readonly subject: string;
  /** How a sentence begins that is about it: `domain corp of SSSD`. */
  readonly name: string;
  /** Whether it runs in a container, so that names of services mean them. */
  readonly isContainer: boolean;
  readonly servers: readonly ConfiguredServer[];
  /** Set where it does not check certificates. */
  readonly unverified?: Unverified;
  /** The DN it binds as before anybody logs in. */
  readonly account?: { readonly place: Place; readonly dn: string; readonly fix: string };
  /** Set where it could be told of more servers: how. */
  readonly redundancy?: { readonly place: Place; readonly fix: string };
  /** How long it waits for the answer to a bind. */
  readonly bindTimeout?: BindTimeout;
}

export interface ConfiguredServer {
  readonly place: Place;
  /** As findings show it, without credentials. */
  readonly url: string;
  readonly host: string;
  readonly isEncrypted: boolean;
  /** Set: many servers are found by this one name. */
  readonly isDiscovered?: boolean;
  /** What makes it encrypted, where it is not. */
  readonly fix: string;
  /** Where clear text is not certain. */
  readonly severity?: Severity;
}

export interface Unverified {
  readonly place: Place;
  /** Continues `… does not check the certificates of its servers`: `ldap_tls_reqcert is never`. */
  readonly because: string;
  readonly value?: JsonValue;
  readonly fix: string;
  readonly severity?: Severity;
}

interface BindTimeout {
  readonly place: Place;
  readonly option: string;
  readonly ms: number;
  readonly isDefault: boolean;
  fix(seconds: number): string;
  edit(seconds: number): Edit;
}

/** `ldap://host:port`, `ldaps://…`, `ldapi://…`; undefined for anything else. */
export function parseLdapUrl(
  text: string,
): { readonly scheme: string; readonly host: string; readonly url: string } | undefined {
  const match = /^(ldaps?|ldapi):\/\/(?:[^@/?]*@)?(\[[^\]]*\]|[^:/?]*)(:\d+)?/i.exec(text.trim());
  if (match === null) return undefined;
  const [, scheme = "", host = "", port = ""] = match;
  return { scheme: scheme.toLowerCase(), host: host.toLowerCase(), url: `${scheme.toLowerCase()}://${host}${port}` };
}

/** The same server by ldaps: the port of ldap goes with it. */
export function asLdaps(url: string): string {
  return url.replace(/^ldap:/, "ldaps:").replace(/:389$/, "");
}

/** Sets an option of a file of lines: in the place of its value, or as a new line after the one of `after`. */
export function lineEdit(node: ConfigNode | undefined, after: ConfigNode, text: string, line: string): Edit {
  if (node !== undefined) return { kind: "replace", at: node.location, text };
  const { end } = after.location;
  const column = after.location.column + (end - after.location.start);
  return { kind: "replace", at: { ...after.location, column, start: end, end }, text: `\n${line}` };
}
