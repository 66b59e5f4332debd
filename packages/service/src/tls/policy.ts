/** Which TLS versions and ciphers a service accepts. */
import { createSecureContext, DEFAULT_CIPHERS } from "node:tls";
import { z } from "zod";
import { ConfigurationError } from "../configuration/error.ts";

/** Older versions are not offered: RFC 8996 deprecates TLS 1.0 and 1.1. */
const tlsVersions = ["TLSv1.2", "TLSv1.3"] as const;
export type TlsVersion = (typeof tlsVersions)[number];

export interface TlsPolicy {
  readonly minVersion: TlsVersion;
  readonly maxVersion?: TlsVersion | undefined;
  /** OpenSSL's notation: names joined by `:`. */
  readonly ciphers?: string | undefined;
}

/** The keys of a policy, to spread into a section's schema. Add {@link checkTlsPolicy} in its `superRefine`. */
export const tlsPolicyShape = {
  minVersion: z.enum(tlsVersions).default("TLSv1.2").describe("The lowest TLS version that is spoken."),
  maxVersion: z.enum(tlsVersions).optional().describe("The highest TLS version that is spoken."),
  ciphers: z
    .string()
    .optional()
    .describe(
      "Ciphers in OpenSSL's notation, joined by `:`. A list without any of TLS 1.3 (`TLS_…`) leaves those as they are.",
    ),
};

/** What is wrong with a policy: contradictory versions, ciphers that OpenSSL does not have or that no version can use. */
export function checkTlsPolicy(
  policy: TlsPolicy,
): readonly { readonly key: keyof TlsPolicy; readonly message: string }[] {
  const { minVersion, maxVersion, ciphers } = policy;
  if (maxVersion !== undefined && minVersion > maxVersion) {
    return [{ key: "maxVersion", message: `is below minVersion, ${minVersion}: no version is left` }];
  }
  if (ciphers === undefined) return [];
  const { named12, named13 } = splitCiphers(ciphers);
  if (maxVersion === "TLSv1.2" && named12.length === 0) {
    return [
      { key: "ciphers", message: "names ciphers of TLS 1.3 only, and maxVersion is TLSv1.2: add ciphers of TLS 1.2" },
    ];
  }
  if (minVersion === "TLSv1.3" && named13.length === 0) {
    return [
      { key: "ciphers", message: "names no cipher of TLS 1.3, and minVersion is TLSv1.3: add some, or leave it out" },
    ];
  }
  try {
    createSecureContext({ ciphers });
    return [];
  } catch {
    return [
      { key: "ciphers", message: "names no cipher that OpenSSL has: see `openssl ciphers -v` for those there are" },
    ];
  }
}

/** Options for `tls.createSecureContext`. */
export interface TlsOptions {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers?: string;
  readonly honorCipherOrder: true;
}

/** @throws {ConfigurationError} when {@link checkTlsPolicy} finds something. */
export function tlsOptions(policy: TlsPolicy): TlsOptions {
  const problems = checkTlsPolicy(policy);
  if (problems.length > 0) {
    throw new ConfigurationError(problems.map(({ key, message }) => ({ path: key, source: undefined, message })));
  }
  const { minVersion, maxVersion = "TLSv1.3", ciphers } = policy;
  return {
    minVersion,
    maxVersion,
    ...(ciphers === undefined ? {} : { ciphers: withDefaultsOf13(ciphers) }),
    honorCipherOrder: true,
  };
}

/**
 * Node turns TLS 1.3 off when a list names none of its ciphers, while OpenSSL keeps them apart: somebody who lists
 * ciphers of TLS 1.2 does not mean to lose TLS 1.3.
 */
function withDefaultsOf13(ciphers: string): string {
  if (splitCiphers(ciphers).named13.length > 0) return ciphers;
  return [...splitCiphers(DEFAULT_CIPHERS).named13, ciphers].join(":");
}

function splitCiphers(ciphers: string) {
  const names = ciphers.split(":").filter((name) => name !== "");
  return {
    named12: names.filter((name) => !name.startsWith("TLS_")),
    named13: names.filter((name) => name.startsWith("TLS_")),
  };
}
