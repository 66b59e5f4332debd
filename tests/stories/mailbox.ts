/** A person's mailbox: what the mail server has taken for one address, as its owner reads it. */
import { type MailServer, type ReceivedMail, until } from "@espalier/tests/lab";

export interface Letter {
  /** The part of plain text, its lines as they were written. */
  readonly lines: readonly string[];
}

export class Mailbox {
  readonly #server: MailServer;
  readonly #address: string;
  #read = 0;

  constructor(server: MailServer, address: string) {
    this.#server = server;
    this.#address = address;
  }

  /** Those that nobody has read. */
  get unread(): readonly Letter[] {
    const own = this.#server.mails.filter(({ to }) => to.includes(this.#address));
    return own.slice(this.#read).map((mail) => ({ lines: plainTextOf(mail).split("\n") }));
  }

  /** The oldest that nobody has read, as soon as there is one. */
  async read(): Promise<Letter> {
    const letter = await until(`a mail to ${this.#address}`, () => this.unread[0], { timeoutMs: 30_000 });
    this.#read += 1;
    return letter;
  }
}

/** Of a message in several parts (RFC 2046), its plain text, which is quoted-printable (RFC 2045 §6.7). */
function plainTextOf({ text }: ReceivedMail): string {
  const part = /\r\nContent-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(text)?.[1] ?? "";
  const bytes = part
    .replaceAll("=\r\n", "")
    .replaceAll("\r\n", "\n")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
