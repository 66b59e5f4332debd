/** `espalier init`: asks what is to run here, and writes an espalier.yaml for it. */
import { type Command, Option } from "commander";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { type Answers, parseParts } from "../init/answers.ts";
import type { InitOptions } from "../init/gather-answers.ts";
import { AnswerError } from "../input/answer-error.ts";
import {
  parseBase,
  parseHostName,
  parseListener,
  parseMailAddress,
  parseMailServer,
  parsePemFile,
  parseServer,
} from "../input/parse-answer.ts";
import { each, valid } from "./checked-option.ts";
import { visible } from "./visible.ts";

interface CommandOptions extends InitOptions {
  readonly output: string;
  readonly force?: boolean;
}

export function addInitCommand(program: Command, environment: Environment): void {
  program
    .command("init")
    .description("ask what is to run here, and write an espalier.yaml for it; without a terminal, options say it")
    .option("-o, --output <file>", "where to write it", "espalier.yaml")
    .option(
      "--parts <names>",
      "of gateway, proxy, manager and notify (default: what the other options are for)",
      valid(parseParts),
    )
    .option("--base <dn>", "gateway, manager: what everything is below, as in dc=example,dc=com", valid(parseBase))
    .option("--name <host>", "what clients call this machine (default: its host name)", valid(parseHostName))
    .option(
      "--listen <url>",
      "where clients are served (default: ldaps://0.0.0.0:636, of others than root 6360)",
      valid(parseListener),
    )
    .option("--cert <file>", "the certificate for it, PEM (default: the gateway makes one)", valid(parsePemFile))
    .option("--key <file>", "its private key, PEM", valid(parsePemFile))
    .option(
      "--database <url>",
      "gateway: postgres:, mysql:, mariadb: or sqlite:, without a password (default: SQL_URI)",
    )
    .addOption(
      new Option("--backend <url>", "proxy: an LDAP server behind it; may be repeated")
        .argParser(each(parseServer))
        .default([], "the gateway"),
    )
    .addOption(
      new Option("--server <url>", "manager: an LDAP server; may be repeated for those that hold the same")
        .argParser(each(parseServer))
        .default([], "the gateway"),
    )
    .option(
      "--ca <file>",
      "the authority of those servers' certificates, PEM (default: those of the system)",
      valid(parsePemFile),
    )
    .option("--admin <dn>", "manager: who may change everything", valid(parseBase))
    .option("--mail-server <host>", "notify: host or host:port (default port: 587)", valid(parseMailServer))
    .option("--mail-user <name>", "who logs in there; the password is SMTP_PASSWORD, or asked for")
    .option("--mail-from <address>", "the sender (default: the user)", valid(parseMailAddress))
    .addOption(
      new Option("--mail-to <address>", "notify: who is told; may be repeated")
        .argParser(each(parseMailAddress))
        .default([], "nobody"),
    )
    .option("--force", "also over a file that is there")
    .action(async (options: CommandOptions) => {
      process.exitCode = await init(options, environment);
    });
}

async function init(
  { output, force: isForced = false, ...options }: CommandOptions,
  environment: Environment,
): Promise<number> {
  const [{ gatherAnswers, MissingOptionsError }, { formatDocument }, files, { InterruptedError, Terminal }] =
    await Promise.all([
      import("../init/gather-answers.ts"),
      import("../init/document.ts"),
      import("../init/write-files.ts"),
      import("../init/terminal.ts"),
    ]);
  const refuse = (sentence: string) => {
    process.stderr.write(`${sentence} Nothing was written.\n`);
    return exitCode.usage;
  };
  try {
    files.refuseExisting(output, isForced);
    using terminal = process.stdin.isTTY ? new Terminal(process.stdin, process.stderr) : undefined;
    terminal?.say(
      `This writes ${output}. Enter takes what stands in brackets; Ctrl+C ends it, and nothing is written.\n`,
    );
    const say = (sentence: string) => void process.stderr.write(`${visible(sentence)}\n`);
    const answers = await gatherAnswers(options, environment, { terminal, say });
    const written = { output, text: formatDocument(answers), secrets: answers.secrets, isForced };
    const needsQueries = answers.gateway !== undefined && answers.gateway.proposal === undefined;
    if (!needsQueries) files.checkText(written, environment);
    await files.writeFiles(written);
    process.stderr.write(nextSteps(output, answers, (variable) => files.credentialPath(output, variable)));
    return exitCode.ok;
  } catch (error) {
    if (error instanceof files.ExistingFileError) return refuse(`${error.message}: --force replaces it.`);
    if (error instanceof AnswerError) return refuse(`${visible(error.message)}.`);
    if (error instanceof InterruptedError) return refuse("\nInterrupted.");
    if (error instanceof MissingOptionsError) {
      const lines = error.options.map((option) => `  ${option}\n`).join("");
      process.stderr.write(`Nobody is there to be asked, and nothing was written. Say as well:\n${lines}`);
      return exitCode.usage;
    }
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw error;
    return refuse(`${path} cannot be written (${code}).`);
  }
}

/** @param credential where a variable's secret is kept */
function nextSteps(output: string, { gateway, secrets }: Answers, credential: (variable: string) => string): string {
  const file = output === "espalier.yaml" ? "" : ` --config ${output}`;
  const kept = [...secrets.keys()].map(credential);
  const queries =
    gateway !== undefined && gateway.proposal === undefined
      ? `\nThe queries are missing (${gateway.reason}): ${output} has an example of them.\n`
      : "";
  const lines = [
    ...[...secrets.keys()].map((variable) => `export ${variable}_FILE=${credential(variable)}`),
    `espalier config test${file}`,
    `espalier check --profile production ${output}`,
    `espalier up${file}`,
    ...(gateway === undefined
      ? []
      : [`espalier gateway print-sssd --help      # what clients need, and print-proxmox`]),
  ];
  const where = kept.length === 0 ? "" : ` What is secret is in ${kept.join(" and ")}, for you alone.`;
  return `${output} is written.${where}\n${queries}\nNext:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
