/** Dovecot's IMAP server (Debian: dovecot-imapd), on a port and in folders of its own. It changes users, for which it needs root. */
import { once } from "node:events";
import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { ChildServer } from "./child-server.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { accepts, freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Who mail belongs to: nobody and nogroup of Debian. */
export const mailOwner = 65_534;

export interface Dovecot extends AsyncDisposable {
  /** Logs in by IMAP and opens the inbox; returns what the server said to the last of the two that was sent. */
  openInbox(user: string, password: string): Promise<string>;
  /** Runs doveadm(1). */
  doveadm(...words: string[]): Promise<CommandResult>;
  /** What it wrote to its log. */
  log(): Promise<string>;
}

/**
 * Starts it and waits until it takes connections.
 *
 * @param configuration who may log in: what is in dovecot.conf beside ports, folders and logging; it is given an empty folder that
 * belongs to {@link mailOwner}.
 */
export async function startDovecot(configuration: (folder: string) => string): Promise<Dovecot> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("dovecot"));
  await chmod(directory.path, 0o755);
  const mail = directory.file("mail");
  await mkdir(mail);
  await chown(mail, mailOwner, mailOwner);
  const port = await freePort();
  const file = directory.file("dovecot.conf");
  const lines = [
    `base_dir = ${directory.file("run")}`,
    `state_dir = ${directory.file("state")}`,
    `log_path = ${directory.file("log")}`,
    "protocols = imap",
    "listen = 127.0.0.1",
    "ssl = no",
    "mail_location = maildir:~/mail",
    `first_valid_uid = ${mailOwner}`,
    // It makes who mistyped wait two seconds.
    "auth_failure_delay = 0",
    "service imap-login {",
    "  inet_listener imap {",
    `    port = ${port}`,
    "  }",
    "  inet_listener imaps {",
    "    port = 0",
    "  }",
    "}",
    // Who mistyped from an address makes everybody at that address wait longer and longer.
    "service anvil {",
    "  unix_listener anvil-auth-penalty {",
    "    mode = 0",
    "  }",
    "}",
    configuration(mail),
  ];
  await writeFile(file, lines.join("\n"), { mode: 0o600 });
  const dovecot = cleanup.use(new ChildServer("dovecot", ["-F", "-c", file]));
  await dovecot.ready(() => accepts(port));
  const resources = cleanup.move();
  return {
    openInbox: (user, password) => openInbox(port, user, password),
    doveadm: (...words) => runCommand("doveadm", ["-c", file, ...words], { timeoutMs: 90_000 }),
    log: () => readFile(directory.file("log"), "utf8"),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openInbox(port: number, user: string, password: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    const say = async (tag: string, command: string) => {
      socket.write(`${tag} ${command}\r\n`);
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`The server hung up on ${command.split(" ")[0]}`);
        if (value.startsWith(`${tag} `)) return value.slice(tag.length + 1);
      }
    };
    const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
    const answer = await say("a", `LOGIN ${quoted(user)} ${quoted(password)}`);
    return answer.startsWith("OK") ? await say("b", "SELECT INBOX") : answer;
  } finally {
    socket.destroy();
  }
}
