/** Who may read events and ask for approvals: programs that have one of the configured keys (RFC 6750 §2.1). */
import type { Secret } from "@espalier/service";
import { AddressGate } from "@espalier/service/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isEqualSecret } from "../hooks/verifier.ts";

export class ApiKeys {
  readonly #addresses = new AddressGate();
  #keys: readonly Secret[];

  constructor(keys: readonly Secret[]) {
    this.#keys = keys;
  }

  replace(keys: readonly Secret[]): void {
    this.#keys = keys;
  }

  has(given: string): boolean {
    // All are compared, so that the time does not tell which one it is.
    return this.#keys.filter((key) => isEqualSecret(given, key.reveal())).length > 0;
  }

  /** What the request gives as `Authorization: Bearer`. */
  bearerOf(request: FastifyRequest): string | undefined {
    return /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  }

  /** For `preHandler`: answers itself where there is no valid key. */
  readonly require = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const waitSeconds = this.#addresses.refusal(request.ip);
    if (waitSeconds !== undefined) {
      return reply.code(429).header("retry-after", String(waitSeconds)).send({ error: "too many requests" });
    }
    const given = this.bearerOf(request);
    if (given !== undefined && this.has(given)) {
      this.#addresses.succeeded(request.ip);
      return undefined;
    }
    this.#addresses.failed(request.ip);
    return reply.code(401).header("www-authenticate", "Bearer").send({ error: "a valid API key is needed" });
  };
}
