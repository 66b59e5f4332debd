import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { Channel } from "../../src/channels/channel.ts";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import { surroundings } from "./endpoint.ts";
import { message } from "./messages.ts";

const describe = requirePrograms({ openssl: "openssl" });
const never = new AbortController().signal;

interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly raw: Buffer;
}

interface MailServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
}

function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

describe("mail", () => {
  let directory: TemporaryDirectory;
  let certificate: ServerCertificate;
  let tls: { readonly cert: Buffer; readonly key: Buffer };
  let authority: CertificateAuthority;

  beforeAll(async () => {
    directory = await temporaryDirectory("mail");
    authority = await createCertificateAuthority(directory.path);
    certificate = await authority.issue("smtp", ["127.0.0.1"]);
    tls = { cert: await readFile(certificate.certificate), key: await readFile(certificate.privateKey) };
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  /** Takes mail after a login over TLS as alerts@example.com, unless told otherwise. */
  async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
    const mails: ReceivedMail[] = [];
    const server = new SMTPServer({
      ...tls,
      closeTimeout: 100,
      onAuth: ({ username, password }, _, callback) =>
        username === "alerts@example.com" && password === "right password"
          ? callback(null, { user: username })
          : callback(reply(535, `5.7.8 ${password} is wrong`)),
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            user: session.user,
            isSecure: session.secure,
            raw: Buffer.concat(chunks),
          });
          callback();
        });
      },
      ...options,
    });
    server.on("error", () => undefined);
    const listening: Server = server.listen(0, "127.0.0.1");
    await once(listening, "listening");
    onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
    return { port: (listening.address() as { port: number }).port, mails };
  }

  function mailTo({ port }: { readonly port: number }, changes: object = {}): Channel {
    const config = channelConfig.parse({
      kind: "mail",
      host: "127.0.0.1",
      port,
      ca: certificate.authority,
      user: "alerts@example.com",
      password: "right password",
      to: ["admin@example.com"],
      ...changes,
    });
    return createChannel(config, surroundings({ publicUrl: "https://notify.example" }));
  }

  it("arrives over STARTTLS after a login, as plain text and as HTML, from the user who logged in", async () => {
    const server = await mailServer();
    const actions = [{ label: "Approve", url: "https://notify.example/a?b=1&c=2" }];
    const sent = message({ title: "[high] Größe <b>&", text: "One ü line\n  name: <i>value</i>", actions });
    expect(await mailTo(server).send(sent, never)).toEqual({ status: "delivered" });
    const [mail] = server.mails;
    const { raw, ...envelope } = mail!;
    expect(envelope).toEqual({
      from: "alerts@example.com",
      to: ["admin@example.com"],
      user: "alerts@example.com",
      isSecure: true,
    });
    const parsed = await PostalMime.parse(raw);
    const header = (name: string) => parsed.headers.find(({ key }) => key === name)?.value;
    expect({
      subject: parsed.subject,
      from: parsed.from?.address,
      to: parsed.to?.map(({ address }) => address),
      messageId: parsed.messageId,
      text: parsed.text?.trimEnd(),
      automatic: header("auto-submitted"),
      importance: header("importance"),
    }).toEqual({
      subject: "[high] Größe <b>&",
      from: "alerts@example.com",
      to: ["admin@example.com"],
      messageId: `<${sent.deliveryId}@example.com>`,
      text: `[high] Größe <b>&\n\nOne ü line\n  name: <i>value</i>\n\nApprove:\nhttps://notify.example/a?b=1&c=2\n\n-- \nSent by Espalier at notify.example. Delivery ${sent.deliveryId}.`,
      automatic: "auto-generated",
      importance: "high",
    });
    expect(parsed.html).toContain("Größe &lt;b&gt;&amp;</h1>");
    expect(parsed.html).toContain("&lt;i&gt;value&lt;/i&gt;");
    expect(parsed.html).toContain('href="https://notify.example/a?b=1&amp;c=2"');
  });

  it("arrives over TLS from the first byte", async () => {
    const server = await mailServer({ secure: true });
    expect(await mailTo(server, { tls: "implicit" }).send(message(), never)).toEqual({ status: "delivered" });
    expect(server.mails.map(({ isSecure }) => isSecure)).toEqual([true]);
  });

  it("has the same Message-ID in every attempt", async () => {
    const server = await mailServer();
    const channel = mailTo(server, { from: "Espalier <espalier@mail.example.com>" });
    await channel.send(message({ attempt: 1 }), never);
    await channel.send(message({ attempt: 2 }), never);
    const ids = await Promise.all(server.mails.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId));
    expect(ids).toEqual([`<${message().deliveryId}@mail.example.com>`, `<${message().deliveryId}@mail.example.com>`]);
    expect(server.mails.map(({ from }) => from)).toEqual(["espalier@mail.example.com", "espalier@mail.example.com"]);
  });

  it("is not sent, and the password neither, where the server has no TLS", async () => {
    let logins = 0;
    const server = await mailServer({
      hideSTARTTLS: true,
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: (_, __, callback) => {
        logins += 1;
        callback(null, { user: "anybody" });
      },
    });
    expect(await mailTo(server).send(message(), never)).toMatchObject({ status: "retry" });
    expect({ logins, mails: server.mails }).toEqual({ logins: 0, mails: [] });
  });

  it("goes in clear text only where that is configured", async () => {
    const server = await mailServer({ disabledCommands: ["AUTH", "STARTTLS"], authOptional: true });
    const channel = mailTo(server, {
      tls: "none",
      user: undefined,
      password: undefined,
      ca: undefined,
      from: "a@example.com",
    });
    expect(await channel.send(message(), never)).toEqual({ status: "delivered" });
    expect(server.mails.map(({ isSecure }) => isSecure)).toEqual([false]);
  });

  it("is not sent to a server whose certificate nobody vouches for, or that has another name", async () => {
    const server = await mailServer();
    expect(await mailTo(server, { ca: undefined }).send(message(), never)).toMatchObject({
      status: "retry",
      reason: "unable to verify the first certificate: name its authority's certificate in ca",
    });
    const issued = await authority.issue("other", ["other.example"]);
    const wrong = await mailServer({
      cert: await readFile(issued.certificate),
      key: await readFile(issued.privateKey),
    });
    expect(await mailTo(wrong, { ca: issued.authority }).send(message(), never)).toMatchObject({
      status: "retry",
      reason: expect.stringMatching(/IP|altnames/),
    });
    expect([...server.mails, ...wrong.mails]).toEqual([]);
  });

  it("is tried again after a wrong password, which no reason repeats", async () => {
    const server = await mailServer();
    const outcome = await mailTo(server, { password: "wr0ng password" }).send(message(), never);
    expect(outcome).toEqual({ status: "retry", reason: "535 5.7.8 [secret] is wrong" });
  });

  it("is tried again after 4yz and given up after 5yz, to the recipient or to the message", async () => {
    const refusing = async (options: SMTPServerOptions) => mailTo(await mailServer(options)).send(message(), never);
    const recipient = (error: Error): SMTPServerOptions => ({ onRcptTo: (_, __, callback) => callback(error) });
    const data = (error: Error): SMTPServerOptions => ({
      onData: (stream, _, callback) => stream.on("end", () => callback(error)).resume(),
    });
    expect([
      await refusing(recipient(reply(450, "4.2.1 greylisted"))),
      await refusing(recipient(reply(550, "5.1.1 no such user"))),
      await refusing(data(reply(452, "4.3.1 disk full"))),
      await refusing(data(reply(554, "5.7.1 spam"))),
      await refusing({ onMailFrom: (_, __, callback) => callback(reply(553, "5.1.8 sender refused")) }),
      await refusing({ onConnect: (_, callback) => callback(reply(421, "4.3.2 closing")) }),
      await refusing({ onConnect: (_, callback) => callback(reply(554, "5.3.2 no service")) }),
    ]).toEqual([
      { status: "retry", reason: "admin@example.com: 450 4.2.1 greylisted" },
      { status: "failed", reason: "admin@example.com: 550 5.1.1 no such user" },
      { status: "retry", reason: "452 4.3.1 disk full" },
      { status: "failed", reason: "554 5.7.1 spam" },
      { status: "failed", reason: "553 5.1.8 sender refused" },
      { status: "retry", reason: expect.stringContaining("421 4.3.2 closing"), slowDown: true },
      { status: "retry", reason: expect.stringContaining("554 5.3.2 no service") },
    ]);
  });

  it("goes, when it is tried again, to those only who have not got it", async () => {
    let isGreylisting = true;
    const server = await mailServer({
      onRcptTo: ({ address }, _, callback) =>
        callback(address.startsWith("slow") && isGreylisting ? reply(450, "4.2.1 greylisted") : null),
    });
    const channel = mailTo(server, { to: ["admin@example.com", "slow@example.com"] });
    expect(await channel.send(message(), never)).toEqual({
      status: "retry",
      reason: "slow@example.com: 450 4.2.1 greylisted",
    });
    isGreylisting = false;
    expect(await channel.send(message({ attempt: 2 }), never)).toEqual({ status: "delivered" });
    expect(server.mails.map(({ to }) => to)).toEqual([["admin@example.com"], ["slow@example.com"]]);
  });

  it("is delivered when one recipient took it and another never will, and says so", async () => {
    const server = await mailServer({
      onRcptTo: ({ address }, _, callback) => callback(address.startsWith("gone") ? reply(550, "5.1.1 gone") : null),
    });
    const channel = mailTo(server, { to: ["admin@example.com", "gone@example.com"] });
    expect(await channel.send(message(), never)).toEqual({
      status: "delivered",
      detail: "refused by gone@example.com: 550 5.1.1 gone",
    });
  });

  it("has no header or recipient that somebody wrote into its text", async () => {
    const server = await mailServer();
    const attack = "x\r\nBcc: thief@example.net\r\nX-Forged: yes\r\n\r\n<script>alert(1)</script>\n.\r\nQUIT";
    const sent = message({ title: attack, text: attack, actions: [{ label: attack, url: "https://n.example/a" }] });
    const odd = { ...sent, deliveryId: "a>\r\nX-Forged: b" };
    const channel = mailTo(server);
    expect([await channel.send(sent, never), await channel.send(odd, never)]).toEqual([
      { status: "delivered" },
      { status: "delivered" },
    ]);
    for (const { raw, to } of server.mails) {
      expect(to).toEqual(["admin@example.com"]);
      const parsed = await PostalMime.parse(raw);
      const names = parsed.headers.map(({ key }) => key);
      expect(names).not.toContain("x-forged");
      expect(names).not.toContain("bcc");
      expect(parsed.subject).toBe("x Bcc: thief@example.net X-Forged: yes <script>alert(1)</script> . QUIT");
      expect(parsed.html).not.toContain("<script");
    }
    const [, second] = server.mails;
    expect((await PostalMime.parse(second!.raw)).messageId).toBe("<a=3e=d=aX-Forged=3a=20b@example.com>");
  });

  it("is given up for now when the server does not answer, and at once when told to stop", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    let connections = 0;
    silent.on("connection", () => {
      connections += 1;
    });
    await once(silent, "listening");
    onTestFinished(() => {
      silent.close();
    });
    const server = { port: (silent.address() as { port: number }).port };
    expect(await mailTo(server, { timeout: "150ms" }).send(message(), never)).toMatchObject({ status: "retry" });
    const controller = new AbortController();
    const sending = mailTo(server).send(message(), controller.signal);
    await until("the connection", () => connections === 2);
    controller.abort();
    expect(await sending).toEqual({ status: "retry", reason: "stopped before the server had taken the mail" });
    expect(await mailTo(server).send(message(), AbortSignal.abort())).toEqual({
      status: "retry",
      reason: "stopped before the server had taken the mail",
    });
    expect(await mailTo({ port: 1 }).send(message(), never)).toEqual({
      status: "retry",
      reason: "connect ECONNREFUSED 127.0.0.1:1",
    });
  });
});
