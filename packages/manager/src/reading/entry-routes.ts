/** Routes that read one entry, and single values of it. */
import { z } from "zod";
import { entrySchema } from "../api/entry.ts";
import { clusterParams, defineRoutes } from "../api/route.ts";
import { answeredShape, attributeList, attributeName, dnText, flag, nodeName } from "./answer.ts";

const valueQuery = z.object({
  dn: dnText,
  attribute: attributeName,
  index: z.coerce.number().int().min(0).default(0).describe("Which of the values, as the server orders them."),
  node: nodeName.optional(),
});

export const certificateSchema = z
  .object({
    subject: z.array(z.string()).describe("`CN=ann`, one attribute each, as they are in the certificate."),
    issuer: z.array(z.string()),
    serialNumber: z.string().describe("Hexadecimal."),
    validFrom: z.iso.datetime(),
    validTo: z.iso.datetime(),
    validity: z
      .enum(["valid", "not_yet_valid", "expired"])
      .describe("By this server's clock; who signed it is not checked."),
    subjectAltNames: z.array(z.string()).describe("`DNS:ldap.example.com`"),
    isAuthority: z.boolean(),
    key: z.object({
      type: z.string().describe("`rsa`, `ec`, `ed25519`, …"),
      bits: z.number().int().optional().describe("Of an RSA or DSA key."),
      curve: z.string().optional(),
    }),
    extendedKeyUsage: z.array(z.string()).describe("OIDs."),
    fingerprints: z.object({ sha1: z.string(), sha256: z.string(), sha512: z.string() }),
    pem: z.string(),
  })
  .describe("An X.509 certificate, RFC 5280.");

export const entryRoutes = defineRoutes({
  "GET /clusters/{cluster}/entry": {
    summary: "Reads an entry.",
    description: [
      "Where there is none the answer is `no_such_entry`, and `ldap.matchedDn` the nearest entry above it that there is.",
      "Secrets are `hidden`; `reveal=true` shows them to administrators, and is noted in the audit trail.",
    ].join("\n"),
    tag: "entries",
    access: "session",
    params: clusterParams,
    query: z.object({
      dn: dnText.describe("The entry's name, RFC 4514; empty for the root DSE."),
      attributes: attributeList.default("*,+"),
      node: nodeName.optional(),
      reveal: flag.default("false").describe("Shows hashes and other secrets; for administrators."),
      maxValues: z.coerce
        .number()
        .int()
        .min(1)
        .max(100_000)
        .optional()
        .describe("No more values of an attribute than these; `cut` says of which there are more. All, unless set."),
    }),
    response: z.object({
      entry: entrySchema,
      cut: z
        .record(z.string(), z.number().int())
        .optional()
        .describe("How many values an attribute has of which `maxValues` are shown."),
      may: z
        .array(z.string())
        .describe("What your roles allow for this entry; the directory's own rules hold beside them."),
      ...answeredShape,
    }),
  },
  "GET /clusters/{cluster}/value": {
    summary: "Gives one value as the bytes that it is.",
    description:
      "A photo, a certificate, any other value that is no secret. At most what one LDAP message holds, 32 MiB.",
    tag: "entries",
    access: "session",
    params: clusterParams,
    query: valueQuery,
    streams: ["application/octet-stream"],
  },
  "GET /clusters/{cluster}/certificate": {
    summary: "Reads a value as an X.509 certificate.",
    tag: "entries",
    access: "session",
    params: clusterParams,
    query: valueQuery,
    response: z.object({ certificate: certificateSchema, ...answeredShape }),
  },
});
