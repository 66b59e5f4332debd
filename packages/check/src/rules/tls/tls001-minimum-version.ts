import { defineRule } from "../../engine/rule.ts";
import { tlsSettings, versions } from "./tls-settings.ts";

const leastIndex = versions.indexOf("TLSv1.2");

export const tls001 = defineRule({
  id: "TLS001",
  title: "TLS versions before 1.2 are spoken",
  severity: "high",
  profile: "production",
  reads: ["nginx", "traefik", "caddy", "stunnel", "espalier", "compose", "endpoint"],
  fix: "safe",
  explanation: `TLS 1.0 and 1.1 were deprecated in 2021, and SSL before them was broken in practice. A server that still speaks them can be talked down to them by whoever sits between it and its clients.

Clients have had TLS 1.2 since about 2014: OpenSSL 1.0.1, Java 8, Windows 8.1, GnuTLS 3. Set the least version to 1.2, and look at the log once for clients that then fail.`,
  references: ["RFC 8996", "RFC 9325, 3.1.1", "BSI TR-02102-2, 3.2"],
  *find(project) {
    for (const { kind, values, name, fix, edits, ...place } of tlsSettings(project)) {
      const oldest = kind === "versions" ? oldestOf(values) : undefined;
      if (oldest === undefined || versions.indexOf(oldest) >= leastIndex) continue;
      yield { ...place, message: `${name} of ${place.subject} lets clients use ${shown(oldest)}`, fix, edits };
    }
    for (const { url, protocol, oldestVersion } of project.of("endpoint")) {
      const oldest = oldestVersion === undefined ? undefined : oldestOf([oldestVersion]);
      if (oldest === undefined || versions.indexOf(oldest) >= leastIndex) continue;
      yield {
        subject: url,
        message: `${url} speaks ${shown(oldest)} when it is asked to`,
        path: "oldestVersion",
        value: oldest,
        fix: protocol === "https" ? webFix : directoryFix,
      };
    }
  },
});

const webFix = `Set the least version in the server that answers there:
nginx:   ssl_protocols TLSv1.2 TLSv1.3;
Traefik: minVersion: VersionTLS12   (tls.options.default)`;

const directoryFix = `Set the least version in the server that answers there:
OpenLDAP: olcTLSProtocolMin: 3.3   (slapd.conf: TLSProtocolMin 3.3)
389-DS:   dsconf INSTANCE security set --tls-protocol-min TLS1.2
Espalier: minVersion: TLSv1.2   (gateway.tls, proxy.tls)`;

function oldestOf(values: readonly string[]): (typeof versions)[number] | undefined {
  return versions.find((version) => values.includes(version));
}

function shown(version: (typeof versions)[number]): string {
  return version === "TLSv1" ? "TLS 1.0" : version.replace("v", " ");
}
