/** LDAP URLs, RFC 4516: where and what to search, in one string. */
import type { Dn } from "./dn/dn.ts";
import { formatDn } from "./dn/format.ts";
import { parseDn } from "./dn/parse.ts";
import { ParseError } from "./error.ts";
import type { Filter } from "./filter/filter.ts";
import { formatFilter } from "./filter/format.ts";
import { parseFilter } from "./filter/parse.ts";
import type { SearchScope } from "./message/message.ts";
import { parseAttributeDescription } from "./schema/attribute-description.ts";

/** `ldaps` and `ldapi` are not of RFC 4516 but of common use; the host of an `ldapi` URL is the path of a socket. */
export type LdapUrlScheme = "ldap" | "ldaps" | "ldapi";

/** What is absent is `undefined`: the reader then decides, for example for scope `baseObject` and port 389 (RFC 4516 §2). */
export interface LdapUrl {
  readonly scheme: LdapUrlScheme;
  /** A name or address, an IPv6 address without brackets. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly dn: Dn;
  /** Attribute selection; empty for all user attributes. */
  readonly attributes: readonly string[];
  readonly scope: SearchScope | undefined;
  readonly filter: Filter | undefined;
  readonly extensions: readonly LdapUrlExtension[];
}

/** A critical one (`!`) that the reader does not know forbids the use of the URL. */
export interface LdapUrlExtension {
  readonly critical: boolean;
  readonly type: string;
  readonly value: string | undefined;
}

const scopes = [
  ["base", "baseObject"],
  ["one", "singleLevel"],
  ["sub", "wholeSubtree"],
] as const;

/** @throws {ParseError} `ERR_URL` with the offset in `text`; a DN or filter inside that cannot be read is its `cause`. */
export function parseLdapUrl(text: string): LdapUrl {
  const start = /^(ldap|ldaps|ldapi):\/\//i.exec(text);
  if (start === null) throw urlError("an LDAP URL starts with ldap://, ldaps:// or ldapi://", 0);
  const scheme = start[1]?.toLowerCase() as LdapUrlScheme;
  const hostStart = start[0].length;
  const hostEnd = text.slice(hostStart).search(/[/?]/);
  const hostText = hostEnd === -1 ? text.slice(hostStart) : text.slice(hostStart, hostStart + hostEnd);
  const host = scheme === "ldapi" ? socketPath(hostText, hostStart) : hostAndPort(hostText, hostStart);

  // Tools write ldap://host?… for ldap://host/?…
  const hasSlash = hostEnd !== -1 && text[hostStart + hostEnd] === "/";
  const partsStart = hostEnd === -1 ? text.length : hostStart + hostEnd + (hasSlash ? 1 : 0);
  const parts = splitParts(text, partsStart);
  const [dn, attributes, scope, filter, extensions, surplus] = parts;
  if (surplus !== undefined) throw urlError("an LDAP URL has at most four ?: write others as %3f", surplus.offset - 1);
  return {
    scheme,
    ...host,
    dn: part(dn, parseDn) ?? [],
    attributes: attributes === undefined ? [] : parseAttributes(attributes),
    scope: scope === undefined ? undefined : parseScope(scope),
    filter: part(filter, parseFilter),
    extensions: extensions === undefined ? [] : parseExtensions(extensions),
  };
}

/** The shortest form: parts that are absent at the end are left out with their question marks. */
export function formatLdapUrl(url: LdapUrl): string {
  const parts = [
    percentEncode(formatDn(url.dn)),
    url.attributes.map((attribute) => percentEncode(attribute)).join(","),
    scopes.find(([, scope]) => scope === url.scope)?.[0] ?? "",
    url.filter === undefined ? "" : percentEncode(formatFilter(url.filter)),
    url.extensions.map(formatExtension).join(","),
  ];
  while (parts.length > 0 && parts.at(-1) === "") parts.pop();
  return `${url.scheme}://${formatHost(url)}${parts.length === 0 ? "" : `/${parts.join("?")}`}`;
}

interface Part {
  readonly text: string;
  readonly offset: number;
}

