/** `manifest.json`: every file of a backup with its size and SHA-256, and the parts that they hold. Not encrypted, and no secret in it. */
import { z } from "zod";

const partKinds = ["files", "sqlite", "postgres", "mariadb", "ldap", "ldap-schema"] as const;
export type PartKind = (typeof partKinds)[number];

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);

const manifestFile = z.strictObject({
  name: fileName,
  bytes: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestPart = z.strictObject({
  /** `store`, `ldap:people`. */
  name: z.string().min(1),
  kind: z.enum(partKinds),
  file: fileName,
  /** Of what it holds, before it was compressed. */
  plainBytes: z.number().int().min(0),
  /** Where it was read: a path, or host, port and database. */
  source: z.string(),
  /** Of a directory. */
  baseDn: z.string().optional(),
  /** `OpenLDAP`, `389`; what a drill must start. */
  server: z.string().optional(),
  /** What whoever restores it should know. */
  warnings: z.array(z.string()),
});

const manifest = z.strictObject({
  format: z.literal("espalier-backup-1"),
  backup: z.string().min(1),
  /** ISO 8601. */
  time: z.iso.datetime(),
  version: z.string(),
  host: z.string(),
  parts: z.array(manifestPart),
  files: z.array(manifestFile),
});

export type Manifest = z.output<typeof manifest>;
export type ManifestPart = Manifest["parts"][number];
export type ManifestFile = Manifest["files"][number];

export function formatManifest(value: Manifest): string {
  return `${JSON.stringify(manifest.parse(value), null, 2)}\n`;
}

/** @throws Error whose message completes "manifest.json is damaged: " */
export function parseManifest(text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
  const { data, error } = manifest.safeParse(json);
  if (data === undefined) throw new Error(`${error?.issues[0]?.path.join(".")} is not what it should be`);
  return data;
}
