/** The document that clients are made of. `npx vitest run packages/manager/test/api/openapi.test.ts --update=all` writes it anew. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { openApiDocument } from "../../src/api/openapi.ts";
import { referencePage } from "../../src/api/reference-page.ts";
import { apiRoutes } from "../../src/api/routes.ts";

const document = openApiDocument([apiRoutes], { version: "1", prefix: "/api/v1" });

describe("the OpenAPI document", () => {
  it("is the one that was reviewed", async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot("../../openapi.json");
  });

  it("is valid OpenAPI 3.1, and every reference leads somewhere", async () => {
    const validator = new Validator();
    const result = await validator.validate(JSON.parse(JSON.stringify(document)));
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    for (const reference of references) expect(at(document, reference), reference).toBeDefined();
  });

  it("gives each operation an id and a sentence of its own", () => {
    const paths = document.paths as Record<string, Record<string, { operationId: string; summary: string }>>;
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(operations.filter(({ summary }) => !summary.endsWith("."))).toEqual([]);
  });

  it("is read as a page", () => {
    const page = referencePage(document);
    for (const key of Object.keys(apiRoutes)) expect(page).toContain(key.split(" ")[1]);
  });
});

/** What a reference within the document names (RFC 6901). */
function at(value: unknown, reference: string): unknown {
  const names = reference.replace(/^#\/?/, "").split("/");
  return names.reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], value);
}
