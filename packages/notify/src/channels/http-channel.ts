/** A channel that is one HTTP request a message: what all of those share. */
import { HttpClient, type HttpRequest } from "../outbound/http-client.ts";
import type { Channel, ChannelKind, SendOutcome } from "./channel.ts";
import { outcomeOfError, outcomeOfResponse, type StatusRules } from "./http-outcome.ts";
import type { Message } from "./message.ts";
import { secretHider } from "./secrets.ts";
import { type ChannelSurroundings, readAuthority } from "./surroundings.ts";

export interface HttpChannelOptions {
  readonly kind: ChannelKind;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** PEM file with the authority of the endpoint's certificate. */
  readonly ca: string | undefined;
  readonly rules: StatusRules;
  /** What no reason may show. */
  readonly secrets: readonly string[];
  readonly compose: (message: Message, nowMs: number) => HttpRequest;
}

/** 400, 413, 415 and 422 speak of the message; 410 is the endpoint's "never again". */
export const messageRefused: StatusRules = { failed: [400, 413, 415, 422], disabled: [410] };

export class HttpChannel implements Channel {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly concurrency: number;
  readonly #options: HttpChannelOptions;
  readonly #client: HttpClient;
  readonly #hide: (text: string) => string;
  readonly #now: () => number;

  constructor(options: HttpChannelOptions, surroundings: ChannelSurroundings) {
    this.name = surroundings.name;
    this.kind = options.kind;
    this.concurrency = options.concurrency;
    this.#options = options;
    this.#client = httpClient(options, surroundings);
    this.#hide = secretHider(options.secrets);
    this.#now = surroundings.now ?? Date.now;
  }

  async send(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    const request = this.#options.compose(message, this.#now());
    const headers = { "user-agent": "Espalier", ...request.headers };
    try {
      const response = await this.#client.request({ ...request, headers }, signal);
      return outcomeOfResponse(response, this.#options.rules, this.#hide, this.#now());
    } catch (error) {
      return outcomeOfError(error, this.#hide, signal);
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }
}

export function httpClient(
  { ca, timeoutMs }: Pick<HttpChannelOptions, "ca" | "timeoutMs">,
  { outbound, resolve }: ChannelSurroundings,
): HttpClient {
  return new HttpClient({
    policy: outbound,
    totalTimeoutMs: timeoutMs,
    ...(resolve === undefined ? {} : { resolve }),
    ...readAuthority(ca),
  });
}

/** JSON that every parser takes: half a surrogate pair, which JSON.stringify writes as an escape, is replaced. */
export function wellFormedJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "string" ? member.toWellFormed() : member));
}

/** A request with a JSON body. */
export function jsonRequest(url: URL, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  return {
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    body: wellFormedJson(value),
  };
}
