import { defineRule } from "../../engine/rule.ts";
import { suitesByWeakness, type Weakness } from "./cipher-suites.ts";
import { goodSuites, tlsSettings } from "./tls-settings.ts";

export const tls002 = defineRule({
  id: "TLS002",
  title: "weak cipher suites are allowed",
  severity: "high",
  profile: "production",
  reads: ["nginx", "traefik", "caddy", "stunnel", "espalier", "compose", "endpoint"],
  fix: "safe",
  explanation: `CBC suites have been attacked again and again (BEAST, Lucky 13, POODLE). With static RSA, who gets the server's key later reads everything that was recorded. RC4, DES, 3DES and EXPORT can be broken, NULL does not encrypt, and without authentication anybody can pose as the server.

What remains is AEAD (AES-GCM, ChaCha20-Poly1305) with ephemeral keys (ECDHE), which every client with TLS 1.2 has. TLS 1.3 has nothing else.`,
  references: ["RFC 9325, 4.1 and 4.2", "RFC 7465", "BSI TR-02102-2, 3.3"],
  *find(project) {
    for (const { kind, values, name, fix, edits, ...place } of tlsSettings(project)) {
      const weak = kind === "ciphers" ? suitesByWeakness(values) : undefined;
      if (weak === undefined || weak.size === 0) continue;
      yield { ...place, message: `${name} of ${place.subject} allows ${listed(weak)}`, fix, edits };
    }
    for (const { url, protocol, cipher } of project.of("endpoint")) {
      const weak = suitesByWeakness(cipher === undefined ? [] : [cipher]);
      if (weak.size === 0) continue;
      yield {
        subject: url,
        message: `${url} chose a weak cipher suite: ${listed(weak)}`,
        path: "cipher",
        value: cipher ?? null,
        fix: `Allow only these in the server that answers there${protocol === "https" ? "" : " (OpenLDAP: olcTLSCipherSuite)"}:\n${goodSuites.join(":")}`,
      };
    }
  },
});

function listed(weak: ReadonlyMap<Weakness, readonly string[]>): string {
  return [...weak]
    .map(([weakness, [first, ...others]]) => {
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      return `${weakness} (${first}${more})`;
    })
    .join(", ");
}
