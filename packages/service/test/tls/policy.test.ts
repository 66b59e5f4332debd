import { createSecureContext } from "node:tls";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { TlsPolicy } from "../../src/index.ts";
import {
  ConfigurationError,
  checkTlsPolicy,
  defineSection,
  loadConfiguration,
  tlsOptions,
  tlsPolicyShape,
} from "../../src/index.ts";
import { problemsOf, variables } from "../configuration/gateway-section.ts";

const section = defineSection({
  name: "service",
  description: "",
  schema: z.object(tlsPolicyShape).superRefine((policy, context) => {
    for (const { key, message } of checkTlsPolicy(policy)) context.addIssue({ code: "custom", path: [key], message });
  }),
  environment: {
    TLS_MIN_VERSION: { path: ["minVersion"], description: "" },
    TLS_MAX_VERSION: { path: ["maxVersion"], description: "" },
    TLS_CIPHERS: { path: ["ciphers"], description: "" },
  },
});

describe("a TLS policy", () => {
  it("is TLS 1.2 and 1.3 unless told, with the server's order of ciphers", () => {
    const { values } = loadConfiguration({ ...variables({}), sections: [section] });
    expect(tlsOptions(values.service)).toEqual({
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      honorCipherOrder: true,
    });
  });

  it("leaves the ciphers of TLS 1.3 alone when a list names only others", () => {
    const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
    const options = tlsOptions({ minVersion: "TLSv1.2", ciphers });
    expect(options.ciphers).toBe(
      `TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:${ciphers}`,
    );
    expect(() => createSecureContext(options)).not.toThrow();
    const named = "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
    expect(tlsOptions({ minVersion: "TLSv1.2", ciphers: named }).ciphers).toBe(named);
  });

  it.each([
    [{ minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }, "maxVersion: is below minVersion, TLSv1.3: no version is left"],
    [
      { minVersion: "TLSv1.2", ciphers: "RC4-NONSENSE" },
      "ciphers: names no cipher that OpenSSL has: see `openssl ciphers -v` for those there are",
    ],
    [
      { minVersion: "TLSv1.3", ciphers: "ECDHE-RSA-AES256-GCM-SHA384" },
      "ciphers: names no cipher of TLS 1.3, and minVersion is TLSv1.3: add some, or leave it out",
    ],
    [
      { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers: "TLS_AES_128_GCM_SHA256" },
      "ciphers: names ciphers of TLS 1.3 only, and maxVersion is TLSv1.2: add ciphers of TLS 1.2",
    ],
  ] satisfies [TlsPolicy, string][])("that cannot work is a configuration error: %j", (policy, sentence) => {
    expect(() => tlsOptions(policy)).toThrow(ConfigurationError);
    expect(() => tlsOptions(policy)).toThrow(sentence);
  });

  it("is refused at the start, with the variable's name", () => {
    const environment = { TLS_MIN_VERSION: "TLSv1.3", TLS_MAX_VERSION: "TLSv1.2" };
    expect(problemsOf(() => loadConfiguration({ ...variables(environment), sections: [section] }))).toEqual([
      "TLS_MAX_VERSION: service.maxVersion: is below minVersion, TLSv1.3: no version is left",
    ]);
    expect(
      problemsOf(() => loadConfiguration({ ...variables({ TLS_MIN_VERSION: "TLSv1.1" }), sections: [section] })),
    ).toEqual([
      'TLS_MIN_VERSION: service.minVersion: must be TLSv1.2 or TLSv1.3, not "TLSv1.1"; did you mean TLSv1.2?',
    ]);
  });
});
