/**
 * The `clusters` section: the directories that are managed and watched, each a set of LDAP servers that hold the same. Its
 * keys are those of the `config.yml` that it takes as it is, and so are spelt with underscores.
 */
import { isIPv6 } from "node:net";
import { ParseError, parseDn } from "@espalier/ldap";
import { z } from "zod";
import { duration } from "../configuration/quantity-schema.ts";
import { valueMetadata } from "../configuration/schema-tree.ts";
import { secret } from "../configuration/secret.ts";
import { defineSection } from "../configuration/section.ts";
import { checkCluster } from "./cluster-rules.ts";

const port = () => z.number().int().min(1).max(65_535);

const host = () =>
  z
    .string()
    .refine(
      (text) => isIPv6(text) || /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(text),
      "must be a name or an address alone, such as ldap1.example.com, 192.0.2.7 or 2001:db8::7",
    );

const dn = () =>
  z
    .string()
    .min(1)
    .superRefine((text, context) => {
      try {
        if (parseDn(text).length > 0) return;
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
      context.addIssue({ code: "custom", message: "must be a DN, such as ou=people,dc=example,dc=com", input: text });
    });

const modes = ["ldaps", "starttls", "none"] as const;

const nodeConfig = z.strictObject({
  host: host().describe("A name or an address."),
  port: port().optional().describe("389, or 636 with `tls: ldaps`, unless set."),
  name: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("What answers, log, metrics and events call it; `HOST:PORT` unless set."),
});

const tlsConfig = z.strictObject({
  mode: z
    .enum(modes)
    .optional()
    .describe(
      "`tls: ldaps` says the same as `tls: { mode: ldaps }`. Unless set, and without `tls` too: `ldaps` on port 636, else `starttls`, without which nothing is sent. `none` sends passwords in clear text, which is refused but to this machine unless `allow_cleartext` is set.",
    ),
  ca_file: z.string().min(1).optional().describe("PEM certificates to trust in place of the system's."),
  server_name: z
    .string()
    .min(1)
    .optional()
    .describe("The name that certificates must have, where it is not the host's."),
  cert_file: z.string().min(1).optional().describe("A client certificate, PEM."),
  key_file: z.string().min(1).optional().describe("Its private key, PEM."),
});

export const roleNames = ["viewer", "helpdesk", "editor", "admin", "auditor"] as const;

const roleGrant = z.strictObject({
  role: z
    .enum(roleNames)
    .describe("`helpdesk` sets passwords and unlocks, `editor` changes entries, `auditor` reads the audit trail."),
  groups: z.array(dn()).default([]).describe("DNs of groups whose members have it."),
  users: z
    .array(z.union([z.literal("*"), dn()]))
    .default([])
    .describe("DNs of people who have it; `*` is everybody who can sign in."),
  under: dn().optional().describe("Only for entries below this DN, itself included."),
});

const formField = z.strictObject({
  name: z.string().min(1).describe("An attribute."),
  label: z.string().optional().describe("What the form calls it; its name unless set."),
  type: z
    .enum(["text", "email", "password", "number", "select", "checkbox", "textarea"])
    .default("text")
    .describe("How it is asked for."),
  required: z.boolean().default(false).describe("Whether it must be filled in."),
  placeholder: z.string().optional().describe("An example, shown while it is empty."),
  default: z.union([z.string(), z.number(), z.boolean()]).optional().describe("What it holds to begin with."),
  auto_generate: z
    .string()
    .register(valueMetadata, { verbatim: true })
    .optional()
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how it is written
    .describe("`next_uid`, `next_gid`, `days_since_epoch`, or text in which `${NAME}` is what another field holds."),
  readonly: z.boolean().default(false).describe("Whether it is shown only."),
  options: z
    .array(
      z.union([
        z.string(),
        z.number().transform(String),
        z.strictObject({
          value: z
            .union([z.string(), z.number().transform(String)])
            .describe("Of a `select`. A value that is its own label can be written as that alone."),
          label: z.string().describe("What the form shows for it."),
        }),
      ]),
    )
    .optional(),
});

export const creationForm = z.strictObject({
  base_ou: dn().describe("Where entries are added."),
  object_classes: z.array(z.string().min(1)).min(1).describe("Of the entries that it makes."),
  fields: z.array(formField),
  rdn: z
    .string()
    .min(1)
    .optional()
    .describe("The attribute that names the entry: `uid`, or the first field, unless set."),
});

const columns = () =>
  z
    .array(
      z.strictObject({
        name: z.string().min(1).describe("An attribute."),
        label: z.string().optional().describe("What the table calls it; its name unless set."),
        default_visible: z
          .boolean()
          .default(true)
          .describe("Whether it is shown until somebody chooses their own columns."),
      }),
    )
    .default([]);

export const clusterConfig = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^/\\\s]+$/, "must have no spaces and no slashes")
      .describe("Its name in URLs."),
    description: z.string().default("").describe("For people."),
    host: host().optional().describe("Its one server; with several, `nodes`."),
    port: port().optional().describe("Of `host`: 389, or 636 with `tls: ldaps`, unless set."),
    nodes: z
      .array(nodeConfig)
      .min(1)
      .optional()
      .describe("Its servers. Writes go to the first, reads to the last that is up."),
    base_dn: z
      .union([z.literal(""), dn()])
      .default("")
      .describe("The first naming context of the server unless set."),
    bind_dn: dn()
      .optional()
      .describe("The account of the shared login, and who is its administrator where `roles` names nobody."),
    bind_password: z
      .preprocess((text) => (text === "" ? undefined : text), secret().optional())
      .describe(
        "Only for `shared_login`, `proxied_authorization`, and for signing in by uid or mail where the directory shows nothing to strangers.",
      ),
    readonly: z.boolean().default(false).describe("Nothing is changed, whoever asks."),
    tls: z.union([tlsConfig, z.enum(modes)]).optional(),
    allow_cleartext: z
      .boolean()
      .default(false)
      .describe(
        "Lets `tls: none` be used over a network. Where `tls` is not set: encrypts, whatever the certificate, with servers that offer StartTLS, and sends passwords in clear text to the others. To this machine (`localhost`, 127.0.0.1, ::1) that holds by itself.",
      ),
    multi_master: z
      .boolean()
      .default(false)
      .describe("Every node takes writes: another is tried when the first is down."),
    read_order: z
      .enum(["last-first", "balanced"])
      .default("last-first")
      .describe("Reads go to the last node that is up, or to each in turn."),
    timeout: duration({ min: 1_000, max: 600_000 })
      .prefault("30s")
      .describe("The longest that a server may be silent."),
    connect_timeout: duration({ min: 100, max: 60_000 })
      .prefault("2s")
      .describe("The longest that a server may take to be connected to, and to answer when asked whether it is there."),
    pool: z
      .strictObject({
        size: z.number().int().min(1).max(100).default(4).describe("Connections to a node, for each person."),
        idle: duration({ min: 1_000, max: 3_600_000 }).prefault("5m").describe("How long one is kept unused."),
      })
      .prefault({}),
    shared_login: z
      .strictObject({
        roles: z
          .array(z.enum(roleNames))
          .min(1)
          .describe(
            "Lets people of these roles act as `bind_dn` with a password that one of them gives. Nobody, unless set.",
          ),
      })
      .optional(),
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
    first_number: z
      .number()
      .int()
      .min(1)
      .max(2_000_000_000)
      .optional()
      .describe(
        "Where `next_uid` and `next_gid` begin, 2000 unless set; they are above every number that the directory has.",
      ),
    table_columns: z.strictObject({ users: columns(), groups: columns(), ous: columns() }).prefault({}),
    password_policy: z
      .strictObject({
        min_length: z
          .number()
          .int()
          .min(0)
          .max(1_000)
          .default(0)
          .describe("The least that the page takes; the directory has its own rules."),
        require_confirmation: z.boolean().default(true).describe("Whether a new password is typed twice."),
      })
      .prefault({}),
    canary: z
      .strictObject({
        under: dn().describe(
          "Where administrators may test replication by writing an entry, which is removed again. Nowhere, unless set.",
        ),
      })
      .optional(),
  })
  .superRefine(checkCluster);

export const clustersConfig = z
  .array(clusterConfig)
  .min(1)
  .superRefine((clusters, context) => {
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

export const clustersSection = defineSection({
  name: "clusters",
  description:
    "A list: the directories that are managed and watched, each a set of LDAP servers that hold the same. A `config.yml` of the system that the manager replaces is one.",
  schema: clustersConfig,
});

export type ClusterConfig = z.output<typeof clusterConfig>;
export type CreationForm = z.output<typeof creationForm>;
