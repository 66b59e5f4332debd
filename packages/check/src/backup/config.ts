/** `check.backups`: where backups are kept, what is in them beyond what the configuration says, and who can read them. */
import { duration, secret } from "@espalier/service/configuration";
import { z } from "zod";

const path = () => z.string().min(1);
const count = () => z.number().int().min(0).max(1_000);
/** `openldap`, `people-2`: part of the name of a file. */
const partName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be letters, digits, dots and hyphens");

const directorySource = z.strictObject({
  bindDn: z.string().min(1).optional().describe("Who reads it: an account that sees every entry with its password."),
  bindPassword: secret()
    .optional()
    .describe("Its password. The cluster's `bind_dn` and `bind_password` unless both are set."),
  slapcat: path()
    .optional()
    .describe("Where the server is on this machine: its slapd.d or slapd.conf, which is then read by `slapcat`."),
});

const target = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("directory").describe("`directory`, `restic` or `borg`."),
    path: path().describe("A folder on another disk or machine."),
  }),
  z.strictObject({
    kind: z.literal("restic").describe("A restic repository."),
    repository: z.string().min(1).describe("As restic's `-r`."),
    passwordFile: path().describe("The file with the repository's password."),
  }),
  z.strictObject({
    kind: z.literal("borg").describe("A Borg repository."),
    repository: z.string().min(1).describe("As borg has it."),
    passphraseFile: path().optional().describe("The file with the repository's passphrase, where it has one."),
  }),
]);

export const backupsConfig = z
  .strictObject({
    directory: path().describe("Where backups and their receipts are."),
    maxAge: duration({ min: 3_600_000, max: 366 * 86_400_000 })
      .prefault("2d")
      .describe("The newest backup may be so old."),
    drillMaxAge: duration({ min: 86_400_000, max: 366 * 86_400_000 })
      .prefault("35d")
      .describe("So long ago a restore may last have been tried."),
    passphraseFile: path()
      .optional()
      .describe("The file with the passphrase that opens backups: 20 characters or more."),
    identityFile: path().optional().describe("In place of a passphrase: an age key file, as `age-keygen` makes it."),
    recipients: z
      .array(z.string().regex(/^age1[02-9ac-hj-np-z]+$/, "must be an age public key, such as age1…"))
      .default([])
      .describe("Public keys of age whose holders can open backups as well."),
    signingKeyFile: path()
      .optional()
      .describe(
        "The key that signs backups and receipts, made on first use; `signing-key.pem` in the folder unless set.",
      ),
    files: z.array(path()).default([]).describe("Files and folders that are backed up besides."),
    databases: z
      .record(partName, secret())
      .default({})
      .describe("URLs of databases that are backed up besides, by names of your choice."),
    clusters: z
      .record(z.string(), directorySource)
      .default({})
      .describe("How directories of the section `clusters` are read, by their names."),
    scratch: z
      .strictObject({
        postgres: secret()
          .optional()
          .describe("A PostgreSQL server on which drills make and drop a database; one of their own unless set."),
        mariadb: secret().optional().describe("Likewise."),
      })
      .prefault({}),
    keep: z
      .strictObject({
        daily: count().default(7).describe("Of so many days, the last backup."),
        weekly: count().default(4).describe("Of so many weeks."),
        monthly: count().default(12).describe("Of so many months."),
      })
      .optional()
      .describe("Which backups stay when a new one is there; all of them unless set."),
    targets: z.array(target).default([]).describe("Where each backup is copied to, and read back from."),
  })
  .superRefine((value, context) => {
    if (value.passphraseFile !== undefined && value.identityFile !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["identityFile"],
        message: "cannot be there together with passphraseFile: name one of them",
      });
    }
    for (const [name, { bindDn, bindPassword }] of Object.entries(value.clusters)) {
      if ((bindDn === undefined) !== (bindPassword === undefined)) {
        context.addIssue({
          code: "custom",
          path: ["clusters", name],
          message: "needs both bindDn and bindPassword, or neither",
        });
      }
    }
  });

export type BackupsConfig = z.output<typeof backupsConfig>;
export type BackupTarget = BackupsConfig["targets"][number];
