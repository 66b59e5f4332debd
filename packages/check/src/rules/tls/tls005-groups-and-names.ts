import { defineRule } from "../../engine/rule.ts";
import { formatCertificate } from "../../inputs/certificate.ts";
import { acmeServers } from "./acme.ts";
import { presentedCertificates } from "./certificates.ts";
import { tlsSettings } from "./tls-settings.ts";

const common = /^(?:x25519|x25519mlkem768|(?:curve)?p-?256|prime256v1|secp256r1)$/i;

export const tls005 = defineRule({
  id: "TLS005",
  title: "TLS is set up so that good clients fail or wait",
  severity: "low",
  profile: "production",
  reads: ["nginx", "traefik", "caddy", "stunnel", "espalier", "compose", "pem", "endpoint"],
  fix: "unsafe",
  explanation: `Clients begin a handshake with a key for the group that they expect, X25519 or P-256. Where a server takes neither, each of them needs a second round trip, and those that have no other group fail.

With \`sniStrict\` Traefik refuses clients that ask for a name it has no certificate for; without it they are shown a certificate made up for the moment, which teaches people to click warnings away. The staging server of an ACME authority signs certificates that no client trusts: it is for trying things out.`,
  references: [
    "RFC 8446, 4.2.7 and 9.1",
    "Traefik documentation, “TLS”, strict SNI checking",
    "Let's Encrypt documentation, “Staging Environment”",
  ],
  *find(project, { profile }) {
    for (const { kind, values, name, fix, edits, ...place } of tlsSettings(project)) {
      if (kind !== "groups" || values.length === 0 || values.some((group) => common.test(group))) continue;
      const message = `${name} of ${place.subject} has neither X25519 nor P-256, with which clients begin`;
      yield { ...place, message, fix, edits };
    }
    for (const { file, root } of project.of("traefik")) {
      for (const [name, options] of root.get("tls", "options")?.entries() ?? []) {
        const strict = options.get("sniStrict");
        // Where it is not set, only who asks for everything is told.
        if (strict?.text === "true" || (strict === undefined && profile !== "strict")) continue;
        yield {
          subject: file.path,
          message: `tls.options.${name} of ${file.path} shows a made-up certificate for names that it has none for`,
          at: strict ?? options.keyLocation ?? options,
          path: `${options.pathText}.sniStrict`,
          value: strict?.value ?? null,
          fix: "sniStrict: true",
          edits: [
            { kind: "set", file: options.location.file, path: [...options.sourcePath, "sniStrict"], value: true },
          ],
        };
      }
    }
    for (const { url, fix, edits, ...place } of acmeServers(project)) {
      if (!/staging/i.test(url)) continue;
      const message = `${place.subject} gets its certificates from a staging server, which no client trusts`;
      yield { ...place, message, value: url, fix, edits };
    }
    for (const { subject, certificate, ...place } of presentedCertificates(project)) {
      if (!/\(STAGING\)/.test(certificate.issuer ?? "")) continue;
      yield {
        subject,
        message: `the certificate of ${formatCertificate(certificate)} (${subject}) comes from a staging server, which no client trusts`,
        ...place,
        fix: "Take the staging server out of the ACME client's configuration, delete its stored certificates, and let it ask again.",
      };
    }
  },
});
