/** What a real TLS server presents, as an observer of endpoints gives it. */
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TlsOptions } from "node:tls";
import { onTestFinished } from "vitest";
import type { ObservedEndpoint } from "../../../src/observed/endpoint.ts";

/** Starts a server with these options, and connects once. @param ca what the client trusts */
export async function presentedBy(server: TlsOptions, ca: readonly string[] = []): Promise<ObservedEndpoint> {
  const listener = createServer(server, (socket) => socket.end()).listen(0, "127.0.0.1");
  onTestFinished(() => void listener.close());
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const serverName = "ldap1.example.com";
  const socket = connect({
    ...{ port, host: "127.0.0.1", servername: serverName, ca: [...ca], rejectUnauthorized: false },
    ...{ minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" },
  });
  await once(socket, "secureConnect");
  const chain: X509Certificate[] = [];
  for (let at = socket.getPeerX509Certificate(); at !== undefined; at = at.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === at?.fingerprint256)) break;
    chain.push(at);
  }
  const version = socket.getProtocol() ?? "";
  const cipher = socket.getCipher().standardName;
  const failure = socket.authorizationError as unknown as string | null;
  socket.destroy();
  return {
    url: `ldaps://${serverName}:636`,
    protocol: "ldaps",
    host: serverName,
    port: 636,
    serverName,
    tlsVersion: version,
    cipher,
    ...(version < "TLSv1.2" ? { oldestVersion: version } : {}),
    chain,
    ...(failure === null || /EXPIRED|ALTNAME/.test(failure) ? {} : { chainFailure: failure }),
  };
}
