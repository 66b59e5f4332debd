/** Routes about the schema, and what an edit form needs of it. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { dnText } from "./answer.ts";

const named = {
  oid: z.string(),
  names: z.array(z.string()).describe("The preferred one first; may be empty."),
  description: z.string().optional(),
};

const objectClassSchema = z.object({
  ...named,
  isObsolete: z.boolean(),
  kind: z.enum(["ABSTRACT", "STRUCTURAL", "AUXILIARY"]),
  superiors: z.array(z.string()).describe("As the definition names them (SUP)."),
  chain: z.array(z.string()).describe("All classes above it, by name, each once."),
  must: z.array(z.string()).describe("Its own, without those of the classes above."),
  may: z.array(z.string()),
});

export const attributeTypeSchema = z.object({
  ...named,
  isObsolete: z.boolean(),
  superior: z.string().optional().describe("As the definition names it (SUP)."),
  chain: z.array(z.string()).describe("All types above it, by name, nearest first."),
  syntax: z.string().optional().describe("OID; from a type above where the definition has none."),
  equality: z.string().optional().describe("The matching rule; from a type above where the definition names none."),
  ordering: z.string().optional(),
  substrings: z.string().optional(),
  isSingleValued: z.boolean(),
  isCollective: z.boolean(),
  isReadOnly: z.boolean().describe("NO-USER-MODIFICATION: the server keeps it."),
  usage: z.enum(["userApplications", "directoryOperation", "distributedOperation", "dSAOperation"]),
});

export const schemaAnswer = z.object({
  objectClasses: z.array(objectClassSchema),
  attributeTypes: z.array(attributeTypeSchema),
  syntaxes: z.array(z.object({ oid: z.string(), description: z.string().optional() })),
  matchingRules: z.array(z.object({ ...named, syntax: z.string().optional() })),
  problems: z
    .array(z.object({ definition: z.string(), message: z.string() }))
    .describe("Definitions that could not be used, or only in part."),
});

/** How a value is edited. */
export const editors = [
  "text",
  "lines",
  "dn",
  "boolean",
  "integer",
  "time",
  "photo",
  "certificate",
  "password",
  "binary",
  "objectClass",
] as const;

const formAttribute = z.object({
  name: z.string(),
  names: z.array(z.string()).describe("All names of it, `name` among them."),
  description: z.string().optional(),
  isRequired: z.boolean(),
  isSingleValued: z.boolean(),
  isReadOnly: z.boolean(),
  isNaming: z.boolean().describe("Part of the entry's RDN: to change it is to rename the entry."),
  syntax: z.string().optional(),
  editor: z.enum(editors),
  by: z.array(z.string()).describe("The object classes that bring it."),
});

export const schemaRoutes = defineRoutes({
  "GET /clusters/{cluster}/schema": {
    summary: "Gives the schema.",
    description:
      "Read as far as it can be read; what cannot is in `problems`. Send its ETag as `If-None-Match` for a 304.",
    tag: "schema",
    access: "session",
    params: clusterParams,
    response: schemaAnswer,
  },
  "GET /clusters/{cluster}/form": {
    summary: "Says what a form for an entry needs.",
    tag: "schema",
    access: "session",
    params: clusterParams,
    query: z.object({
      dn: dnText.optional().describe("The entry to edit."),
      objectClasses: z
        .string()
        .max(4_000)
        .optional()
        .describe(
          "For a new entry, or to try other classes: names with commas between them. They count in place of the entry's.",
        ),
    }),
    response: z.object({
      objectClasses: z.array(
        z.object({
          name: z.string(),
          kind: z.enum(["ABSTRACT", "STRUCTURAL", "AUXILIARY", "unknown"]),
          description: z.string().optional(),
        }),
      ),
      structural: z.string().optional().describe("The most specific structural class."),
      auxiliary: z.array(z.string()).describe("Auxiliary classes that could be added."),
      attributes: z.array(formAttribute).describe("Required ones first."),
      takesAnything: z
        .boolean()
        .describe("An extensibleObject: any attribute of the schema may be there (RFC 4512 §4.3)."),
      problems: z.array(z.string()),
      node: z.string().optional().describe("Which node the entry was read from."),
    }),
  },
});
