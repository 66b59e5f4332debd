/** Pages of other origins that may use the API: those that the configuration names (the CORS protocol of the Fetch standard, §3.2). */
import type { FastifyInstance } from "fastify";

const preflight: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
  "access-control-allow-headers": "accept, content-type, if-none-match, x-csrf-token",
  "access-control-max-age": "600",
};
const exposed = "content-disposition, retry-after, x-request-id";

/** To be called before routes are added. Anybody else gets no permission, which is what browsers go by. */
export function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.includes("*")) throw new TypeError("Every origin may not act as whoever is signed in: name them.");
  const allowed = new Set(origins);
  app.addHook("onRequest", async (request, reply) => {
    if (allowed.size > 0) reply.header("vary", "origin");
    const { origin } = request.headers;
    const isAllowed = origin !== undefined && allowed.has(origin);
    if (isAllowed) {
      reply.header("access-control-allow-origin", origin);
      reply.header("access-control-allow-credentials", "true");
      reply.header("access-control-expose-headers", exposed);
    }
    const isPreflight = request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
    if (!isPreflight) return undefined;
    if (isAllowed) reply.headers(preflight);
    return reply.code(204).send();
  });
}
