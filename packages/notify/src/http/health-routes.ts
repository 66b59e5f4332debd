/** `/livez`, `/readyz` and `/health` where everybody can ask: whether it works, and not how it is made. */
import type { Health, Store } from "@espalier/service";
import type { FastifyPluginAsync } from "fastify";

/** Not ready while the store is away: webhooks are 503 then. A channel that does not work is no reason to send them elsewhere. */
export function healthRoutes(health: Health, store: Store): FastifyPluginAsync {
  return async (app) => {
    app.get("/livez", { config: { endpoint: "livez" } }, async () => ({ status: "alive" }));
    app.get("/readyz", { config: { endpoint: "readyz" } }, async (_request, reply) =>
      health.readiness.ready && store.check().status === "ok"
        ? { status: "ready" }
        : reply.code(503).send({ status: "not ready" }),
    );
    app.get("/health", { config: { endpoint: "health" } }, async (_request, reply) => {
      const { status, timestamp, version, checks } = await health.report();
      const shown = Object.entries(checks).map(([name, check]) => [name, { status: check.status }]);
      return reply.code(status === "unhealthy" ? 503 : 200).send({
        status,
        timestamp,
        version,
        checks: Object.fromEntries(shown),
      });
    });
  };
}
