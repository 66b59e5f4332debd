/** One HTTP request that is answered with JSON: no redirect is followed, and no answer is read without end. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface JsonRequestOptions {
  /** PEM certificates to trust in place of the system's. */
  readonly ca: string | undefined;
  /** From the first packet to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly body: unknown;
}

/**
 * @param value what is posted; a GET where there is none
 * @throws Error of the network, of TLS, for a time-out, or for an answer that is too long
 */
export function requestJson(url: URL, value: unknown, options: JsonRequestOptions): Promise<JsonAnswer> {
  const { ca, timeoutMs, maxAnswerBytes } = options;
  const payload = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  // rejectUnauthorized is said aloud because NODE_TLS_REJECT_UNAUTHORIZED=0 would turn the default around.
  const tls = { rejectUnauthorized: true, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) } as const;
  const body = payload === undefined ? {} : { "content-type": "application/json", "content-length": payload.length };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error }) : error);
    const method = payload === undefined ? "GET" : "POST";
    const request = send(url, { method, headers: { accept: "application/json", ...body }, signal, ...tls });
    request.on("error", fail);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("error", fail);
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= maxAnswerBytes) {
          chunks.push(chunk);
          return;
        }
        // Without the error: where the answer came whole in one packet, nobody listens for it at the socket any more.
        reject(new Error(`the answer has more than ${maxAnswerBytes} bytes`));
        response.destroy();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks)) }));
      response.on("close", () => fail(new Error("the connection was lost before the answer was complete")));
    });
    request.end(payload);
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
