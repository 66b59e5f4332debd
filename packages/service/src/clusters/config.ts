/**
 * The `clusters` section: the directories that are managed and watched, each a set of LDAP servers that hold the same. Its
 * keys are those of the `config.yml` that it takes as it is, and so are spelt with underscores.
 */
import { z } from "zod";
import { duration } from "../configuration/quantity.ts";
import { secret } from "../configuration/secret.ts";

const port = z.number().int().min(1).max(65_535);
const dn = z.string().min(1);

const nodeConfig = z.strictObject({
  host: z.string().min(1),
  port: port.optional().describe("389, or 636 with `tls: ldaps`, unless set."),
  name: z.string().min(1).optional().describe("`HOST:PORT` unless set."),
});

const tlsConfig = z.strictObject({
  mode: z
    .enum(["ldaps", "starttls", "none"])
    .describe(
      "`none` sends passwords in clear text, which is refused but to this machine unless `allow_cleartext` says otherwise.",
    ),
  ca_file: z.string().optional().describe("PEM certificates to trust in place of the system's."),
  server_name: z.string().optional().describe("The name that certificates must have, where it is not the host's."),
  cert_file: z.string().optional().describe("A client certificate."),
  key_file: z.string().optional(),
});

export const roleNames = ["viewer", "helpdesk", "editor", "admin", "auditor"] as const;

const roleGrant = z.strictObject({
  role: z.enum(roleNames),
  groups: z.array(dn).default([]).describe("DNs of groups whose members have it."),
  users: z.array(dn).default([]).describe("DNs of people who have it; `*` is everybody who can sign in."),
  under: dn.optional().describe("Only for entries below this DN, itself included."),
});

const formField = z.strictObject({
  name: z.string().min(1).describe("An attribute."),
  label: z.string().optional(),
  type: z.enum(["text", "email", "password", "number", "select", "checkbox", "textarea"]).default("text"),
  required: z.boolean().default(false),
  placeholder: z.string().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  auto_generate: z
    .string()
    .optional()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
    .describe("`next_uid`, `days_since_epoch`, or text in which `${NAME}` is what another field holds."),
  readonly: z.boolean().default(false),
  options: z
    .array(z.union([z.string(), z.strictObject({ value: z.string(), label: z.string() })]))
    .optional()
    .describe("Of a `select`."),
});

export const creationForm = z.strictObject({
  base_ou: dn.describe("Where entries are added."),
  object_classes: z.array(z.string().min(1)).min(1),
  fields: z.array(formField),
  rdn: z.string().optional().describe("The attribute that names the entry: `uid`, or the first field, unless set."),
});

const column = z.strictObject({
  name: z.string().min(1),
  label: z.string().optional(),
  default_visible: z.boolean().default(true),
});

export const clusterConfig = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^/\\\s]+$/, "must have no spaces and no slashes")
      .describe("Its name in URLs."),
    description: z.string().default(""),
    host: z.string().min(1).optional().describe("Its one server; with several, `nodes`."),
    port: port.optional(),
    nodes: z
      .array(nodeConfig)
      .min(1)
      .optional()
      .describe("Its servers. Writes go to the first, reads to the last that is up."),
    base_dn: z.string().default("").describe("The first naming context of the server unless set."),
    bind_dn: dn
      .optional()
      .describe("The account of the shared login, and who is its administrator where `roles` names nobody."),
    bind_password: secret()
      .optional()
      .describe(
        "Only for `shared_login` and for signing in by uid or mail where the directory shows nothing to strangers.",
      ),
    readonly: z.boolean().default(false),
    tls: z
      .union([tlsConfig, z.enum(["ldaps", "starttls", "none"])])
      .optional()
      .describe("StartTLS unless set: `ldaps` by itself with port 636."),
    allow_cleartext: z.boolean().default(false),
    multi_master: z
      .boolean()
      .default(false)
      .describe("Every node takes writes: another is tried when the first is down."),
    read_order: z.enum(["last-first", "balanced"]).default("last-first"),
    timeout: duration({ min: 1_000, max: 600_000 })
      .prefault("30s")
      .describe("The longest that a server may be silent."),
    connect_timeout: duration({ min: 100, max: 60_000 }).prefault("2s"),
    pool: z
      .strictObject({
        size: z.number().int().min(1).max(100).default(4).describe("Connections to a node, for each person."),
        idle: duration({ min: 1_000, max: 3_600_000 }).prefault("5m").describe("How long one is kept unused."),
      })
      .prefault({}),
    shared_login: z
      .strictObject({ roles: z.array(z.enum(roleNames)).min(1) })
      .optional()
      .describe(
        "Lets people of these roles act as `bind_dn` with a password that one of them gives. Nobody, unless set.",
      ),
    proxied_authorization: z
      .boolean()
      .default(false)
      .describe("People who sign in by OIDC act through `bind_dn`, which the directory lets act for them (RFC 4370)."),
    roles: z
      .array(roleGrant)
      .optional()
      .describe(
        "Who may do what. Unless set: `bind_dn` is admin, everybody else a viewer; and the directory's own rules hold for all.",
      ),
    user_creation_form: creationForm.optional(),
    templates: z.record(z.string(), creationForm).default({}).describe("More forms, by name."),
    table_columns: z
      .strictObject({
        users: z.array(column).default([]),
        groups: z.array(column).default([]),
        ous: z.array(column).default([]),
      })
      .prefault({}),
    password_policy: z
      .strictObject({
        min_length: z.number().int().min(0).max(1_000).default(0),
        require_confirmation: z.boolean().default(true),
      })
      .prefault({}),
    canary: z
      .strictObject({ under: dn.describe("Where the test entry is written.") })
      .optional()
      .describe("Lets administrators test replication by writing an entry, which is removed again. Not, unless set."),
  })
  .superRefine(({ host, nodes, port: single }, context) => {
    const problem = (message: string, path: string) => context.addIssue({ code: "custom", path: [path], message });
    if (host === undefined && nodes === undefined)
      problem("is missing: name the server, or several as `nodes`", "host");
    if (host !== undefined && nodes !== undefined) problem("cannot be there together with `nodes`", "host");
    if (nodes !== undefined && single !== undefined) problem("belongs to each of the `nodes`", "port");
  });

export const clustersConfig = z.array(clusterConfig).superRefine((clusters, context) => {
  clusters.forEach(({ name }, index) => {
    if (clusters.findIndex((other) => other.name === name) !== index) {
      context.addIssue({
        code: "custom",
        path: [index, "name"],
        message: `is the name of another cluster too: ${name}`,
      });
    }
  });
});

export type ClusterConfig = z.output<typeof clusterConfig>;
export type CreationForm = z.output<typeof creationForm>;
