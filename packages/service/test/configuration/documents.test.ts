import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  configurationJsonSchema,
  configurationReference,
  defineSection,
  logSection,
  metricsSection,
} from "../../src/index.ts";
import { gateway } from "./gateway-section.ts";

describe("the reference", () => {
  it("lists every key with type, default, variables and meaning", () => {
    expect(configurationReference([logSection, gateway])).toBe(`## log

The log: one JSON object a line on standard output.

| key | type | default | environment | meaning |
| --- | --- | --- | --- | --- |
| \`log.level\` | \`trace\`, \`debug\`, \`info\`, \`warn\`, \`error\`, \`fatal\` | \`info\` | \`LOG_LEVEL\` | The least severe lines that are written. Any letter case; \`warning\` and \`critical\` as well. |

## gateway

The LDAP server over SQL.

| key | type | default | environment | meaning |
| --- | --- | --- | --- | --- |
| \`gateway.base\` | text | required | \`LDAP_BASE_DN\` | The naming context. |
| \`gateway.port\` | number | \`636\` | \`PORT\` | The port. |
| \`gateway.unencrypted\` | \`true\` or \`false\` | \`false\` | \`LDAP_UNENCRYPTED\` | Plain LDAP. |
| \`gateway.requireAuthForSearch\` | \`true\` or \`false\` | \`true\` | \`REQUIRE_AUTH_FOR_SEARCH\` | Whether a search needs a bind. |
| \`gateway.authBackends\` | list of text | \`["sql"]\` | \`AUTH_BACKENDS\` | Who checks passwords. |
| \`gateway.listen\` | list of ldap://host:port or ldaps://host:port | \`[]\` |  | Where to listen. |
| \`gateway.refresh\` | duration | \`5s\` | \`REFRESH\` | How often SQL is read. use SQL_REFRESH instead. |
| \`gateway.maxMessage\` | size | \`10MiB\` |  | The largest message that is read. |
| \`gateway.placement\` | \`flat\`, \`units\` | \`flat\` |  | Where users and groups stand. |
| \`gateway.sql.uri\` | secret text |  | \`SQL_URI\` or \`SQL_URL\` | The database. |
| \`gateway.sql.timeout\` | duration |  |  | How long a statement may take. |
| \`gateway.labels\` | group of number | \`{}\` |  | Numbers by name. |
| \`gateway.tiers[].name\` | text | required |  | Its name. |
| \`gateway.tiers[].weight\` | number | \`1\` |  | Its share. |
| \`gateway.realms\` | anything |  | \`REALM_CONFIG\` | Realms as JSON. |
`);
  });

  it("writes a default in the notation of its type", () => {
    expect(configurationReference([metricsSection])).toContain(
      "| `metrics.listen` | `off` or host:port | `127.0.0.1:9400` | `METRICS_LISTEN` |",
    );
  });

  it("lists variables that set one member of a group", () => {
    const section = defineSection({
      name: "notify",
      description: "Webhooks.",
      schema: z.object({ sources: z.record(z.string(), z.object({ secret: z.string().describe("Its secret.") })) }),
      environment: {
        WEBHOOK_SECRET: { path: ["sources", "generic", "secret"], description: "The secret of generic." },
      },
    });
    expect(configurationReference([section])).toContain(
      [
        "| `notify.sources.<name>.secret` | text | required |  | Its secret. |",
        "| `notify.sources.generic.secret` |  |  | `WEBHOOK_SECRET` | The secret of generic. |",
        "",
      ].join("\n"),
    );
  });

  it("refuses a key that nobody has described", () => {
    const bare = defineSection({ name: "bare", description: "", schema: z.object({ key: z.string() }) });
    expect(() => configurationReference([bare])).toThrow("bare.key has no description");
  });
});

describe("the JSON schema", () => {
  it("requires nothing, closes every group, and lets a reference stand for any scalar", () => {
    const section = defineSection({
      name: "proxy",
      description: "The balancer.",
      schema: z.object({
        port: z.number().int().min(1).describe("The port."),
        nodes: z.array(z.object({ url: z.string(), enabled: z.boolean().default(true) })),
        mode: z.enum(["a", "b"]).optional(),
      }),
    });
    const reference = { type: "string", pattern: "\\$\\{" };
    expect(configurationJsonSchema([section])).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "espalier.yaml",
      type: "object",
      additionalProperties: false,
      properties: {
        proxy: {
          description: "The balancer.",
          type: "object",
          additionalProperties: false,
          properties: {
            port: {
              description: "The port.",
              anyOf: [{ type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, reference],
            },
            nodes: {
              type: "array",
              items: {
                type: "object",
                additionalProperties: false,
                properties: {
                  url: { type: "string" },
                  enabled: { default: true, anyOf: [{ type: "boolean" }, reference] },
                },
              },
            },
            mode: { anyOf: [{ type: "string", enum: ["a", "b"] }, reference] },
          },
        },
      },
    });
  });

  it("describes every section there is", () => {
    const schema = configurationJsonSchema([logSection, metricsSection, gateway]);
    expect(Object.keys(schema.properties as object)).toEqual(["log", "metrics", "gateway"]);
  });
});
