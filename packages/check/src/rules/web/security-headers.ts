/** The headers by which a browser learns what pages of a service never do, and which of them answers lack. */
import type { Profile } from "../../engine/rule.ts";

/** By name in lower case. */
export type ResponseHeaders = ReadonlyMap<string, string>;

export const recommendedHeaders: Readonly<Record<string, string>> = {
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Cross-Origin-Opener-Policy": "same-origin",
};

const yearSeconds = 31_536_000;
const onlyStrict: ReadonlySet<string> = new Set(["Permissions-Policy", "Cross-Origin-Opener-Policy"]);

export interface LackingHeader {
  readonly name: string;
  /** To stand after "answers of NAME". */
  readonly text: string;
}

export interface Expectation {
  /**
   * Whether this server sets headers at all, or makes the pages itself. Where it does neither, the application behind it
   * may send them, but for Strict-Transport-Security, which is a matter of who ends TLS.
   */
  readonly isOwnConcern: boolean;
  readonly profile: Profile;
}

export function lackingHeaders(
  headers: ResponseHeaders,
  { isOwnConcern, profile }: Expectation,
): readonly LackingHeader[] {
  return Object.keys(recommendedHeaders).flatMap((name) => {
    if (onlyStrict.has(name) && profile !== "strict") return [];
    if (name !== "Strict-Transport-Security" && !isOwnConcern && profile !== "strict") return [];
    const text = faultOf(name, headers);
    return text === undefined ? [] : [{ name, text }];
  });
}

function faultOf(name: string, headers: ResponseHeaders): string | undefined {
  const value = headers.get(name.toLowerCase());
  if (name === "Strict-Transport-Security" && value !== undefined) {
    const [, seconds] = /max-age="?(\d+)/i.exec(value) ?? [];
    // Without a number it is a variable.
    return seconds !== undefined && Number(seconds) < yearSeconds
      ? `have Strict-Transport-Security for ${seconds} seconds only`
      : undefined;
  }
  if (name === "X-Frame-Options" && /frame-ancestors/i.test(headers.get("content-security-policy") ?? ""))
    return undefined;
  return value === undefined || value === "" ? `lack ${name}` : undefined;
}
