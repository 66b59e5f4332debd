/** What is typed, or given as an option, read and checked at once. */
import { readFileSync } from "node:fs";
import { formatDn, parseDn } from "@espalier/ldap/dn";
import { parseHostPort } from "@espalier/service/plain";
import { AnswerError } from "./answer-error.ts";

export function parseBase(text: string): string {
  try {
    const dn = parseDn(text);
    if (dn.length > 0) return formatDn(dn);
  } catch {
    // Said below.
  }
  const domain = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text.trim()) ? text.trim() : "example.com";
  throw new AnswerError(`"${text}" is no DN: write it as in ${baseOfDomain(domain)}`);
}

/** `dc=example,dc=com` of `example.com`. */
export function baseOfDomain(domain: string): string {
  return formatDn(domain.split(".").map((label) => [{ type: "dc", value: label }]));
}

export function parseHostName(text: string): string {
  if (parseHostPort(text, 0)?.host === text) return text;
  throw new AnswerError(`"${text}" is no host name: write it as in ldap1.example.com`);
}

/** `ldaps://host[:port]`, or `ldap://`. */
export function parseLdapUrl(text: string): string {
  const [, scheme, authority = ""] = /^(ldaps?):\/\/(.*?)\/?$/i.exec(text.trim()) ?? [];
  if (scheme !== undefined && parseHostPort(authority, 0) !== undefined) {
    return `${scheme.toLowerCase()}://${authority}`;
  }
  throw new AnswerError(`"${text}" is no address: write it as in ldaps://ldap1.example.com or ldap://127.0.0.1:3890`);
}

/** Of a server over a network: only encrypted. */
export function parseServer(text: string): string {
  const url = parseLdapUrl(text);
  if (url.startsWith("ldaps:") || isLoopback(url)) return url;
  const encrypted = url.replace(/^ldap:/, "ldaps:").replace(/:389$/, "");
  throw new AnswerError(
    `${url} would be spoken to in clear text: write ${encrypted}, or put StartTLS into the file afterwards`,
  );
}

/** Of one's own listener. */
export function parseListener(text: string): string {
  const url = parseLdapUrl(text);
  if (url.startsWith("ldaps:") || isLoopback(url)) return url;
  throw new AnswerError(`${url} would take passwords in clear text from the network: write an address with ldaps://`);
}

export function isLoopback(url: string): boolean {
  return /^ldaps?:\/\/(?:127\.|\[::1\]|localhost(?::|$))/.test(url);
}

export function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) => {
    const items = list(text);
    if (items.length === 0) throw new AnswerError("name at least one");
    return items.map(parse);
  };
}

export function parseMailAddress(text: string): string {
  if (/^[^\s@"<>,]+@[^\s@"<>,]+$/.test(text)) return text;
  throw new AnswerError(`"${text}" is no mail address: write it as in admin@example.com`);
}

export function parseMailServer(text: string): string {
  if (parseHostPort(text, 587) !== undefined) return text;
  throw new AnswerError(`"${text}" is no mail server: write it as in mail.example.com or mail.example.com:465`);
}

/** A file of PEM that is there. */
export function parsePemFile(text: string): string {
  let content: string;
  try {
    content = readFileSync(text, "utf8");
  } catch (error) {
    throw new AnswerError(`${text} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (content.includes("-----BEGIN ")) return text;
  throw new AnswerError(`${text} is no PEM file: it has no line with -----BEGIN`);
}

export function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== "");
}

/** A name that pveum(1) takes for a realm. */
export function parseRealm(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9._-]+$/.test(text) && text.length <= 32) return text;
  throw new AnswerError(`"${text}" is no name of a realm: letters, digits, - . and _, a letter first`);
}
