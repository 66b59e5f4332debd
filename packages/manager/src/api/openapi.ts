/** The API as an OpenAPI 3.1 document, out of the same schemas that check requests. */
import { z } from "zod";
import { problemSchema } from "./problem.ts";
import type { Route, Routes } from "./route.ts";

export type JsonObject = { readonly [key: string]: unknown };

export interface OpenApiOptions {
  readonly version: string;
  /** Below which the routes are, `/api/v1` with the context path before it. */
  readonly prefix: string;
}

export function openApiDocument(tables: readonly Routes[], { version, prefix }: OpenApiOptions): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {};
  const tags = new Set<string>();
  for (const [key, route] of tables.flatMap((table) => Object.entries(table))) {
    const [method = "", path = ""] = key.split(" ");
    tags.add(route.tag);
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = operation(key, route);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Espalier",
      version,
      description:
        "Clusters of LDAP servers over HTTP. Sign in with `POST /session`; every change needs the CSRF token that it gives, as `X-CSRF-Token`.",
    },
    servers: [{ url: prefix }],
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "espalier_session" },
        csrf: { type: "apiKey", in: "header", name: "X-CSRF-Token" },
      },
    },
  };
}

function operation(key: string, route: Route): JsonObject {
  const [method = ""] = key.split(" ");
  const needsToken = method !== "GET";
  return {
    operationId: operationId(key),
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    security: route.access === "public" ? [] : [{ session: [], ...(needsToken ? { csrf: [] } : {}) }],
    parameters: [...parameters(route.params, "path"), ...parameters(route.query, "query")],
    ...requestBody(route),
    responses: { ...success(route), default: problem },
  };
}

/** `GET /clusters/{cluster}/entry` as `get_clusters_cluster_entry`. */
function operationId(key: string): string {
  return key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/_$/, "");
}

function parameters(schema: z.ZodObject | undefined, place: "path" | "query"): JsonObject[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, JsonObject>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestBody({ body, accepts }: Route): JsonObject {
  if (accepts !== undefined) {
    const content = Object.fromEntries(accepts.map((type) => [type, { schema: { type: "string" } }]));
    return { requestBody: { required: true, content } };
  }
  if (body === undefined) return {};
  const required = !body.safeParse(undefined).success;
  return { requestBody: { required, content: { "application/json": { schema: jsonSchema(body, "input") } } } };
}

function success({ response, streams = [], status, partial }: Route): JsonObject {
  const content: Record<string, unknown> = {};
  if (response !== undefined) content["application/json"] = { schema: jsonSchema(response, "output") };
  for (const type of streams) content[type] = { schema: { type: "string" } };
  const isEmpty = Object.keys(content).length === 0;
  const code = status ?? (isEmpty ? 204 : 200);
  return {
    [code]: isEmpty ? { description: "Done." } : { description: "The answer.", content },
    ...(partial === true ? { 207: { description: "A part of it was not done; the answer says which.", content } } : {}),
  };
}

const problem = {
  description: "Why it was not done.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
    reused: "inline",
  });
  return rest;
}
