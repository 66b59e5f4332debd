/**
 * nslcd with its NSS and PAM modules (Debian: nslcd, libnss-ldapd, libpam-ldapd, pamtester), without systemd.
 *
 * Its configuration and its socket are at fixed places: it and its clients have a mount namespace of their own, in which these
 * are private, so that nothing of the machine changes and any number can run. That needs root.
 */
import { chown, mkdir, writeFile } from "node:fs/promises";
import { ChildServer } from "./child-server.ts";
import { type CommandOptions, type CommandResult, runCommand, succeed } from "./command.ts";
import { programPath } from "./programs.ts";
import type { LoginOutcome } from "./sssd.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** The programs and modules that a test with nslcd requires, and Debian's packages that bring them. */
export const nslcdPrograms = {
  nslcd: "nslcd",
  pamtester: "pamtester",
  "/usr/share/doc/libnss-ldapd": "libnss-ldapd",
  "/usr/share/doc/libpam-ldapd": "libpam-ldapd",
};

export interface NslcdOptions {
  /** nslcd.conf(5). */
  readonly configuration: string;
  /** nsswitch.conf(5): the whole of it. */
  readonly nameServices: string;
}

export interface Nslcd extends AsyncDisposable {
  readonly process: ChildServer;
  /** Runs a program that looks users and groups up as the name services say. */
  run(program: string, parameters: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** What a login does: authenticates and asks for access, through PAM. */
  login(user: string, password: string): Promise<LoginOutcome | "unavailable">;
}

const pamService = "espalier-lab";

/** Starts it and waits until it takes requests. */
export async function startNslcd({ configuration, nameServices }: NslcdOptions): Promise<Nslcd> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("nslcd"));
  const sockets = directory.file("run/nslcd");
  await mkdir(sockets, { recursive: true });
  await chown(sockets, Number(await succeed("id", ["-u", "nslcd"])), Number(await succeed("id", ["-g", "nslcd"])));
  // As in Debian: nslcd reads its configuration as root and runs as its own user.
  await writeFile(directory.file("nslcd.conf"), configuration, { mode: 0o640 });
  await writeFile(directory.file("nsswitch.conf"), nameServices);
  await mkdir(directory.file("pam.d"));
  const modules = ["auth required pam_ldap.so", "account required pam_ldap.so", ""];
  await writeFile(directory.file(`pam.d/${pamService}`), modules.join("\n"));

  const script = [
    'cd "$1"',
    "mount --bind nslcd.conf /etc/nslcd.conf",
    "mount --bind nsswitch.conf /etc/nsswitch.conf",
    "mount --bind pam.d /etc/pam.d",
    "mount --bind run /run",
    'exec "$2" --debug',
  ].join(" && ");
  const nslcd = cleanup.use(
    new ChildServer("unshare", ["--mount", "sh", "-c", script, "sh", directory.path, programPath("nslcd")]),
  );
  const run: Nslcd["run"] = (program, parameters, options) =>
    runCommand("nsenter", ["--mount", "--target", String(nslcd.pid), programPath(program), ...parameters], options);
  await nslcd.ready(() => nslcd.log.includes("accepting connections"));

  const resources = cleanup.move();
  return {
    process: nslcd,
    run,
    async login(user, password) {
      const { exitCode, stdout, stderr } = await run("pamtester", [pamService, user, "authenticate", "acct_mgmt"], {
        input: `${password}\n`,
        timeoutMs: 90_000,
      });
      if (exitCode === 0) return "granted";
      if (/cannot retrieve authentication info/.test(stderr)) return "unavailable";
      return stdout.includes("successfully authenticated") ? "refused" : "rejected";
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
