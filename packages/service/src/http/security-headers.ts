/** The headers that every answer has. */
import type { FastifyInstance } from "fastify";

const headers: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  // The filter that it switches off could be turned against pages.
  "x-xss-protection": "0",
  "referrer-policy": "strict-origin-when-cross-origin",
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};
const strictTransportSecurity = "max-age=31536000; includeSubDomains";

/** A route may say some of them otherwise. Over TLS, in front of which a trusted proxy may be, also HSTS (RFC 6797 §7.2). */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.headers(headers);
    if (request.protocol === "https") reply.header("strict-transport-security", strictTransportSecurity);
    done();
  });
}
