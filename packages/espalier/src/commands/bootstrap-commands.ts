/** `espalier bootstrap`: the first entries of a new directory, which a second run leaves as they are. */
import { readFileSync } from "node:fs";
import type { Bootstrap, VerifyPassword } from "@espalier/check/bootstrap";
import type { Command } from "commander";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import type { Output } from "./events.ts";
import { visible } from "./visible.ts";

interface BootstrapOptions {
  readonly output?: string;
  readonly against?: string;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
  readonly startTls?: boolean;
  readonly caFile?: string;
  readonly force?: boolean;
}

export function addBootstrapCommands(program: Command, environment: Environment, out: Output = process.stdout): void {
  program
    .command("bootstrap")
    .description(
      "write the LDIF of a new directory out of a plan; hashes whose passwords still verify stay as they are",
    )
    .argument("<plan>", "the plan, YAML")
    .option("-o, --output <file>", "where to write it, for its owner alone (default: standard output)")
    .option("--against <url>", "compare with the directory that runs there as well: ldaps://, ldap:// or ldapi://")
    .option(
      "--bind-dn <dn>",
      "with --against: who may read the passwords there (default: each account binds by itself)",
    )
    .option("--bind-password-file <file>", "the password of that one")
    .option("--start-tls", "with --against: encrypt an ldap:// connection before anything else")
    .option("--ca-file <file>", "with --against: certificates (PEM) to trust in place of the system's")
    .option(
      "--force",
      "write new hashes where deployed ones do not fit the plan: for a directory that is not there yet",
    )
    .action(async (plan: string, options: BootstrapOptions) => {
      process.exitCode = await runBootstrap(plan, options, environment, out);
    });
}

async function runBootstrap(
  planFile: string,
  options: BootstrapOptions,
  environment: Environment,
  out: Output,
): Promise<number> {
  const { BootstrapError, bootstrap, openLiveDirectory, readDeployedFile, readPlan, writeDurably } = await import(
    "@espalier/check/bootstrap"
  );
  const { output, against, bindDn, bindPasswordFile, force = false } = options;
  if ((bindDn === undefined) !== (bindPasswordFile === undefined) || (bindDn !== undefined && against === undefined)) {
    process.stderr.write("--bind-dn and --bind-password-file go together, and with --against.\n");
    return exitCode.usage;
  }
  const plan = readPlan(planFile, environment);
  await using verifier = await passwordVerifier();
  try {
    const before = output === undefined ? undefined : readDeployedFile(output);
    await using live =
      against === undefined
        ? undefined
        : await openLiveDirectory({ url: against, ...options, bindPassword: readBindPassword(bindPasswordFile) });
    const result = await bootstrap({
      ...{ plan, planFile, environment, live },
      verify: verifier.verify,
      deployed: before?.entries,
      isForced: force,
    });
    if (result.refusals.length > 0) {
      process.stderr.write(refusal(result, { planFile, output, against }));
      return exitCode.usage;
    }
    if (output === undefined) out.write(result.ldif);
    else if (before?.text !== result.ldif) await writeDurably(output, result.ldif);
    process.stderr.write(summary(result, output, before?.text === result.ldif));
    return exitCode.ok;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (!(error instanceof BootstrapError) && (code === undefined || path === undefined)) throw error;
    const message = error instanceof BootstrapError ? error.message : `${path} cannot be read or written (${code})`;
    process.stderr.write(`${visible(message)}. Nothing was written.\n`);
    return error instanceof BootstrapError ? exitCode.usage : exitCode.internal;
  }
}

/** The gateway's, which knows every scheme that users of a directory have. */
async function passwordVerifier(): Promise<AsyncDisposable & { readonly verify: VerifyPassword }> {
  const { PasswordVerifier } = await import("@espalier/gateway/password");
  const verifier = new PasswordVerifier({ allowCleartext: false, maxQueued: Number.MAX_SAFE_INTEGER });
  return {
    async verify(stored, password) {
      const outcome = await verifier.verify("", stored, password);
      return outcome === "match" || outcome === "mismatch" ? outcome : "unknown";
    },
    [Symbol.asyncDispose]: () => verifier.close(),
  };
}

function readBindPassword(file: string | undefined): Uint8Array | undefined {
  return file === undefined ? undefined : Buffer.from(readFileSync(file, "utf8").replace(/\r?\n$/, ""));
}

function refusal(
  { refusals }: Bootstrap,
  {
    planFile,
    output,
    against,
  }: { readonly planFile: string; readonly output: string | undefined; readonly against: string | undefined },
): string {
  const lines = refusals.map(({ dn, reason }) => visible(`${dn} ${reason}`));
  const place = output === undefined ? "" : ` -o ${output}`;
  return `${lines.join("\n")}

Nothing was written: this would change what is deployed (LDP002). A bootstrap file is loaded into a new directory only, so
a password is changed in the directory:
    ldappasswd -H ${against ?? "ldaps://SERVER"} -x -D ADMIN_DN -y ADMIN_PASSWORD_FILE -T NEW_PASSWORD_FILE "${visible(refusals[0]!.dn)}"
or in the manager. Then take over what the directory has:
    espalier bootstrap ${planFile}${place} --against ${against ?? "ldaps://SERVER"} --bind-dn ADMIN_DN --bind-password-file ADMIN_PASSWORD_FILE
For a directory that is not there yet, --force writes what the plan says.
`;
}

function summary({ kept, made, otherSchemes }: Bootstrap, output: string | undefined, isSame: boolean): string {
  const hashes = `${kept.length} of ${count(kept.length + made.length, "hash", "hashes")} kept, ${made.length} made`;
  const notes = otherSchemes.map(
    ({ dn, scheme }) => `${visible(dn)} keeps its hash of the scheme ${scheme}; --force makes a new one.\n`,
  );
  const place = output === undefined ? "" : isSame ? `${output} is as it was: ` : `${output} written: `;
  return `${notes.join("")}${place}${hashes}.\n`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
