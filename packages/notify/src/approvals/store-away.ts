/** The answer while the store is away: 503, so that the asking program tries another node. */
import { StoreError } from "@espalier/service";
import type { FastifyReply } from "fastify";

export async function sendStoreAway(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return reply.code(503).header("retry-after", "10").send({ error: "the store is away at the moment" });
  }
}
