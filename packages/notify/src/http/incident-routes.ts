/**
 * The page behind the link in a message: `GET /incidents/ID/acknowledge?token=…` shows what it is about, and only the POST of its
 * button acknowledges, because mail scanners follow links.
 */
import { StoreError } from "@espalier/service";
import { AddressGate } from "@espalier/service/http";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import type { Incidents } from "../routes/acknowledgement.ts";
import type { Incident } from "../routes/incident.ts";
import { type PageContent, page, pageSecurityPolicy } from "./page.ts";

interface IncidentRoute {
  readonly Params: { readonly id: string };
  readonly Querystring: { readonly token?: string };
}

const path = "/incidents/:id/acknowledge";
const config = { endpoint: "incident" } as const;

export function incidentRoutes(incidents: Incidents): FastifyPluginAsync {
  const addresses = new AddressGate();
  return async (app) => {
    for (const method of ["GET", "POST"] as const) {
      app.route<IncidentRoute>({
        method,
        url: path,
        config,
        handler: async (request, reply) => {
          const waitSeconds = addresses.refusal(request.ip);
          if (waitSeconds !== undefined) {
            reply.header("retry-after", String(waitSeconds));
            return send(reply, 429, { title: "Too many requests", text: "Try again in a while." });
          }
          const { token } = request.query;
          try {
            const incident = typeof token === "string" ? await incidents.ofLink(request.params.id, token) : undefined;
            if (incident === undefined) {
              addresses.failed(request.ip);
              return send(reply, 404, {
                title: "This link is not valid",
                text: "It may have been cut off in the message.",
              });
            }
            if (method === "POST") return send(reply, 200, contentOf(await acknowledged(incidents, incident)));
            return send(reply, 200, contentOf(incident));
          } catch (error) {
            if (!(error instanceof StoreError)) throw error;
            reply.header("retry-after", "10");
            return send(reply, 503, { title: "Not at the moment", text: "The store is away. Try again in a while." });
          }
        },
      });
    }
  };
}

async function acknowledged(incidents: Incidents, incident: Incident): Promise<Incident> {
  const acknowledgement = await incidents.acknowledge(incident.id, "link");
  return acknowledgement.outcome === "unknown" ? incident : acknowledgement.incident;
}

function contentOf({ subject, severity, openedAt, acknowledged, closedAt }: Incident): PageContent {
  const facts: [string, string][] = [
    ["Severity", severity],
    ["Since", new Date(openedAt).toUTCString()],
  ];
  if (acknowledged !== undefined) {
    facts.push(["Acknowledged", new Date(acknowledged.at).toUTCString()], ["By", acknowledged.by]);
    return { title: `${subject}: acknowledged`, text: "Nobody else will be called.", facts };
  }
  if (closedAt !== undefined) return { title: `${subject}: over`, text: "There is nothing left to do.", facts };
  const button = { label: "Acknowledge", name: "decision", value: "acknowledge" };
  return { title: subject, text: "Will you look after it? Then nobody else is called.", facts, buttons: [button] };
}

function send(reply: FastifyReply, statusCode: number, content: PageContent): FastifyReply {
  return reply
    .code(statusCode)
    .header("content-security-policy", pageSecurityPolicy)
    .type("text/html; charset=utf-8")
    .send(page(content));
}
