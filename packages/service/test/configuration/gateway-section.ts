/** A section as a service would declare it, and files for the loader to read. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import {
  byteSize,
  ConfigurationError,
  defineSection,
  duration,
  formatProblem,
  listenUrl,
  secret,
} from "../../src/index.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

export const gateway = defineSection({
  name: "gateway",
  description: "The LDAP server over SQL.",
  schema: z
    .object({
      base: z.string().min(3),
      port: z.number().int().min(1).max(65_535).default(636),
      unencrypted: z.boolean().default(false),
      requireAuthForSearch: z.boolean().default(true),
      authBackends: z.array(z.string()).default(["sql"]),
      listen: z
        .array(listenUrl({ ldap: 389, ldaps: 636 }))
        .default([])
        .describe("Where to listen."),
      refresh: duration({ min: 100 }).prefault("5s"),
      maxMessage: byteSize({ max: 64 * 1024 * 1024 })
        .prefault("10MiB")
        .describe("The largest message that is read."),
      placement: z.enum(["flat", "units"]).default("flat").describe("Where users and groups stand."),
      sql: z
        .object({ uri: secret().optional(), timeout: duration().optional().describe("How long a statement may take.") })
        .optional(),
      labels: z.record(z.string(), z.number()).default({}).describe("Numbers by name."),
      tiers: z
        .array(
          z.object({ name: z.string().describe("Its name."), weight: z.number().default(1).describe("Its share.") }),
        )
        .default([]),
      realms: z.unknown().optional(),
    })
    .superRefine(({ unencrypted, port }, context) => {
      if (unencrypted && port === 636) {
        context.addIssue({
          code: "custom",
          path: ["port"],
          message: "636 is for LDAPS: set 389, or turn unencrypted off",
        });
      }
    }),
  environment: {
    LDAP_BASE_DN: { path: ["base"], description: "The naming context." },
    PORT: { path: ["port"], description: "The port." },
    LDAP_UNENCRYPTED: { path: ["unencrypted"], description: "Plain LDAP." },
    REQUIRE_AUTH_FOR_SEARCH: { path: ["requireAuthForSearch"], description: "Whether a search needs a bind." },
    AUTH_BACKENDS: { path: ["authBackends"], description: "Who checks passwords." },
    REFRESH: { path: ["refresh"], description: "How often SQL is read.", deprecated: "use SQL_REFRESH instead." },
    SQL_URI: { path: ["sql", "uri"], aliases: ["SQL_URL"], description: "The database." },
    REALM_CONFIG: {
      path: ["realms"],
      description: "Realms as JSON.",
      parse: (text) => {
        if (!text.startsWith("[")) throw new Error("must be a JSON array");
        return JSON.parse(text);
      },
    },
  },
});

/** Path of a file `espalier.yaml` with that text. */
export function yamlFile(text: string): string {
  const file = join(temporaryDirectory(), "espalier.yaml");
  writeFileSync(file, text);
  return file;
}

/** Variables alone, whatever stands in the directory that the tests run in. */
export function variables(environment: Readonly<Record<string, string>>) {
  return { file: yamlFile(""), environment };
}

/** The lines of the ConfigurationError that `load` throws. */
export function problemsOf(load: () => unknown): string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(formatProblem);
    throw error;
  }
  throw new Error("there was no problem");
}
