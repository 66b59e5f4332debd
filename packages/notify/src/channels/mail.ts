/**
 * Mail over SMTP (RFC 5321), with STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314) unless told otherwise.
 *
 * Message-ID is made of the delivery's id and is the same in every attempt, so a mailbox that got it twice can tell. A
 * permanent reply to the sender, a recipient or the message makes a dead letter; one to the greeting or the login does not:
 * what is wrong there is the configuration, and can be mended.
 */
import type { NodemailerError } from "nodemailer/lib/errors";
import MailComposer from "nodemailer/lib/mail-composer";
import SmtpConnection from "nodemailer/lib/smtp-connection";
import type { Channel, SendOutcome } from "./channel.ts";
import { type MailConfig, mailPorts } from "./config.ts";
import { errorText } from "./http-outcome.ts";
import { mailParts } from "./mail-parts.ts";
import type { Message } from "./message.ts";
import { excerpt, type HideSecrets, secretHider } from "./secrets.ts";
import { type ChannelSurroundings, readAuthority } from "./surroundings.ts";
import { TakenBy } from "./taken-by.ts";

const connectTimeoutMs = 10_000;

export class MailChannel implements Channel {
  readonly name: string;
  readonly kind = "mail";
  readonly concurrency: number;
  readonly #config: MailConfig;
  readonly #from: string;
  readonly #authority: { readonly ca?: string };
  readonly #publicUrl: string | undefined;
  readonly #now: () => number;
  readonly #hide: HideSecrets;
  readonly #taken = new TakenBy<string>();

  constructor(config: MailConfig, surroundings: ChannelSurroundings) {
    this.name = surroundings.name;
    this.concurrency = config.concurrency;
    this.#config = config;
    this.#from = config.from ?? config.user!;
    this.#authority = readAuthority(config.ca);
    this.#publicUrl = surroundings.publicUrl;
    this.#now = surroundings.now ?? Date.now;
    this.#hide = secretHider(config.password === undefined ? [] : [config.password.reveal()]);
  }

  async send(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    const recipients = this.#taken.rest(message.deliveryId, this.#config.to);
    const outcome = await this.#send(message, recipients, signal);
    if (outcome.status !== "retry") this.#taken.forget(message.deliveryId);
    return outcome;
  }

