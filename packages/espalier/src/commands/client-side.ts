/** `espalier gateway print-sssd` and `print-proxmox`: the other side of a configuration. */
import { type Command, Option } from "commander";
import type { ServedDirectory } from "../client-side/served-directory.ts";
import type { Environment } from "../configuration.ts";
import { exitCode } from "../exit-code.ts";
import { AnswerError } from "../input/answer-error.ts";
import { parseBase, parseLdapUrl, parseRealm } from "../input/parse-answer.ts";
import { each, valid } from "./checked-option.ts";
import type { Output } from "./events.ts";
import { visible } from "./visible.ts";

interface ClientOptions {
  readonly config?: string;
  readonly uri: readonly string[];
  readonly ca: string;
  readonly bindDn?: string;
}

interface SssdCommandOptions extends ClientOptions {
  readonly allowGroup: readonly string[];
}

interface ProxmoxCommandOptions extends ClientOptions {
  readonly realm: string;
}

/** @param gateway the command below which they are */
export function addClientSideCommands(
  gateway: Command,
  environment: Environment,
  fileHelp: string,
  out: Output = process.stdout,
): void {
  const command = (name: string, description: string, ca: string) =>
    gateway
      .command(name)
      .description(`${description}; no secret is printed, and none is needed`)
      .option("-c, --config <file>", fileHelp)
      .addOption(
        new Option("--uri <url>", "a server as clients call it, the preferred first; may be repeated")
          .argParser(each(parseLdapUrl))
          .default([], "this one"),
      )
      .addOption(new Option("--ca <file>", "where the authority of their certificates lies on the client").default(ca))
      .option("--bind-dn <dn>", "the account that looks people up: needed where clients must bind", valid(parseBase));

  command("print-sssd", "print an sssd.conf for the machines on which people log in", "/etc/ssl/certs/espalier.pem")
    .addOption(
      new Option("--allow-group <name>", "whose members may log in; may be repeated")
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], "everybody"),
    )
    .action(async ({ allowGroup, ...options }: SssdCommandOptions) => {
      const { formatSssd } = await import("../client-side/sssd.ts");
      const format = (directory: ServedDirectory, known: Known) =>
        formatSssd(directory, { ...known, groups: allowGroup });
      process.exitCode = await print(options, environment, out, format);
    });
  command("print-proxmox", "print the commands that add a realm to Proxmox VE", "/etc/pve/espalier.pem")
    .option("--realm <name>", "what follows the @ of user names", valid(parseRealm), "ldap")
    .action(async ({ realm, ...options }: ProxmoxCommandOptions) => {
      const { formatProxmox } = await import("../client-side/proxmox.ts");
      const format = (directory: ServedDirectory, known: Known) => formatProxmox(directory, { ...known, realm });
      process.exitCode = await print(options, environment, out, format);
    });
}

interface Known {
  readonly urls: readonly string[];
  readonly ca: string;
  readonly bindDn: string | undefined;
}

async function print(
  { config, uri, ca, bindDn }: ClientOptions,
  environment: Environment,
  out: Output,
  format: (directory: ServedDirectory, known: Known) => string,
): Promise<number> {
  const { loadServedDirectory } = await import("../client-side/served-directory.ts");
  const directory = loadServedDirectory(environment, config);
  try {
    if (directory.mustBind && bindDn === undefined) {
      throw new AnswerError(
        `clients must bind before they search here: name an account of their own with --bind-dn, as in uid=svc-sssd,${directory.userBase}`,
      );
    }
    const urls = uri.length > 0 ? uri : [directory.url];
    if (new Set(urls.map((url) => url.startsWith("ldaps:"))).size > 1) {
      throw new AnswerError("servers are all reached by ldaps://, or all by ldap:// with StartTLS");
    }
    out.write(format(directory, { urls, ca, bindDn }));
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    process.stderr.write(`${visible(error.message)}.\n`);
    return exitCode.usage;
  }
}
