import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openApiDocument } from "../../src/api/openapi.ts";
import { referencePage, referencePageSecurityPolicy } from "../../src/api/reference-page.ts";
import { defineRoutes } from "../../src/api/route.ts";
import { schemaRows } from "../../src/api/schema-rows.ts";

const routes = defineRoutes({
  "POST /clusters/{cluster}/things": {
    summary: "Makes a <thing> of `parts`.",
    description: "First paragraph.\n\n- one\n- two",
    tag: "things",
    access: "session",
    params: z.object({ cluster: z.string().describe("Its name & no other's.") }),
    query: z.object({ limit: z.coerce.number().int().min(1).max(10).default(5) }),
    body: z.strictObject({ parts: z.array(z.object({ name: z.string().describe("What it is called.") })) }),
    response: z.object({ id: z.string() }),
  },
  "GET /nothing": { summary: "Answers nothing.", tag: "others", access: "public" },
});

describe("the reference page", () => {
  const document = openApiDocument([routes], { version: "1.2.3", prefix: "/ldap/api/v1" });
  const page = referencePage(document);

  it("has every route, its parameters, its body and its answer", () => {
    const text = page.replaceAll(/<style>[\s\S]*<\/style>/g, "").replaceAll(/<[^>]+>/g, "");
    for (const part of ["/clusters/{cluster}/things", "/nothing", "limit", "5 unless given.", "At most 10."]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("parts[].namestringWhat it is called.");
    expect(text).toContain("For anybody.");
    expect(text).toContain("For who has signed in.");
    expect(text).toContain("no_such_cluster404");
  });

  it("escapes what descriptions say, and has no script and nothing from elsewhere", () => {
    expect(page).toContain("Makes a &lt;thing&gt; of <code>parts</code>.");
    expect(page).toContain("Its name &amp; no other&#39;s.");
    expect(page).not.toMatch(/<script|\son\w+=|https?:\/\/|<link|<img/i);
    expect(page).toContain("<ul><li>one</li><li>two</li></ul>");
  });

  it("is allowed its own style and nothing else", () => {
    expect(referencePageSecurityPolicy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /);
  });
});

describe("rows of a schema", () => {
  it("name what is nested by its path, and tell alternatives together", () => {
    const schema = z.toJSONSchema(
      z.object({
        change: z.union([
          z.object({ type: z.literal("add"), attributes: z.record(z.string(), z.array(z.string())) }),
          z.object({ type: z.literal("delete"), version: z.string().optional() }),
        ]),
      }),
    );
    expect(schemaRows(schema, {})).toEqual([
      { path: "change", type: "object", isRequired: true, description: "" },
      { path: "change.type", type: '"add" or "delete"', isRequired: true, description: "" },
      { path: "change.attributes", type: "list of string by name", isRequired: true, description: "" },
      { path: "change.version", type: "string", isRequired: false, description: "" },
    ]);
  });

  it("end where a schema holds itself", () => {
    const schema = { $ref: "#/components/schemas/Tree" };
    const tree = { type: "object", properties: { children: { type: "array", items: schema } } };
    const rows = schemaRows(schema, { "#/components/schemas/Tree": tree });
    expect(rows.map(({ path }) => path)).toEqual([
      "",
      "children",
      "children[].children",
      "children[].children[].children",
    ]);
  });
});