  async #send(message: Message, recipients: readonly string[], signal: AbortSignal): Promise<SendOutcome> {
    if (signal.aborted) return stopped;
    const session = new SmtpSession(this.#config, this.#authority, signal);
    try {
      const bytes = await this.#compose(message);
      await session.open();
      const { accepted, rejectedErrors = [] } = await session.send(addressOf(this.#from), recipients, bytes);
      this.#taken.add(message.deliveryId, accepted);
      const temporary = rejectedErrors.find(({ permanent }) => permanent !== true);
      if (temporary !== undefined) return this.#outcomeOfError(temporary, signal);
      const refused = rejectedErrors.map((error) => this.#reason(error));
      return { status: "delivered", ...(refused.length === 0 ? {} : { detail: `refused by ${refused.join("; ")}` }) };
    } catch (error) {
      return this.#outcomeOfError(error as NodemailerError, signal);
    } finally {
      session.close();
    }
  }

  #compose(message: Message): Promise<Buffer> {
    const { subject, text, html } = mailParts(message, this.#publicUrl);
    const isUrgent = message.status === "problem" && (message.severity === "critical" || message.severity === "high");
    const composer = new MailComposer({
      from: this.#from,
      to: [...this.#config.to],
      subject,
      text,
      html,
      messageId: `<${messageIdLocal(message.deliveryId)}@${domainOf(this.#from)}>`,
      date: new Date(this.#now()),
      headers: {
        // RFC 3834: nobody's absence notice answers this.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        ...(isUrgent ? { Importance: "high" } : {}),
      },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return composer.compile().build();
  }

  #outcomeOfError(error: NodemailerError, signal: AbortSignal): SendOutcome {
    if (signal.aborted) return stopped;
    const { code, responseCode, rejectedErrors } = error;
    const reasons = rejectedErrors?.length ? rejectedErrors : [error];
    const reason = reasons.map((each) => this.#reason(each)).join("; ");
    const isAboutMessage = code === "EENVELOPE" || code === "EMESSAGE";
    if (isAboutMessage && reasons.every(({ permanent }) => permanent === true)) return { status: "failed", reason };
    // 421: the server is closing, RFC 5321 §3.8.
    return { status: "retry", reason, ...(responseCode === 421 ? { slowDown: true } : {}) };
  }

  /** The server's reply where there is one: `550 5.1.1 no such user`. */
  #reason(error: NodemailerError): string {
    const { response, recipient } = error;
    const said = response === undefined || response === "" ? errorText(error) : response;
    return excerpt(this.#hide(recipient === undefined ? said : `${recipient}: ${said}`));
  }

  async close(): Promise<void> {}
}

const stopped: SendOutcome = { status: "retry", reason: "stopped before the server had taken the mail" };

/** One connection for one mail. Everything fails at once when the signal says so. */
class SmtpSession {
  readonly #connection: SmtpConnection;
  readonly #failure: Promise<never>;
  readonly #config: MailConfig;

  constructor(config: MailConfig, authority: { readonly ca?: string }, signal: AbortSignal) {
    this.#config = config;
    const { host, tls, timeout } = config;
    this.#connection = new SmtpConnection({
      host,
      port: config.port ?? mailPorts[tls],
      secure: tls === "implicit",
      requireTLS: tls === "starttls",
      ignoreTLS: tls === "none",
      tls: { minVersion: "TLSv1.2", rejectUnauthorized: true, ...authority },
      connectionTimeout: Math.min(connectTimeoutMs, timeout),
      greetingTimeout: timeout,
      dnsTimeout: Math.min(connectTimeoutMs, timeout),
      socketTimeout: timeout,
      maxResponseSize: 65_536,
    });
    this.#failure = new Promise((_, reject) => {
      this.#connection.on("error", reject);
      this.#connection.on("end", () => reject(new Error("the server closed the connection")));
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      AbortSignal.timeout(timeout).addEventListener("abort", () =>
        reject(new Error(`${host} was not done within ${timeout} ms`)),
      );
    });
    this.#failure.catch(() => undefined);
  }

  /** Connects, and logs in where there is a user. */
  async open(): Promise<void> {
    const connection = this.#connection;
    await this.#call<void>((done) => connection.connect((error) => done(error ?? null)));
    const { user, password } = this.#config;
    if (user === undefined || password === undefined) return;
    await this.#call<void>((done) => connection.login({ user, pass: password.reveal() }, (error) => done(error)));
  }

  send(from: string, to: readonly string[], bytes: Buffer) {
    return this.#call<Parameters<Parameters<SmtpConnection["send"]>[2]>[1]>((done) =>
      this.#connection.send({ from, to: [...to], size: bytes.length }, bytes, done),
    );
  }

  /** Says goodbye where the server still listens; nobody waits for its answer. */
  close(): void {
    this.#connection.quit();
  }

  #call<Result>(start: (done: (error: NodemailerError | null, result?: Result) => void) => void): Promise<Result> {
    const answered = new Promise<Result>((resolve, reject) => {
      start((error, result) => (error ? reject(error) : resolve(result as Result)));
    });
    return Promise.race([answered, this.#failure]);
  }
}

/** `a@b.example` of `Name <a@b.example>`. */
function addressOf(mailbox: string): string {
  return /<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox;
}

function domainOf(mailbox: string): string {
  return addressOf(mailbox).split("@").at(-1)!;
}

/** What is no plain character of an id becomes `=` and hexadecimal digits, so that two ids stay two (RFC 5322 §3.6.4). */
function messageIdLocal(deliveryId: string): string {
  return deliveryId.replaceAll(/[^A-Za-z0-9._-]/gu, (character) => `=${character.codePointAt(0)!.toString(16)}`);
}
