/** Routes about the clusters themselves, and how their configuration wants entries shown and made. */
import { z } from "zod";
import { clusterParams, defineRoutes } from "../api/route.ts";

export const nodeStatusSchema = z.object({
  name: z.string(),
  url: z.string(),
  state: z.enum(["up", "down", "unknown"]).describe("`unknown` until it has been asked."),
  reason: z.string().optional().describe("Why it is down."),
  checkedAt: z.iso.datetime().optional(),
  responseMs: z.number().optional(),
  isWriteNode: z.boolean().describe("Writes go to it first."),
});

export const factsSchema = z
  .object({
    vendor: z.enum(["openldap", "389ds", "active-directory", "espalier", "other"]),
    product: z.string().optional(),
    namingContexts: z.array(z.string()),
    versionAttribute: z.enum(["entryCSN", "modifyTimestamp"]),
    can: z.object({
      page: z.boolean().describe("RFC 2696"),
      sort: z.boolean().describe("RFC 2891"),
      assert: z.boolean().describe("RFC 4528"),
      deleteTrees: z.boolean(),
      modifyPasswords: z.boolean().describe("RFC 3062"),
    }),
  })
  .describe("What a server says of itself in its root DSE.");

const summaryShape = {
  name: z.string(),
  description: z.string(),
  isReadOnly: z.boolean(),
  isConnected: z.boolean().describe("You are signed in to it."),
  may: z
    .array(z.string())
    .describe("What your roles allow everywhere in it; more may be allowed for parts, see `entry`."),
  nodes: z.array(nodeStatusSchema).describe("Empty where you are not signed in to it."),
};

const fieldSchema = z.object({
  name: z.string(),
  label: z.string(),
  type: z.enum(["text", "email", "password", "number", "select", "checkbox", "textarea"]),
  isRequired: z.boolean(),
  placeholder: z.string().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  autoGenerate: z
    .string()
    .optional()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
    .describe("`next_uid`, `days_since_epoch`, or text in which `${NAME}` is what another field holds."),
  isReadOnly: z.boolean(),
  options: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
});

export const formSchema = z.object({
  baseOu: z.string().describe("Where entries are added."),
  objectClasses: z.array(z.string()),
  rdn: z.string().describe("The attribute that names the entry."),
  fields: z.array(fieldSchema),
});

const columns = z.array(z.object({ name: z.string(), label: z.string(), isVisible: z.boolean() }));

export const clusterRoutes = defineRoutes({
  "GET /clusters": {
    summary: "Lists the clusters.",
    tag: "clusters",
    access: "session",
    response: z.object({ clusters: z.array(z.object(summaryShape)) }),
  },
  "GET /clusters/{cluster}": {
    summary: "Says what a cluster is and can do.",
    tag: "clusters",
    access: "session",
    params: clusterParams,
    response: z.object({
      ...summaryShape,
      baseDn: z.string().optional(),
      facts: factsSchema.optional(),
      problem: z.string().optional().describe("Why there are no facts: no node answers."),
    }),
  },
  "GET /clusters/{cluster}/forms": {
    summary: "Gives the forms, columns and password rules that are configured.",
    tag: "clusters",
    access: "session",
    params: clusterParams,
    response: z.object({
      userCreation: formSchema.optional(),
      templates: z.record(z.string(), formSchema),
      columns: z.object({ users: columns, groups: columns, ous: columns }),
      passwordPolicy: z.object({ minLength: z.number().int(), requireConfirmation: z.boolean() }),
    }),
  },
});
