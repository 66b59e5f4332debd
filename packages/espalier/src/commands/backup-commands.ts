/** `espalier backup`: makes backups of what the configuration names, proves that they can be restored, and restores them. */
import type { Command } from "commander";
import type { Environment } from "../configuration.ts";
import type { Output } from "./events.ts";

export interface BackupOptions {
  readonly config?: string;
  readonly directory?: string;
  readonly passphraseFile?: string;
  readonly identityFile?: string;
  readonly publicKey?: string;
}

export interface RestoreCommandOptions extends BackupOptions {
  readonly part: string;
  readonly to?: string;
  readonly passwordFile?: string;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
  readonly confirm?: string;
  readonly force?: boolean;
  readonly owner: boolean;
}

export function addBackupCommands(
  program: Command,
  environment: Environment,
  fileHelp: string,
  out: Output = process.stdout,
): void {
  const backup = program
    .command("backup")
    .description("back up what the configuration names, prove that it can be restored, and restore it");
  const command = (name: string, description: string) =>
    backup.command(name).description(description).option("-c, --config <file>", fileHelp);
  const reading = (name: string, description: string) =>
    command(name, description)
      .option("--directory <folder>", "the folder of backups (default: check.backups.directory)")
      .option("--passphrase-file <file>", "the file with the passphrase (default: check.backups.passphraseFile)")
      .option("--identity-file <file>", "the age key (default: check.backups.identityFile)")
      .option(
        "--public-key <file>",
        "by which signatures are checked (default: receipts/public-key.pem of the folder)",
      );
  const which = "as list prints it";

  command("create", "make a backup, read it back, and copy it to the targets").action(
    async ({ config }: BackupOptions) => {
      const { create } = await import("./backup-runs.ts");
      process.exitCode = await create(environment, config, out);
    },
  );
  reading("verify", "read every byte of a backup: signature, hashes, encryption, and what is in it")
    .argument("[backup]", which, "latest")
    .action(async (name: string, options: BackupOptions) => {
      const { verify } = await import("./backup-runs.ts");
      process.exitCode = await verify(environment, name, options, out);
    });
  reading("drill", "restore a backup into scratch servers, compare, and write a receipt")
    .argument("[backup]", which, "latest")
    .action(async (name: string, options: BackupOptions) => {
      const { drill } = await import("./backup-runs.ts");
      process.exitCode = await drill(environment, name, options, out);
    });
  reading("restore", "put one part of a backup back")
    .argument("<backup>", `${which}, or latest`)
    .requiredOption("--part <name>", "store, configuration, ldap:people …, as list prints them")
    .option("--to <target>", "a folder, the URL of a database, the name of a cluster (default: where it came from)")
    .option("--password-file <file>", "the password of a database whose URL has none")
    .option("--bind-dn <dn>", "who restores a directory (default: check.backups.clusters, or the cluster's bind_dn)")
    .option("--bind-password-file <file>", "the password of that one")
    .option("--confirm <name>", "the name of the target, which is asked for otherwise")
    .option("--force", "also over something that is there")
    .option("--no-owner", "PostgreSQL: leave out whose each table was, and who may use it")
    .action(async (name: string, options: RestoreCommandOptions) => {
      const { restore } = await import("./backup-runs.ts");
      process.exitCode = await restore(environment, name, options, out);
    });
  command("list", "print the backups there are, with what is known of each")
    .option("--directory <folder>", "the folder of backups (default: check.backups.directory)")
    .option("--json", "as JSON")
    .action(async ({ json = false, ...options }: BackupOptions & { readonly json?: boolean }) => {
      const { list } = await import("./backup-runs.ts");
      process.exitCode = await list(environment, options, json, out);
    });
}
