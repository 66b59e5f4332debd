/** What an endpoint presents: three handshakes, for the chain as it is sent, for whether it is trusted, and for how old TLS may be. */
import type { X509Certificate } from "node:crypto";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import type { ObservedEndpoint } from "../observed/endpoint.ts";
import type { ObservedClock } from "../observed/system.ts";
import type { Authorities } from "./authorities.ts";
import { askHttpTime } from "./clock.ts";
import { handshake } from "./handshake.ts";
import { deadline, reasonOf } from "./probe.ts";
import type { EndpointTarget } from "./targets.ts";

type VersionOptions = Pick<SecureContextOptions, "minVersion" | "maxVersion" | "ciphers">;

export interface EndpointLook {
  readonly endpoint: ObservedEndpoint;
  readonly clock?: ObservedClock | undefined;
}

const firstTimeoutMs = 4_000;
const otherTimeoutMs = 3_000;
/** Every suite that OpenSSL has, so that it is the server that decides. */
const anySuite = "DEFAULT:ALL:@SECLEVEL=0";
const anyVersion: VersionOptions = { minVersion: "TLSv1", ciphers: anySuite };
const oldVersions: VersionOptions = { ...anyVersion, maxVersion: "TLSv1.1" };
/** A chain that is whole and trusted but for its dates is not judged by them here. */
const dates: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const maxChainLength = 20;

/** Resolves whatever the endpoint does. */
export async function observeEndpoint(
  target: EndpointTarget,
  authorities: Authorities,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => number },
): Promise<EndpointLook> {
  const { url, protocol, host, port } = target;
  const place = { url, protocol, host, port };
  let presented: TLSSocket;
  try {
    // With no authority of its own, OpenSSL adds none to the chain that was sent.
    presented = await handshake(target, { ca: [], ...anyVersion }, deadline(firstTimeoutMs, signal));
  } catch (error) {
    return { endpoint: { ...place, serverName: target.serverName ?? host, failure: reasonOf(error), chain: [] } };
  }
  try {
    const chain = chainOf(presented.getPeerX509Certificate());
    // Asked now: the connection ends with HTTP's answer.
    const tlsVersion = presented.getProtocol() ?? "unknown";
    const cipher = presented.getCipher().standardName;
    const later = deadline(otherTimeoutMs, signal);
    const isHttps = protocol === "https";
    const [chainFailure, oldestVersion, clock] = await Promise.all([
      failureOfChain(target, await authorities.of(target.caFiles), later),
      oldVersionOf(target, later),
      isHttps ? askHttpTime(presented, { url, host: target.serverName ?? host, signal: later, now }) : undefined,
    ]);
    return {
      endpoint: {
        ...place,
        serverName: target.serverName ?? nameIn(chain[0]) ?? host,
        ...{ tlsVersion, cipher },
        ...(oldestVersion === undefined ? {} : { oldestVersion }),
        chain,
        ...(chainFailure === undefined ? {} : { chainFailure }),
      },
      clock,
    };
  } finally {
    presented.destroy();
  }
}

function chainOf(first: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at = first; at !== undefined && chain.length < maxChainLength; at = at.issuerCertificate) {
    // A root is its own issuer.
    if (chain.some(({ fingerprint256 }) => fingerprint256 === at?.fingerprint256)) break;
    chain.push(at);
  }
  return chain;
}

/** Where nobody says what it is called, it is called what it says. */
function nameIn(certificate: X509Certificate | undefined): string | undefined {
  const [first] = certificate?.subjectAltName?.split(", ") ?? [];
  return first?.replace(/^(?:DNS|IP Address):/, "") ?? /^CN=(.+)$/m.exec(certificate?.subject ?? "")?.[1];
}

async function failureOfChain(target: EndpointTarget, ca: string[], signal: AbortSignal): Promise<string | undefined> {
  try {
    const socket = await handshake(target, { ca, ...anyVersion }, signal);
    const failure = socket.authorizationError as unknown as string | null;
    socket.destroy();
    return failure === null || dates.has(failure) ? undefined : failure;
  } catch {
    // It presented its chain a moment ago, and now it does not: nothing is known of who signed it.
    return undefined;
  }
}

async function oldVersionOf(target: EndpointTarget, signal: AbortSignal): Promise<string | undefined> {
  try {
    const socket = await handshake(target, { ca: [], ...oldVersions }, signal);
    const version = socket.getProtocol();
    socket.destroy();
    return version ?? undefined;
  } catch {
    return undefined;
  }
}
