/** `espalier known-hosts`: keys of SSH hosts, stored only when somebody has compared them, and compared again. */
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PinnedHost, PinQuestion, ScanTarget, VerifiedHost } from "@espalier/check/known-hosts";
import { type Command, InvalidArgumentError } from "commander";
import { exitCode } from "../exit-code.ts";
import type { Output } from "./events.ts";

interface FileOption {
  readonly file?: string;
}

interface PinCommandOptions extends FileOption {
  readonly hash?: boolean;
  readonly fingerprint?: readonly string[];
}

export function addKnownHostsCommands(program: Command, out: Output = process.stdout): void {
  const knownHosts = program.command("known-hosts").description("keys of SSH hosts, and their pins");
  const command = (name: string, description: string) =>
    knownHosts
      .command(name)
      .description(description)
      .option("--file <file>", "the known_hosts file (default: ~/.ssh/known_hosts); pins are beside it, in FILE.pins");

  command("pin", "scan hosts once, and store the keys whose fingerprints you type or give")
    .argument("<host...>", "HOST or HOST:PORT; [ADDRESS]:PORT for IPv6")
    .option(
      "--fingerprint <fingerprint>",
      "SHA256:… as the host's own console shows it; may be given several times. Other keys are not stored, and nobody is asked",
      parseFingerprint,
    )
    .option("--hash", "store names as hashes")
    .action(async (hosts: readonly string[], options: PinCommandOptions) => {
      process.exitCode = await pin(hosts, options, out);
    });
  command("verify", "scan hosts, and compare every key with the stored ones and their pins")
    .argument("[host...]", "HOST or HOST:PORT; all that are stored under a plain name, unless given")
    .action(async (hosts: readonly string[], { file = ownFile() }: FileOption) => {
      process.exitCode = await verify(hosts, file, out);
    });
}

/** Asked for by need: a user that nobody has entered has no home, and uses the other commands all the same. */
function ownFile(): string {
  return join(homedir(), ".ssh/known_hosts");
}

function parseFingerprint(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) {
    throw new InvalidArgumentError("write SHA256: and 43 characters, as ssh-keygen -lf KEYFILE prints it");
  }
  return [...before, text];
}

async function pin(
  hosts: readonly string[],
  { file = ownFile(), hash = false, fingerprint: fingerprints = [] }: PinCommandOptions,
  out: Output,
): Promise<number> {
  const { InputError, PinRefusal, pinHosts, ScanError, scanHost } = await import("@espalier/check/known-hosts");
  const targets = await targetsOf(hosts);
  if (targets === undefined) return exitCode.usage;
  await using person = new Person();
  try {
    const ask = (question: PinQuestion) => person.ask(question);
    const pinned = await pinHosts(targets, { file, isHashed: hash, fingerprints, scan: scanHost, ask });
    for (const host of pinned) out.write(describePinned(host));
    if (pinned.every(({ keys }) => keys.some(({ isPinned }) => isPinned))) return exitCode.ok;
    process.stderr.write("A host of which no key was confirmed is not stored.\n");
    return exitCode.usage;
  } catch (error) {
    if (error instanceof PinRefusal) return fail(error, exitCode.usage);
    if (error instanceof ScanError || error instanceof InputError) return fail(error, exitCode.internal);
    throw error;
  }
}

async function verify(hosts: readonly string[], file: string, out: Output): Promise<number> {
  const { InputError, scanHost, verifyHosts } = await import("@espalier/check/known-hosts");
  const targets = await targetsOf(hosts);
  if (targets === undefined) return exitCode.usage;
  try {
    const verified = await verifyHosts(file, targets, scanHost);
    if (verified.length === 0) {
      process.stderr.write(`${file} has no host under a plain name: say which hosts to verify.\n`);
      return exitCode.usage;
    }
    for (const host of verified) out.write(describeVerified(host));
    if (verified.some(({ differences }) => differences.length > 0)) {
      process.stderr.write(
        "Do not connect to a host that differs until you know why. When its keys are new: espalier known-hosts pin HOST\n",
      );
      return exitCode.findings;
    }
    return verified.some(({ failure }) => failure !== undefined) ? exitCode.internal : exitCode.ok;
  } catch (error) {
    if (error instanceof InputError) return fail(error, exitCode.internal);
    throw error;
  }
}

async function targetsOf(hosts: readonly string[]): Promise<readonly ScanTarget[] | undefined> {
  const { parseScanTarget } = await import("@espalier/check/known-hosts");
  const targets: ScanTarget[] = [];
  for (const host of hosts) {
    const target = parseScanTarget(host);
    if (target === undefined) {
      process.stderr.write(`${JSON.stringify(host)} is no host: write HOST, HOST:PORT or [ADDRESS]:PORT.\n`);
      return undefined;
    }
    targets.push(target);
  }
  return targets;
}

function fail(error: Error & { readonly location?: { file: string; line: number } | undefined }, code: number): number {
  const place = error.location === undefined ? "" : `${error.location.file}:${error.location.line}: `;
  process.stderr.write(`${place}${error.message}.\n`);
  return code;
}

function describePinned({ target, keys }: PinnedHost): string {
  return keys
    .map(
      ({ key, isPinned }) =>
        `${target.name} ${key.type} ${key.fingerprint} ${isPinned ? "stored and pinned" : "not stored"}\n`,
    )
    .join("");
}

function describeVerified({ target, failure, differences, verified }: VerifiedHost): string {
  if (failure !== undefined) return `${target.name}: not verified: ${failure}\n`;
  if (differences.length > 0) return differences.map((difference) => `${target.name}: ${difference}\n`).join("");
  return `${target.name}: as stored and pinned (${verified.join(", ")})\n`;
}

/** Who types, at a terminal or in a script that knows the fingerprints: questions go to stderr, lines come from stdin. */
class Person implements AsyncDisposable {
  #lines: AsyncIterator<string> | undefined;
  #interface: ReturnType<typeof createInterface> | undefined;
  #asked: string | undefined;

  async ask({ target, key, replaces }: PinQuestion): Promise<string | undefined> {
    if (this.#lines === undefined) {
      this.#interface = createInterface({ input: process.stdin });
      this.#lines = this.#interface[Symbol.asyncIterator]();
      process.stderr.write(
        "Compare each fingerprint with what the host's own console shows (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub),\nnot with what you see over the network. Type its first 8 characters after SHA256:, or all; nothing leaves the key out.\n",
      );
    }
    if (this.#asked !== target.name) process.stderr.write(`\n${target.name} presents\n`);
    this.#asked = target.name;
    const bits = key.bits === undefined ? "" : ` (${key.bits} bits)`;
    const changed = replaces === undefined ? "" : `\n  THE KEY HAS CHANGED: ${replaces} is stored`;
    process.stderr.write(`  ${key.type}${bits} ${key.fingerprint}${changed}\n  type it: `);
    const { done, value } = await this.#lines.next();
    const typed = done === true ? undefined : value;
    if (!process.stdin.isTTY) process.stderr.write("\n");
    return typed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#interface?.close();
  }
}
