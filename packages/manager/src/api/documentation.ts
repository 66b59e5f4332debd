/** The OpenAPI document and its page. Both are made when somebody first asks for them. */
import type { FastifyInstance } from "fastify";
import { type JsonObject, openApiDocument } from "./openapi.ts";
import { referencePage, referencePageSecurityPolicy } from "./reference-page.ts";
import type { Routes } from "./route.ts";

export interface DocumentationOptions {
  readonly tables: readonly Routes[];
  readonly version: string;
  /** Below which the routes are: `/api/v1`. */
  readonly prefix: string;
}

export function addDocumentation(app: FastifyInstance, { tables, version, prefix }: DocumentationOptions): void {
  let document: JsonObject | undefined;
  let json: string | undefined;
  let page: string | undefined;
  const openApi = () => {
    document ??= openApiDocument(tables, { version, prefix });
    return document;
  };
  app.get(`${prefix}/openapi.json`, { config: { endpoint: `${prefix}/openapi.json` } }, async (_request, reply) => {
    json ??= JSON.stringify(openApi());
    return reply.type("application/json; charset=utf-8").send(json);
  });
  app.get(`${prefix}/docs`, { config: { endpoint: `${prefix}/docs` } }, async (_request, reply) => {
    page ??= referencePage(openApi());
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", referencePageSecurityPolicy)
      .send(page);
  });
}
