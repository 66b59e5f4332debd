/** `espalier proxy` on the command line: the balancer itself, and what is asked of one that runs. */
import { resolve } from "node:path";
import type { ControlRequest, ProxyConfig } from "@espalier/proxy";
import { Argument, type Command, InvalidArgumentError } from "commander";
import type { Environment } from "../configuration.ts";
import { repeated } from "./checked-option.ts";

interface ServeOptions {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly bind?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly starttls?: boolean;
  readonly verify: boolean;
  readonly allowPlaintext?: boolean;
  readonly socket?: string;
}

interface ControlOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
  readonly pcapng?: string | undefined;
}

const socketHelp = "the control socket (default: proxy.control of the configuration, or proxy.sock)";

/** @param fileHelp what -c is. */
export function addProxyCommands(program: Command, environment: Environment, fileHelp: string): void {
  const proxy = program
    .command("proxy")
    .summary("balance LDAP over servers that may fail")
    .description(
      "Balances LDAP over servers that may fail. Those after an exclamation mark are used when none before it is up. Without " +
        "servers the proxy is that of the configuration file. -b ADDRESS PORT HOST… [! HOST…] is balance(1)'s command line.",
    )
    .usage("[options] [server...] [! server...]")
    .argument("[server...]", "ldaps://host[:port], ldap://host[:port] or srv+ldaps://domain; without a scheme ldaps")
    .option("-c, --config <file>", fileHelp)
    .option("--listen <url>", "where clients are served, such as ldap://127.0.0.1:389; may be repeated", repeated)
    .option("-b, --bind <address>", "balance's form: the address to listen on; its port comes before the servers")
    .option("-f, --foreground", "accepted for balance's sake: it always stays in the foreground")
    .option("--ca <file>", "PEM file with the authorities of the servers' certificates (default: the system's)")
    .option("--cert <file>", "PEM file with the certificate for clients, its chain included")
    .option("--key <file>", "PEM file with its private key")
    .option("--starttls", "begin with StartTLS at ldap:// servers")
    .option("--no-verify", "take any certificate of a server: whoever answers reads all")
    .option("--allow-plaintext", "let LDAP cross a network in clear text")
    .option("--socket <path>", socketHelp)
    .enablePositionalOptions()
    .action(async (operands: string[], options: ServeOptions) => {
      const config = await configOf(operands, options);
      const [{ runProxy }, { loadProxyConfiguration, proxyConfigurationOf }] = await Promise.all([
        import("./proxy.ts"),
        import("../configuration.ts"),
      ]);
      const load = config
        ? () => proxyConfigurationOf(config, environment)
        : () => loadProxyConfiguration(environment, options.config);
      process.exitCode = await runProxy(load, { systemd: environment });
    });

  const control = (name: string, description: string) =>
    proxy
      .command(name)
      .description(description)
      .option("-c, --config <file>", fileHelp)
      .option("--socket <path>", socketHelp);
  const socketOf = async ({ socket, config }: ControlOptions) => {
    if (socket !== undefined) return socket;
    const { controlSocketOf } = await import("../configuration.ts");
    return controlSocketOf(environment, config);
  };
  const answer = async (options: ControlOptions, request: ControlRequest) => {
    const { showAnswer } = await import("./proxy-control.ts");
    process.exitCode = await showAnswer(await socketOf(options), request, process.stdout);
  };

  control("status", "show every backend; exit code 1 when one is not up that should be")
    .option("--json", "print JSON")
    .action(async (options: ControlOptions) => {
      const { showStatus } = await import("./proxy-control.ts");
      process.exitCode = await showStatus(await socketOf(options), options.json === true, process.stdout);
    });
  for (const [command, description] of [
    ["drain", "give a backend nothing new, and let it end what it has"],
    ["ready", "give a backend work again"],
    ["maint", "give a backend nothing new and stop checking it: it is being worked on"],
    ["failover", "send writes to a backend of proxy.write.backends from now on"],
  ] as const) {
    control(command, description)
      .argument("<backend>", "its name, as status shows it")
      .action((backend: string, options: ControlOptions) => answer(options, { command, backend }));
  }
  control("weight", "set a backend's share of a weighted tier, until the next reload")
    .argument("<backend>", "its name, as status shows it")
    .argument("<weight>", "a whole number; 0 gives it nothing new", wholeNumber)
    .action((backend: string, weight: number, options: ControlOptions) =>
      answer(options, { command: "weight", backend, weight }),
    );
  control("kick", "close connections: of a client by its number, of all clients at an address, or to a backend")
    .addArgument(new Argument("<of>", "whose").choices(["client", "address", "backend"]))
    .argument("<which>", "the number of the log's connectionId, the address, or the backend's name")
    .action((of: "client" | "address" | "backend", which: string, options: ControlOptions) =>
      answer(options, { command: "kick", of, which }),
    );
  control("tap", "show the messages that pass, without secrets, until Ctrl+C")
    .option("--json", "print a JSON object a line")
    .option("--pcapng <file>", "write decrypted LDAP for Wireshark to a new file instead, passwords overwritten")
    .action(async (options: ControlOptions) => {
      const { json = false, pcapng } = options;
      const { showTap } = await import("./proxy-control.ts");
      process.exitCode = await showTap(await socketOf(options), { json, pcapng }, process.stdout);
    });
  control("hygiene", "show which clients bind in clear text, search anonymously, unpaged or unindexed")
    .option("--json", "print JSON")
    .action(async (options: ControlOptions) => {
      const { showHygiene } = await import("./proxy-control.ts");
      process.exitCode = await showHygiene(await socketOf(options), options.json === true, process.stdout);
    });
}

