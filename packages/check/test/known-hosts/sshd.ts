/** A private sshd (Debian: openssh-server) with host keys of the test's own. It lets nobody in. */
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { ChildServer, freePort, succeed, temporaryDirectory, until } from "@espalier/tests/lab";

export const sshdPrograms = {
  sshd: "openssh-server",
  ssh: "openssh-client",
  "ssh-keyscan": "openssh-client",
  "ssh-keygen": "openssh-client",
};

type HostKeyType = "ed25519" | "ecdsa" | "rsa";

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** What `ssh-keygen -lf` shows on the host's console. */
  fingerprint(type: HostKeyType): Promise<string>;
  /** It has these keys from now on, new ones but for those it had before. */
  restartWith(types: readonly HostKeyType[]): Promise<void>;
  /** What somebody in between would present: other keys of the same types. */
  replaceKeys(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSshd(types: readonly HostKeyType[]): Promise<Sshd> {
  // Where sshd, as root, locks its unprivileged part in; Debian's service makes it at start.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("sshd"));
  const port = await freePort();
  const key = (type: HostKeyType) => directory.file(`ssh_host_${type}_key`);
  let present: readonly HostKeyType[] = types;
  let server: ChildServer | undefined;
  const stop = async () => {
    await server?.terminate();
  };
  cleanup.defer(stop);

  const start = async () => {
    for (const type of present) {
      if ((await readFile(key(type)).catch(() => undefined)) !== undefined) continue;
      await succeed("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", key(type)]);
    }
    const lines = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      ...present.map((type) => `HostKey ${key(type)}`),
      "PidFile none",
      "UsePAM no",
      "AuthenticationMethods publickey",
      // A test asks more often than a person does.
      "MaxStartups 100",
      "",
    ];
    await writeFile(directory.file("sshd_config"), lines.join("\n"));
    // -D: in the foreground; -e: what it says goes to standard error.
    server = new ChildServer("sshd", ["-D", "-e", "-f", directory.file("sshd_config")]);
    await until("sshd to listen", async () => {
      const socket = connect({ host: "127.0.0.1", port });
      try {
        await once(socket, "connect");
        return true;
      } finally {
        socket.destroy();
      }
    });
  };
  await start();
  const resources = cleanup.move();
  return {
    port,
    fingerprint: async (type) => (await succeed("ssh-keygen", ["-lf", `${key(type)}.pub`])).split(" ")[1]!,
    async restartWith(wanted) {
      await stop();
      present = wanted;
      await start();
    },
    async replaceKeys() {
      await stop();
      for (const type of present) {
        await rename(key(type), `${key(type)}.old`);
        await rm(`${key(type)}.pub`);
      }
      await start();
    },
    stop,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
