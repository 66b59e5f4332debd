/** How long a request's body may take to come: not long, but for the uploads of people who have signed in. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Session } from "./sessions/session.ts";

/** Of what is sent as JSON, and of what strangers send. */
const bodyTimeoutMs = 15_000;
/** Of an import. It is the server's limit for whole requests. */
export const uploadTimeoutMs = 3_600_000;

/** An upload's type has a parser of its own, which hands on the stream. */
const uploadTypes = ["text/ldif", "text/csv", "application/x-ndjson"] as const;

export function limitUploadTime(app: FastifyInstance, timeoutMs = bodyTimeoutMs): void {
  app.addContentTypeParser([...uploadTypes], (_request, stream, done) => done(null, stream));
  app.addHook("onRequest", async (request) => {
    const { raw } = request;
    if (raw.complete || !hasBody(request)) return;
    const timer = setTimeout(() => {
      if (!raw.complete && !isUpload(request)) raw.socket.destroy();
    }, timeoutMs).unref();
    raw.once("end", () => clearTimeout(timer));
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function isUpload(request: FastifyRequest & { session?: Session | undefined }): boolean {
  const [type = ""] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
  return request.session !== undefined && uploadTypes.some((each) => each === type.trim());
}
