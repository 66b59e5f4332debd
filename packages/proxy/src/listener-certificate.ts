/** The certificate that clients are shown, and the authorities of theirs. */
import { type LoadedCertificate, type Logger, loadCertificate, tlsOptions } from "@espalier/service";
import type { ListenerTls } from "./client/listener-tls.ts";
import type { ProxyConfig } from "./config.ts";
import { readAuthorities } from "./upstream-tls.ts";

export interface ListenerCertificate {
  readonly loaded: LoadedCertificate;
  readonly tls: ListenerTls;
}

/** Undefined where none is configured: then there is no ldaps listener, and no StartTLS. @throws CertificateError */
export async function loadListenerCertificate(
  { certPath, keyPath, clientCaPath, ...policy }: ProxyConfig["tls"],
  log: Pick<Logger, "warn">,
): Promise<ListenerCertificate | undefined> {
  if (certPath === undefined) return undefined;
  const loaded = await loadCertificate({ certPath, keyPath });
  for (const { message } of loaded.warnings) log.warn(message);
  const clients =
    clientCaPath === undefined
      ? {}
      : ({ ca: await readAuthorities(clientCaPath), clientCertificate: "optional" } as const);
  return { loaded, tls: { cert: loaded.cert, key: loaded.key, ...tlsOptions(policy), ...clients } };
}
