/**
 * The protocol that the system before spoke, for its gateways and ours: a POST of `{username, title, body, actions}` is held until
 * a person has answered, and comes back as `{success, action}` with `approve`, `reject` or `timeout`.
 *
 * Unlike there a caller proves who it is: with an API key, which is `apikey` in the body or `Authorization: Bearer`, or by its
 * address where it has none. A wrong key is refused wherever it comes from. Whom nobody could be asked about gets 503, so that
 * a gateway can tell that from a no.
 */

import { AddressGate } from "@espalier/service/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readPayload } from "../hooks/payload.ts";
import type { ApiKeys } from "../http/api-keys.ts";
import { refusalTexts } from "./api-routes.ts";
import type { ApprovalState } from "./approval.ts";
import type { Approvals } from "./approvals.ts";
import type { HeldRequests } from "./held-requests.ts";
import { parseOldRequest } from "./request.ts";
import { sendStoreAway } from "./store-away.ts";

export interface OldProtocolOptions {
  readonly approvals: Approvals;
  readonly keys: ApiKeys;
  readonly held: HeldRequests;
  readonly path: string;
  /** Whether a caller at this address may ask without a key. */
  readonly isTrusted: (address: string) => boolean;
}

const actions: Readonly<Partial<Record<ApprovalState, string>>> = {
  approved: "approve",
  rejected: "reject",
  expired: "timeout",
};

export function addOldProtocol(app: FastifyInstance, options: OldProtocolOptions): void {
  const { approvals, held, path } = options;
  const addresses = new AddressGate();
  const fail = (reply: FastifyReply, statusCode: number, error: string) =>
    reply.code(statusCode).send({ success: false, error });

  app.post(path, { config: { endpoint: "approvals_old" } }, async (request, reply) => {
    const waitSeconds = addresses.refusal(request.ip);
    if (waitSeconds !== undefined) {
      return fail(reply.header("retry-after", String(waitSeconds)), 429, "too many requests");
    }
    const read = readPayload("application/json", request.body instanceof Uint8Array ? request.body : new Uint8Array());
    const parsed = read.status === "read" ? parseOldRequest(read.payload) : { problem: read.message };
    const refusal = refusalOf(request, "value" in parsed ? parsed.value.apiKey : undefined, options);
    if (refusal !== undefined) {
      addresses.failed(request.ip);
      return fail(reply, refusal.statusCode, refusal.error);
    }
    addresses.succeeded(request.ip);
    if ("problem" in parsed) return fail(reply, 400, parsed.problem);

    return sendStoreAway(reply, async () => {
      const asked = await approvals.ask(parsed.value.request);
      if (asked.outcome === "refused") {
        return reply.send({ success: false, action: "reject", error: refusalTexts[asked.refusal] });
      }
      const { id, expiresAt, requestedAt } = asked.approval;
      const settled = await held.hold(reply, async (signal) => {
        // It is over before that, by the clock of whichever node.
        const approval = await approvals.wait(id, 2 * (expiresAt - requestedAt), signal);
        // A yes that nobody is there to hear any more is left for the next attempt.
        if (approval?.state === "approved" && !reply.raw.destroyed) await approvals.take(id);
        return approval;
      });
      const action = settled && actions[settled.state];
      if (action === undefined)
        return fail(reply.header("retry-after", "1"), 503, "nobody could be asked, or waited for");
      return reply.send({ success: true, action });
    });
  });
}

function refusalOf(
  request: FastifyRequest,
  keyInBody: string | undefined,
  { keys, isTrusted }: OldProtocolOptions,
): { readonly statusCode: number; readonly error: string } | undefined {
  const given = [keyInBody, keys.bearerOf(request)].filter((key) => key !== undefined);
  if (given.some((key) => !keys.has(key))) return { statusCode: 403, error: "the API key is not valid" };
  if (given.length > 0 || isTrusted(request.ip)) return undefined;
  return { statusCode: 401, error: "a valid API key is needed" };
}
