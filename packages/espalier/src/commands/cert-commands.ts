/** `espalier cert`: looks at certificates, and makes them: self-signed, or by a small authority of one's own. */
import type { CertificateSummary, Written } from "@espalier/check/certificates";
import type { Severity } from "@espalier/service";
import { type Command, InvalidArgumentError, Option } from "commander";
import { exitCode } from "../exit-code.ts";
import { version } from "../version.ts";
import { repeated } from "./checked-option.ts";
import { visible } from "./visible.ts";

export interface CertOutput {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

interface CheckOptions {
  readonly name?: readonly string[];
  readonly ca?: string;
  readonly key?: string;
  readonly format: "human" | "json";
  readonly failOn: Severity | "never";
}

interface SelfSignedOptions {
  readonly directory: string;
}

interface CreateOptions {
  readonly directory: string;
  readonly name: string;
  readonly days: number;
  readonly replace?: boolean;
}

interface IssueOptions {
  readonly directory: string;
  readonly days: number;
  readonly out: string;
  readonly replace?: boolean;
}

const dayMs = 86_400_000;

export function addCertCommands(program: Command, out: CertOutput = process.stdout): void {
  const cert = program.command("cert").description("look at certificates, and make them");
  cert
    .command("check")
    .description("say what is wrong with certificates, in files or as servers present them")
    .argument("<target...>", "PEM files, ldaps://host, ldap://host (StartTLS), https://host")
    .option("--name <host>", "a name or address by which clients connect; may be repeated", repeated)
    .option("--ca <file>", "PEM file with the authorities that clients trust; of servers beside those of the system")
    .option("--key <file>", "the private key, where it does not lie beside the certificate")
    .addOption(new Option("--format <format>", "how to write it").choices(["human", "json"]).default("human"))
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 for a finding that is at least so severe")
        .choices(["critical", "high", "medium", "low", "info", "never"])
        .default("medium"),
    )
    .action(async (targets: string[], options: CheckOptions) => {
      process.exitCode = await checkTargets(targets, options, out);
    });

  cert
    .command("self-signed")
    .description("make a certificate for a server, signed by itself; one that still fits is kept")
    .argument("<name...>", "host names and addresses; this machine's name and localhost are added")
    .option("-d, --directory <folder>", "where it is kept, in self-signed/", "cert")
    .action(async (names: string[], options: SelfSignedOptions) => {
      process.exitCode = await selfSigned(names, options, out);
    });

  const authority = cert.command("ca").description("a small certificate authority of your own");
  authority
    .command("create")
    .description("make an authority, which clients then trust")
    .option("-d, --directory <folder>", "where it is kept", "ca")
    .option("--name <text>", "what its certificates say they are from", "Espalier CA")
    .option("--days <number>", "how long it is valid, up to 7300", parseDays, 3650)
    .option("--replace", "put it in the place of one that is there, which is kept beside it")
    .action(async (options: CreateOptions) => {
      process.exitCode = await make(out, async ({ createAuthority }) => {
        const written = await createAuthority({ ...options, replace: options.replace === true, now: new Date() });
        const advice = `Clients trust ${written.certPath}; ${written.keyPath} signs for everything they trust: keep it offline, and a copy of it.`;
        return formatWritten("The authority", written, advice);
      });
    });
  authority
    .command("issue")
    .description("issue a certificate for a server, with a key of its own")
    .argument("<name...>", "host names and addresses, the first of which names the files")
    .option("-d, --directory <folder>", "where the authority is kept", "ca")
    .option("--days <number>", "how long it is valid, up to 825", parseDays, 397)
    .option("-o, --out <folder>", "where the certificate and its key are written", ".")
    .option("--replace", "write over files that are there")
    .action(async (names: string[], { directory, days, out: output, replace }: IssueOptions) => {
      process.exitCode = await make(out, async ({ issueCertificate }) => {
        const given = { directory, names, days, output, replace: replace === true, now: new Date() };
        const written = await issueCertificate(given);
        return formatWritten(
          "The certificate",
          written,
          "Its key can be read by you alone: give it to the user that the server runs as.",
        );
      });
    });
}

function parseDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError("write a number of days");
  return Number(text);
}

async function checkTargets(targets: readonly string[], options: CheckOptions, out: CertOutput): Promise<number> {
  const { name: names = [], ca: caFile, key: keyFile, format, failOn } = options;
  const [{ checkCertificates }, { InputError, isFailing, reportFormats, rules }] = await Promise.all([
    import("@espalier/check/certificates"),
    import("@espalier/check"),
  ]);
  try {
    const now = Date.now();
    const given = { root: process.cwd(), targets, names, caFile, keyFile, now };
    const { report, certificates } = await checkCertificates(given);
    if (format === "human") out.write(formatCertificates(certificates, now));
    const { isTTY = false, columns = 100 } = out;
    out.write(reportFormats[format](report, { rules, version, color: isTTY, width: columns, all: true }));
    if (report.unreadable.length > 0) return exitCode.internal;
    return isFailing(report, failOn) ? exitCode.findings : exitCode.ok;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`${visible(error.message)}\n`);
    return exitCode.usage;
  }
}

function formatCertificates(certificates: readonly CertificateSummary[], now: number): string {
  const blocks = certificates.map(({ subject, certificate, issuer, names, notAfter, fingerprint256 }) => {
    const days = Math.floor((notAfter.getTime() - now) / dayMs);
    const lines = [
      `${subject}  ${certificate}`,
      `  issuer       ${issuer}`,
      ...(names.length === 0 ? [] : [`  names        ${names.join(", ")}`]),
      `  valid until  ${notAfter.toISOString()} (${days} ${days === 1 ? "day" : "days"})`,
      `  SHA-256      ${fingerprint256}`,
    ];
    return lines.map((line) => `${visible(line)}\n`).join("");
  });
  return blocks.map((block) => `${block}\n`).join("");
}

async function selfSigned(
  names: readonly string[],
  { directory }: SelfSignedOptions,
  out: CertOutput,
): Promise<number> {
  const { CertificateError, selfSignedCertificate } = await import("@espalier/service");
  const [commonName = "", ...subjectAltNames] = names;
  try {
    const made = await selfSignedCertificate({ directory, commonName, subjectAltNames });
    const what = made.created ? "The certificate was made" : "There is one that fits, which was kept";
    out.write(
      `${what}:\n  certificate  ${made.certPath}\n  key          ${made.keyPath}\n  valid until  ${made.notAfter.toISOString()}\n  SHA-256      ${made.fingerprint256}\nClients trust it by a copy of the certificate.\n`,
    );
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    process.stderr.write(`${visible(error.message)}\n`);
    return exitCode.usage;
  }
}

type Certificates = typeof import("@espalier/check/certificates");

async function make(out: CertOutput, work: (certificates: Certificates) => Promise<string>): Promise<number> {
  const certificates = await import("@espalier/check/certificates");
  try {
    out.write(await work(certificates));
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof certificates.AuthorityError)) throw error;
    process.stderr.write(`${visible(error.message)}\n`);
    return exitCode.usage;
  }
}

function formatWritten(what: string, written: Written, advice: string): string {
  const { certPath, keyPath, notAfter, serialNumber, fingerprint256 } = written;
  return `${what} was made:
  certificate  ${certPath}
  key          ${keyPath}
  valid until  ${notAfter.toISOString()}
  serial       ${serialNumber}
  SHA-256      ${fingerprint256}
${advice}
`;
}