function splitParts(text: string, start: number): readonly Part[] {
  if (start === text.length) return [];
  const parts: Part[] = [];
  let offset = start;
  for (const piece of text.slice(start).split("?")) {
    parts.push({ text: piece, offset });
    offset += piece.length + 1;
  }
  return parts;
}

function part<T>(part: Part | undefined, parse: (text: string) => T): T | undefined {
  if (part === undefined || part.text === "") return undefined;
  const text = percentDecode(part.text, part.offset);
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new ParseError("ERR_URL", error.message, { offset: part.offset, cause: error });
  }
}

function hostAndPort(text: string, offset: number): Pick<LdapUrl, "host" | "port"> {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s[\]:@]*))(?::([0-9]*))?$/.exec(text);
  if (found === null) throw urlError("expected a host and perhaps :port; an IPv6 address stands in brackets", offset);
  const [, ipv6, name = "", port = ""] = found;
  if (port !== "" && (Number(port) > 65535 || Number(port) === 0))
    throw urlError("a port is a number from 1 to 65535", offset);
  const host = ipv6 ?? percentDecode(name, offset);
  return { host: host === "" ? undefined : host, port: port === "" ? undefined : Number(port) };
}

function socketPath(text: string, offset: number): Pick<LdapUrl, "host" | "port"> {
  return { host: text === "" ? undefined : percentDecode(text, offset), port: undefined };
}

function parseAttributes({ text, offset }: Part): readonly string[] {
  if (text === "") return [];
  return text.split(",").map((piece) => {
    const attribute = percentDecode(piece, offset);
    if (
      attribute !== "*" &&
      attribute !== "+" &&
      attribute !== "1.1" &&
      parseAttributeDescription(attribute) === undefined
    )
      throw urlError(`${attribute === "" ? "an empty name" : attribute} is not an attribute`, offset);
    return attribute;
  });
}

function parseScope({ text, offset }: Part): SearchScope | undefined {
  if (text === "") return undefined;
  const found = scopes.find(([name]) => name === text.toLowerCase());
  if (found === undefined) throw urlError("a scope is base, one or sub", offset);
  return found[1];
}

function parseExtensions({ text, offset }: Part): readonly LdapUrlExtension[] {
  if (text === "") return [];
  return text.split(",").map((piece) => {
    const found = /^(!?)([^=!][^=]*)(?:=(.*))?$/s.exec(piece);
    if (found === null) throw urlError("an extension is written name, name=value or !name=value", offset);
    const [, mark, type = "", value] = found;
    return {
      critical: mark === "!",
      type: percentDecode(type, offset),
      value: value === undefined ? undefined : percentDecode(value, offset),
    };
  });
}

function formatHost({ scheme, host = "", port }: LdapUrl): string {
  const name = scheme !== "ldapi" && host.includes(":") ? `[${host}]` : percentEncode(host, "/");
  return port === undefined ? name : `${name}:${port}`;
}

function formatExtension({ critical, type, value }: LdapUrlExtension): string {
  const mark = critical ? "!" : "";
  return `${mark}${percentEncode(type, "!=,")}${value === undefined ? "" : `=${percentEncode(value, ",")}`}`;
}

/** RFC 4516 §2.1: what RFC 3986 lets neither stand in a path nor a query, `?`, and the signs of `also`. */
function percentEncode(text: string, also = ""): string {
  return Array.from(text.toWellFormed(), (character) => {
    if (/[A-Za-z0-9\-._~!$&'()*+,;=:@/]/.test(character) && !also.includes(character)) return character;
    // encodeURIComponent lets some of the signs of `also` stand.
    return character < "\u0080"
      ? `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`
      : encodeURIComponent(character);
  }).join("");
}

function percentDecode(text: string, offset: number): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ParseError("ERR_URL", "% must be followed by two hexadecimal digits of UTF-8; a percent sign is %25", {
      offset,
      cause,
    });
  }
}

function urlError(message: string, offset: number): ParseError {
  return new ParseError("ERR_URL", message, { offset });
}
