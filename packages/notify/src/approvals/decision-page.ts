/**
 * The page behind the link in a message: `GET /approvals/ID/decide?channel=…&token=…` shows who wants in and from where, and only
 * a POST decides, because mail scanners follow links. Programs post JSON and get JSON.
 */
import { StoreError } from "@espalier/service";
import { AddressGate } from "@espalier/service/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readPayload } from "../hooks/payload.ts";
import { type PageButton, type PageContent, page, pageSecurityPolicy } from "../http/page.ts";
import { type Approval, type Decision, decisions } from "./approval.ts";
import type { Approvals, Decided, LinkUse } from "./approvals.ts";

interface DecisionRoute {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly channel?: unknown; readonly token?: unknown };
}

const path = "/approvals/:id/decide";
const config = { endpoint: "approval_decision" } as const;

const notMe: PageButton = { label: "This was not me", name: "decision", value: "not-me", look: "plain" };
const buttons: readonly PageButton[] = [
  { label: "Approve", name: "decision", value: "approve" },
  { label: "Reject", name: "decision", value: "reject", look: "no" },
  notMe,
];

export function addDecisionPage(app: FastifyInstance, approvals: Approvals): void {
  const addresses = new AddressGate();
  for (const method of ["GET", "POST"] as const) {
    app.route<DecisionRoute>({
      method,
      url: path,
      config,
      handler: async (request, reply) => {
        const answer = (statusCode: number, content: PageContent) => send(request, reply, statusCode, content);
        const waitSeconds = addresses.refusal(request.ip);
        if (waitSeconds !== undefined) {
          reply.header("retry-after", String(waitSeconds));
          return answer(429, { title: "Too many requests", text: "Try again in a while." });
        }
        const invalid = () => {
          addresses.failed(request.ip);
          return answer(404, {
            title: "This link is not valid",
            text: "It may have been cut off in the message, or be too old.",
          });
        };
        const link = linkOf(request.params, request.query);
        if (link === undefined) return invalid();
        try {
          if (method === "GET") {
            const approval = await approvals.ofLink(link);
            return approval === undefined ? invalid() : answer(200, contentOf(approval));
          }
          const decision = decisionOf(request);
          if (decision === undefined) {
            return answer(400, {
              title: "Nothing was decided",
              text: `decision must be one of ${decisions.join(", ")}.`,
            });
          }
          const decided = await approvals.decide(link, decision);
          if (decided.outcome === "invalid link") return invalid();
          return answer(decided.outcome === "too late" ? 409 : 200, contentOfDecided(decided));
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          reply.header("retry-after", "5");
          return answer(503, {
            title: "Not at the moment",
            text: "The store is away. Nothing was decided: try again in a while.",
          });
        }
      },
    });
  }
}

function linkOf(
  { id }: DecisionRoute["Params"],
  { channel, token }: DecisionRoute["Querystring"],
): LinkUse | undefined {
  return typeof channel === "string" && typeof token === "string" ? { id, channel, token } : undefined;
}

function decisionOf(request: FastifyRequest): Decision | undefined {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const read = readPayload(request.headers["content-type"], body);
  const given = read.status === "read" ? (read.payload as { readonly decision?: unknown } | null)?.decision : undefined;
  return decisions.find((decision) => decision === given);
}

function contentOfDecided(decided: Exclude<Decided, { outcome: "invalid link" }>): PageContent {
  const { approval } = decided;
  const content = contentOf(approval);
  if (decided.outcome === "too late") return { ...content, title: `Too late: ${titles[approval.state].toLowerCase()}` };
  return content;
}

const titles: Readonly<Record<Approval["state"], string>> = {
  pending: "Is this you?",
  approved: "Approved",
  rejected: "Rejected",
  expired: "Nobody answered in time",
  unavailable: "It is over",
};

function contentOf(approval: Approval): PageContent {
  const { state, isDisowned } = approval;
  const facts = factsOf(approval);
  if (state === "pending") {
    const seconds = Math.max(1, Math.round((approval.expiresAt - Date.now()) / 1_000));
    const text = `Somebody with your password wants to log in. It can be answered for another ${seconds} seconds.`;
    return { title: titles.pending, text, facts, buttons };
  }
  if (isDisowned) {
    const text =
      state === "approved"
        ? "The login had been let in before. Your administrators were told, and you will not be asked for a while. Have your password changed now."
        : "Your administrators were told, and nobody is let in this way for a while. Have your password changed.";
    return { title: "Thank you for saying so", text, facts };
  }
  const texts = {
    approved: `The login goes on. If it has given up waiting, it can be tried again, once, until ${timeOf(approval.expiresAt)}.`,
    rejected: "The login was refused.",
    expired: "The login was refused. If it was yours, log in again.",
    unavailable: "No message about it had arrived in time, so the login ended. If it was yours, log in again.",
  };
  return { title: titles[state], text: texts[state], facts, buttons: [notMe] };
}

function factsOf({ username, service, address, realm, requestedAt }: Approval): readonly [string, string][] {
  return [
    ["User", username],
    ["From", address === "" ? "an address that is not known" : address],
    ["Service", service],
    ...(realm === "" ? [] : [["Directory", realm] satisfies [string, string]]),
    ["Asked", agoOf(requestedAt)],
    ["Time", timeOf(requestedAt)],
  ];
}

/** 2026-01-31 12:00:00 UTC */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Whoever reads it has another time zone in mind. */
function agoOf(ms: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - ms) / 1_000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} minutes ago` : `${Math.round(seconds / 3_600)} hours ago`;
}

/** In the language that the request came in. */
function send(request: FastifyRequest, reply: FastifyReply, statusCode: number, content: PageContent): FastifyReply {
  // Nobody behind a link of the page learns the token.
  reply.code(statusCode).header("referrer-policy", "no-referrer");
  if (/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    const { title, text = "" } = content;
    return reply.send({ ...(statusCode < 400 ? { title } : { error: title }), text });
  }
  return reply
    .header("content-security-policy", pageSecurityPolicy)
    .type("text/html; charset=utf-8")
    .send(page(content));
}