/** The proxy that the command line describes; undefined where it describes none, and the configuration has to. */
async function configOf(operands: readonly string[], options: ServeOptions): Promise<ProxyConfig | undefined> {
  const { config, listen = [], bind, ca, cert, key, socket } = options;
  const { starttls = false, verify, allowPlaintext = false } = options;
  const ofDescribed = { "--ca": ca, "--cert": cert, "--key": key, "--socket": socket };
  const given = [
    ...Object.entries(ofDescribed).flatMap(([name, value]) => (value === undefined ? [] : [name])),
    ...(starttls ? ["--starttls"] : []),
    ...(verify ? [] : ["--no-verify"]),
    ...(allowPlaintext ? ["--allow-plaintext"] : []),
  ];
  if (operands.length === 0 && listen.length === 0 && bind === undefined && given.length === 0) return undefined;
  if (config !== undefined) {
    const { ConfigurationError } = await import("@espalier/service/configuration");
    const message = "the proxy is described by the file or by the command line: leave out -c, or everything else";
    throw new ConfigurationError([{ path: "", source: "-c", message }]);
  }
  const { configOfCommandLine, isBalancedTls } = await import("@espalier/proxy");
  const lacksCertificate = cert === undefined && key === undefined && isBalancedTls({ bindAddress: bind, operands });
  const made = lacksCertificate && bind !== undefined ? await makeCertificate(bind) : undefined;
  return configOfCommandLine({
    listen,
    bindAddress: bind,
    operands,
    caPath: ca,
    certPath: cert ?? made?.certPath,
    keyPath: key ?? made?.keyPath,
    startTls: starttls,
    verify,
    allowPlaintext,
    control: socket,
  });
}

/** For a line of balance's, which needed none: the servers had them. Made once, in `cert/`, and kept. @throws CertificateError */
async function makeCertificate(address: string) {
  const { selfSignedCertificate } = await import("@espalier/service");
  const made = await selfSignedCertificate({ directory: resolve("cert"), commonName: address });
  const verb = made.created ? "has been made" : "is in use";
  process.stderr.write(
    `A self-signed certificate ${verb}: clients can verify it only if they are given ${made.certPath}. Name one of your own authority with --cert and --key.\n`,
  );
  return made;
}

function wholeNumber(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is not a whole number.");
}
