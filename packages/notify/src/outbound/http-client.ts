/**
 * Outbound HTTP: connects to the very address that was checked, verifies TLS, follows no redirect, and reads no answer
 * without end.
 *
 * A name is resolved once for each connection, inside of the connecting itself, and only addresses that the policy lets
 * through are handed on: a name that changes between the check and the connection changes nothing. Plain HTTP goes only
 * to addresses that the administrator allowed. node:https is enough for this, its `lookup` being that one place.
 */
import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { AddressPolicy } from "./address-policy.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Of a long answer the beginning. */
  readonly body: string;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>;

const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true });

type OutboundErrorCode = "ERR_OUTBOUND_ADDRESS" | "ERR_OUTBOUND_CLEARTEXT" | "ERR_OUTBOUND_TIMEOUT";

/** Its message completes a sentence about the endpoint and names its host, never its path. */
class OutboundError extends Error {
  override readonly name = "OutboundError";
  readonly code: OutboundErrorCode;
  constructor(code: OutboundErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface HttpClientOptions {
  readonly policy: AddressPolicy;
  readonly resolve?: Resolve;
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string;
  /** From the call to the end of the handshakes, resolving included. */
  readonly connectTimeoutMs?: number;
  /** From the call to the last byte of the answer. */
  readonly totalTimeoutMs: number;
  readonly maxResponseBytes?: number;
}

/** Below the 5 s after which Node's own servers, the shortest of the common ones, close an idle connection under a request. */
const idleTimeoutMs = 4_000;

export class HttpClient {
  readonly #options: Required<Omit<HttpClientOptions, "ca">>;
  readonly #httpAgent = new HttpAgent({ keepAlive: true, timeout: idleTimeoutMs });
  readonly #httpsAgent: HttpsAgent;

  constructor(options: HttpClientOptions) {
    const { ca, ...rest } = options;
    this.#options = { resolve: systemResolve, connectTimeoutMs: 5_000, maxResponseBytes: 65_536, ...rest };
    // rejectUnauthorized is said aloud because NODE_TLS_REJECT_UNAUTHORIZED=0 would turn the default around.
    const tls = { rejectUnauthorized: true, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) } as const;
    this.#httpsAgent = new HttpsAgent({ keepAlive: true, timeout: idleTimeoutMs, ...tls });
  }

  /** @throws {OutboundError}, an error of the network or of TLS, or the signal's reason. A redirect is an answer like any. */
  async request({ method, url, headers = {}, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    signal.throwIfAborted();
    if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError(`${url.protocol} is not HTTP`);
    const isSecure = url.protocol === "https:";
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // Node asks no lookup for an address, so those are judged here.
    if (isIP(host) !== 0) this.#reachable(host, [{ address: host, family: isIP(host) }], isSecure);
    const payload = body === undefined ? undefined : Buffer.from(body);
    const request = (isSecure ? httpsRequest : httpRequest)(url, {
      method,
      agent: isSecure ? this.#httpsAgent : this.#httpAgent,
      headers: { ...headers, ...(payload === undefined ? {} : { "content-length": payload.length }) },
      lookup: this.#lookup(isSecure),
      signal,
    });
    const { connectTimeoutMs, totalTimeoutMs, maxResponseBytes } = this.#options;
    const expire = (ms: number, what: string) =>
      setTimeout(() => request.destroy(new OutboundError("ERR_OUTBOUND_TIMEOUT", `${what} within ${ms} ms`)), ms);
    const connecting = expire(connectTimeoutMs, `${host} took no connection`);
    const total = expire(totalTimeoutMs, `${host} gave no complete answer`);
    request.on("socket", (socket) => {
      if (request.reusedSocket) clearTimeout(connecting);
      else socket.once(isSecure ? "secureConnect" : "connect", () => clearTimeout(connecting));
    });
    try {
      return await new Promise<HttpResponse>((resolve, reject) => {
        request.on("error", reject);
        request.on("response", (response) => {
          read(response, maxResponseBytes).then(
            (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
            reject,
          );
        });
        request.end(payload);
      });
    } finally {
      clearTimeout(connecting);
      clearTimeout(total);
    }
  }

  /** Ends all connections; requests under way fail. */
  close(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  #lookup(isSecure: boolean): LookupFunction {
    return (hostname, options, callback) => {
      this.#options.resolve(hostname).then(
        (addresses) => {
          try {
            const reachable = this.#reachable(hostname, addresses, isSecure);
            const [first] = reachable;
            if (options.all) callback(null, [...reachable]);
            else callback(null, first!.address, first!.family);
          } catch (error) {
            callback(error as NodeJS.ErrnoException, [], 0);
          }
        },
        (error: NodeJS.ErrnoException) => callback(error, [], 0),
      );
    };
  }

  #reachable(hostname: string, addresses: readonly ResolvedAddress[], isSecure: boolean): readonly ResolvedAddress[] {
    const judged = addresses.map((each) => ({ each, verdict: this.#options.policy.judge(each.address) }));
    const reachable = judged.filter(({ verdict }) => verdict !== "refused");
    if (reachable.length === 0) {
      const shown = addresses.map(({ address }) => address).join(", ") || "no address";
      throw new OutboundError(
        "ERR_OUTBOUND_ADDRESS",
        `${hostname} is ${shown}, which is not of the public internet: add it to notify.outbound.allow if it is meant`,
      );
    }
    const usable = isSecure ? reachable : reachable.filter(({ verdict }) => verdict === "allowed");
    if (usable.length === 0) {
      throw new OutboundError(
        "ERR_OUTBOUND_CLEARTEXT",
        `${hostname} would be spoken to in clear text: use https, or add its address to notify.outbound.allow`,
      );
    }
    return usable.map(({ each }) => each);
  }
}

/** At most `maxBytes`; of a longer answer the rest is not waited for. */
function read(response: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const text = () => Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= maxBytes) return;
      resolve(text());
      response.destroy();
    });
    response.on("end", () => resolve(text()));
    response.on("error", reject);
    response.on("close", () => reject(new Error("the connection was lost before the answer was complete")));
  });
}
