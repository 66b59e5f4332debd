/** An SMTP server with STARTTLS and logins, which keeps what it is sent. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { ServerCertificate } from "./certificates.ts";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body, as they came. */
  readonly text: string;
  readonly messageId: string;
  readonly subject: string;
}

export interface MailServerOptions {
  readonly certificate: ServerCertificate;
  readonly user: string;
  readonly password: string;
  /** Asked when a mail has come whole: the error that the client is told in place of success. */
  readonly refuse?: (mail: ReceivedMail) => { readonly code: number; readonly message: string } | undefined;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  /** Those that were taken. */
  readonly mails: readonly ReceivedMail[];
}

/** Starts one on 127.0.0.1. */
export async function startMailServer({ certificate, user, password, refuse }: MailServerOptions): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authMethods: ["PLAIN", "LOGIN"],
    key: await readFile(certificate.privateKey),
    cert: await readFile(certificate.certificate),
    disableReverseLookup: true,
    onAuth(login, _session, done) {
      if (login.username === user && login.password === password) done(null, { user });
      else done(new Error("wrong user or password"));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text,
          messageId: headerOf(text, "Message-ID"),
          subject: headerOf(text, "Subject"),
        };
        const refusal = refuse?.(mail);
        if (refusal === undefined) mails.push(mail);
        done(refusal === undefined ? null : Object.assign(new Error(refusal.message), { responseCode: refusal.code }));
      });
    },
  });
  // A client that goes away in the middle is no failure of the server's.
  server.on("error", () => undefined);
  const listener = server.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    mails,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Unfolded (RFC 5322 §2.2.3). */
function headerOf(text: string, name: string): string {
  const [head = ""] = text.split("\r\n\r\n", 1);
  const unfolded = head.replaceAll(/\r\n[ \t]+/g, " ");
  const line = unfolded.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim() ?? "";
}
