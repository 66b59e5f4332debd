/** Postfix (Debian: postfix, postfix-ldap), on a port and with folders of its own; it delivers nothing. It needs root. */
import { once } from "node:events";
import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { ChildServer } from "./child-server.ts";
import { type CommandResult, runCommand, succeed } from "./command.ts";
import { accepts, freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Postfix extends AsyncDisposable {
  /** Offers it a mail by SMTP; returns what it says to the recipient's address. */
  offer(recipient: string): Promise<string>;
  /** What a table has for a key, by postmap(1); it exits with 1 for nothing and for an error, and of the latter it speaks. */
  lookUp(key: string, table: string): Promise<CommandResult>;
}

/** Services that a mail passes until it is thrown away: name, type, private, unprivileged, chroot, wakeup, processes, command. */
const services = [
  "pickup unix n - n 60 1 pickup",
  "cleanup unix n - n - 0 cleanup",
  "qmgr unix n - n 300 1 qmgr",
  "rewrite unix - - n - - trivial-rewrite",
  "bounce unix - - n - 0 bounce",
  "defer unix - - n - 0 bounce",
  "trace unix - - n - 0 bounce",
  "proxymap unix - - n - - proxymap",
  "error unix - - n - - error",
  "retry unix - - n - - error",
  "discard unix - - n - - discard",
  "anvil unix - - n - 1 anvil",
  "postlog unix-dgram n - n - 1 postlogd",
];

/** Starts it with what `configuration` adds to main.cf, and waits until it takes connections. */
export async function startPostfix(configuration: string): Promise<Postfix> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("postfix"));
  await chmod(directory.path, 0o755);
  const data = directory.file("data");
  await mkdir(data);
  await chown(data, Number(await succeed("id", ["-u", "postfix"])), Number(await succeed("id", ["-g", "postfix"])));
  const queue = directory.file("queue");
  await mkdir(queue);
  const port = await freePort();
  const settings = [
    "compatibility_level = 3.6",
    `queue_directory = ${queue}`,
    `data_directory = ${data}`,
    `maillog_file = ${directory.file("log")}`,
    `maillog_file_prefixes = ${directory.path}`,
    "inet_interfaces = 127.0.0.1",
    "inet_protocols = ipv4",
    "myhostname = mail.example.net",
    "mydestination =",
    "alias_maps =",
    configuration,
  ];
  await writeFile(directory.file("main.cf"), settings.join("\n"));
  await writeFile(directory.file("master.cf"), [`${port} inet n - n - - smtpd`, ...services, ""].join("\n"));
  // It makes the folders of the queue. What it starts by itself (start-fg) is no child of ours, and would outlive us.
  await succeed("postfix", ["-c", directory.path, "check"]);
  const postfix = cleanup.use(new ChildServer("/usr/lib/postfix/sbin/master", ["-d", "-c", directory.path]));
  await postfix.ready(() => accepts(port));
  const resources = cleanup.move();
  return {
    offer: (recipient) => offer(port, recipient),
    lookUp: (key, table) => runCommand("postmap", ["-c", directory.path, "-q", key, table]),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function offer(port: number, recipient: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    const answer = async () => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("The server hung up");
        if (/^\d{3} /.test(value)) return value;
      }
    };
    await answer();
    let last = "";
    for (const command of ["EHLO client.example.net", "MAIL FROM:<sender@example.net>", `RCPT TO:<${recipient}>`]) {
      socket.write(`${command}\r\n`);
      last = await answer();
    }
    return last;
  } finally {
    socket.destroy();
  }
}
