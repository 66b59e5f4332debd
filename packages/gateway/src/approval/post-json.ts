/** One HTTP request that takes JSON and answers with JSON: no redirect is followed, and no answer is read without end. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface PostOptions {
  /** PEM certificates to trust in place of the system's. */
  readonly ca: string | undefined;
  /** From the first packet to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface JsonAnswer {
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly body: unknown;
}

const maxAnswerBytes = 64 * 1024;

/** @throws Error of the network, of TLS, for a time-out, or for an answer of more than 64 KiB. */
export function postJson(url: URL, value: unknown, { ca, timeoutMs }: PostOptions): Promise<JsonAnswer> {
  const payload = Buffer.from(JSON.stringify(value));
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`, { cause: error }) : error);
    const request = send(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "content-length": payload.length },
      signal,
      ...(ca === undefined ? {} : { ca }),
    });
    request.on("error", fail);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("error", fail);
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) request.destroy(new Error(`the answer has more than ${maxAnswerBytes} bytes`));
        else chunks.push(chunk);
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
