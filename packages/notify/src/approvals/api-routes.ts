/**
 * `POST /approvals` asks, and `GET /approvals/ID?wait=25` waits up to so many seconds for the answer. Both need an API key.
 *
 * An approval is `approved` for whoever asked while it was open, and for one who asks afterwards; who asks later than that
 * begins another one.
 */
import type { FastifyInstance } from "fastify";
import { readPayload } from "../hooks/payload.ts";
import type { ApiKeys } from "../http/api-keys.ts";
import type { Approval } from "./approval.ts";
import type { Approvals, AskRefusal } from "./approvals.ts";
import type { HeldRequests } from "./held-requests.ts";
import { parseApprovalRequest } from "./request.ts";
import { sendStoreAway } from "./store-away.ts";

export interface ApiRoutesOptions {
  readonly approvals: Approvals;
  readonly keys: ApiKeys;
  readonly held: HeldRequests;
}

interface ApprovalRoute {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly wait?: unknown };
}

const maxWaitSeconds = 60;

/** The sentence for whoever asked. */
export const refusalTexts: Readonly<Record<AskRefusal, string>> = {
  "another approval is open": "another login of this user waits for an answer: try again when that is over",
  "asked too often": "this user was asked too often within an hour",
  locked: "this user has rejected logins and is not asked for a while: an administrator can unlock them",
};
const refusalStatuses: Readonly<Record<AskRefusal, number>> = {
  "another approval is open": 409,
  "asked too often": 429,
  locked: 429,
};

export function addApiRoutes(app: FastifyInstance, { approvals, keys, held }: ApiRoutesOptions): void {
  const shared = { preHandler: keys.require, config: { endpoint: "approvals" } };

  app.post("/approvals", shared, async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const read = readPayload(request.headers["content-type"], body);
    if (read.status === "unsupported")
      return reply.code(415).send({ error: "the content type must be application/json" });
    if (read.status === "unreadable") return reply.code(400).send({ error: read.message });
    const parsed = parseApprovalRequest(read.payload);
    if ("problem" in parsed) return reply.code(400).send({ error: parsed.problem });
    return sendStoreAway(reply, async () => {
      const asked = await approvals.ask(parsed.value);
      if (asked.outcome === "refused") {
        const { refusal, retryAt } = asked;
        reply.header("retry-after", String(Math.max(1, Math.ceil((retryAt - Date.now()) / 1_000))));
        return reply.code(refusalStatuses[refusal]).send({ error: refusalTexts[refusal] });
      }
      const { approval, outcome } = asked;
      reply.header("location", `/approvals/${approval.id}`);
      return reply.code(outcome === "asked" ? 201 : 200).send(answerOf(approval));
    });
  });

  app.get<ApprovalRoute>("/approvals/:id", shared, async (request, reply) => {
    const { wait = "0" } = request.query;
    const seconds = typeof wait === "string" && /^\d{1,3}$/.test(wait) ? Number(wait) : Number.NaN;
    if (!(seconds <= maxWaitSeconds)) {
      return reply.code(400).send({ error: `wait must be a number of seconds, up to ${maxWaitSeconds}` });
    }
    return sendStoreAway(reply, async () => {
      const { id } = request.params;
      const found = await held.hold(reply, async (signal) => {
        const approval = await approvals.wait(id, seconds * 1_000, signal);
        if (approval?.state === "approved" && !reply.raw.destroyed) await approvals.take(id);
        return { approval };
      });
      if (found === undefined)
        return reply.code(503).header("retry-after", "5").send({ error: "too many requests wait" });
      if (found.approval === undefined) return reply.code(404).send({ error: "there is no such approval" });
      return reply.send(answerOf(found.approval));
    });
  });
}

function answerOf({ requestedAt, expiresAt, decidedAt, isDisowned, ...approval }: Approval): object {
  const time = (ms: number) => new Date(ms).toISOString();
  return {
    ...approval,
    requestedAt: time(requestedAt),
    expiresAt: time(expiresAt),
    ...(decidedAt === undefined ? {} : { decidedAt: time(decidedAt) }),
    notMe: isDisowned,
  };
}
