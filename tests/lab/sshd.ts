/**
 * A real OpenSSH server on loopback, whose logins go through PAM to SSSD, and its client (Debian: openssh-server,
 * openssh-client).
 *
 * It takes nothing of the machine's own server: port, host key, configuration and PAM's service are others. PAM finds a service
 * by the name of the program, so this one is started by a link with another name. It is to be started after the SSSD that it
 * asks, of which there is one at a time: so there is one of these.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { ChildServer } from "./child-server.ts";
import { type CommandResult, runCommand, succeed } from "./command.ts";
import { accepts, freePort } from "./ports.ts";
import { programPath } from "./programs.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** What a test with it requires, beside SSSD. */
export const sshdPrograms = {
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sss_ssh_authorizedkeys: "sssd-common",
};

/** One of the two ways in. A key is the file of the private one; the public ones are SSSD's to know. */
type SshCredential = { readonly password: string } | { readonly key: string };

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /**
   * Logs in, once and by that alone, and runs a command: what the client printed, and the command's exit code, or 255 where
   * nobody was let in.
   */
  run(user: string, credential: SshCredential, command: string): Promise<CommandResult>;
  /** What it logged so far, for a failing test. */
  log(): string;
}

const pamService = "/etc/pam.d/espalier-lab-sshd";
const pamRules = ["auth required pam_sss.so", "account required pam_sss.so", "session required pam_permit.so", ""];
/** Where sshd locks up what it does before somebody has logged in; the path is built into it. */
const separationFolder = "/run/sshd";
/** Longer than anybody takes to approve a login. */
const loginTimeoutMs = 90_000;

/** Starts it. SSSD needs its service `ssh` for logins by key. */
export async function startSshd(): Promise<Sshd> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("sshd"));
  if (!existsSync(separationFolder)) {
    await mkdir(separationFolder, { mode: 0o755 });
    cleanup.defer(() => rmdir(separationFolder));
  }
  await writeFile(pamService, pamRules.join("\n"));
  cleanup.defer(() => rm(pamService));

  const hostKey = directory.file("host-key");
  await succeed("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", hostKey]);
  const port = await freePort();
  const configuration = directory.file("sshd_config");
  await writeFile(configuration, sshdConfiguration(port, hostKey));
  const program = directory.file(basename(pamService));
  await symlink(programPath("sshd"), program);
  const sshd = cleanup.use(new ChildServer(program, ["-D", "-e", "-f", configuration]));
  await sshd.ready(() => accepts(port));

  const knownHosts = directory.file("known_hosts");
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${await readFile(`${hostKey}.pub`, "utf8")}`);
  // A program gives the password: there is no terminal to ask at.
  const askpass = directory.file("askpass");
  await writeFile(askpass, '#!/bin/sh\nprintf "%s\\n" "$SSH_LAB_PASSWORD"\n', { mode: 0o700 });
  const resources = cleanup.move();
  return {
    port,
    run(user, credential, command) {
      const environment = { SSH_AUTH_SOCK: undefined, ...credentialEnvironment(credential, askpass) };
      const options = [...clientOptions(knownHosts), ...credentialOptions(credential)];
      const parameters = ["-F", "none", "-T", ...options.flatMap((option) => ["-o", option]), "-p", String(port)];
      const target = [`${user}@127.0.0.1`, command];
      return runCommand("ssh", [...parameters, ...target], { environment, timeoutMs: loginTimeoutMs });
    },
    log: () => sshd.log,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function sshdConfiguration(port: number, hostKey: string): string {
  return [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKey}`,
    "PidFile none",
    "UsePAM yes",
    // As Debian has it: passwords are PAM's to ask for, in a dialogue of its own.
    "KbdInteractiveAuthentication yes",
    "PasswordAuthentication no",
    "AuthorizedKeysFile none",
    `AuthorizedKeysCommand ${programPath("sss_ssh_authorizedkeys")} %u`,
    "AuthorizedKeysCommandUser nobody",
    "LogLevel VERBOSE",
    "",
  ].join("\n");
}

function clientOptions(knownHosts: string): string[] {
  return [
    ...["StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHosts}`, "GlobalKnownHostsFile=/dev/null"],
    ...["IdentitiesOnly=yes", "NumberOfPasswordPrompts=1"],
  ];
}

function credentialOptions(credential: SshCredential): string[] {
  if ("password" in credential) return ["PreferredAuthentications=keyboard-interactive"];
  return ["PreferredAuthentications=publickey", `IdentityFile=${credential.key}`];
}

function credentialEnvironment(credential: SshCredential, askpass: string): Readonly<Record<string, string>> {
  if (!("password" in credential)) return {};
  return { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", SSH_LAB_PASSWORD: credential.password };
}
