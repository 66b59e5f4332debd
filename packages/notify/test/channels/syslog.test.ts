import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { hostname } from "node:os";
import { createServer as createTlsServer } from "node:tls";
import { createLog } from "@espalier/service";
import {
  createCertificateAuthority,
  requirePrograms,
  type ServerCertificate,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { channelConfig } from "../../src/channels/config.ts";
import { createChannel } from "../../src/channels/create-channel.ts";
import type { ChannelSurroundings } from "../../src/channels/surroundings.ts";
import { formatRecord, frame } from "../../src/channels/syslog-record.ts";
import { surroundings } from "./endpoint.ts";
import { longText, message, storedEvent } from "./messages.ts";

const describe = requirePrograms({ openssl: "openssl" });
const never = new AbortController().signal;

interface Collector {
  readonly port: number;
  readonly records: string[];
  readonly sockets: Set<Socket>;
}

/** Takes records apart by their lengths, RFC 6587 §3.4.1. */
function recordsOf(bytes: Buffer): { readonly records: readonly string[]; readonly rest: Buffer } {
  const records: string[] = [];
  let rest = bytes;
  for (;;) {
    const space = rest.indexOf(" ");
    const length = Number(rest.subarray(0, space).toString("latin1"));
    if (space < 1 || Number.isNaN(length) || rest.length < space + 1 + length) return { records, rest };
    records.push(rest.subarray(space + 1, space + 1 + length).toString("utf8"));
    rest = rest.subarray(space + 1 + length);
  }
}

async function collector(
  make: (listener: (socket: Socket) => void) => Server,
  port = 0,
): Promise<Collector & { close(): void }> {
  const records: string[] = [];
  const sockets = new Set<Socket>();
  const server = make((socket) => {
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      const read = recordsOf(Buffer.concat([rest, chunk]));
      records.push(...read.records);
      rest = read.rest;
    });
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return { port: (server.address() as { port: number }).port, records, sockets, close };
}

function syslog(config: object, changes: Partial<ChannelSurroundings> = {}) {
  const channel = createChannel(
    channelConfig.parse({ kind: "syslog", host: "127.0.0.1", ...config }),
    surroundings(changes),
  );
  onTestFinished(() => channel.close());
  return channel;
}

const expected = `<27>1 2026-01-02T03:04:05.678Z ${hostname()} espalier ${process.pid} backend.down [origin software="Espalier"] \ufeffdelivery=${message().deliveryId} status=problem [high] backend.down: ldap1.example.com:636: 2026-01-02T03:04:05.678Z high backend.down subject: ldap1.example.com:636 source: proxy`;

describe("syslog", () => {
  let directory: TemporaryDirectory;
  let certificate: ServerCertificate;
  let tls: { readonly cert: Buffer; readonly key: Buffer };

  beforeAll(async () => {
    directory = await temporaryDirectory("syslog");
    certificate = await (await createCertificateAuthority(directory.path)).issue("syslog", ["127.0.0.1"]);
    tls = { cert: await readFile(certificate.certificate), key: await readFile(certificate.privateKey) };
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it("goes over TLS, framed by its length, several over one connection", async () => {
    let connections = 0;
    const receiver = await collector((listener) =>
      createTlsServer(tls, listener).on("secureConnection", () => {
        connections += 1;
      }),
    );
    const channel = syslog({ port: receiver.port, ca: certificate.authority });
    const outcomes = await Promise.all([channel.send(message(), never), channel.send(message(), never)]);
    expect(outcomes).toEqual([{ status: "delivered" }, { status: "delivered" }]);
    await until("two records", () => receiver.records.length === 2);
    expect({ records: receiver.records, connections }).toEqual({ records: [expected, expected], connections: 1 });
  });

  it("goes to no collector whose certificate nobody vouches for", async () => {
    const receiver = await collector((listener) =>
      createTlsServer(tls, listener).on("tlsClientError", () => undefined),
    );
    expect(await syslog({ port: receiver.port }).send(message(), never)).toMatchObject({
      status: "retry",
      reason: expect.stringMatching(/certificate/),
    });
    expect(receiver.records).toEqual([]);
  });

  it("connects again when the collector was restarted", async () => {
    const receiver = await collector((listener) => createServer(listener));
    const channel = syslog({ transport: "tcp", port: receiver.port });
    expect(await channel.send(message(), never)).toEqual({ status: "delivered" });
    await until("a record", () => receiver.records.length === 1);
    receiver.close();
    const restarted = await until("the port", () => collector((listener) => createServer(listener), receiver.port));
    await until("a record after the restart", async () => {
      await channel.send(message(), never);
      return restarted.records.length > 0;
    });
    expect(restarted.records[0]).toBe(expected);
  });

  it("is tried again when nothing listens, when it takes too long, and when it is stopped", async () => {
    expect(await syslog({ transport: "tcp", port: 1 }).send(message(), never)).toEqual({
      status: "retry",
      reason: "connect ECONNREFUSED 127.0.0.1:1",
    });
    // A TLS handshake that nobody answers.
    const silent = await collector((listener) => createServer(listener));
    const slow = syslog({ port: silent.port, timeout: "100ms" });
    expect(await slow.send(message(), never)).toEqual({
      status: "retry",
      reason: "127.0.0.1 took nothing within 100 ms",
    });
    const controller = new AbortController();
    const sending = syslog({ port: silent.port }).send(message(), controller.signal);
    controller.abort();
    const stopped = { status: "retry", reason: "stopped before it was written" };
    expect(await sending).toEqual(stopped);
    expect(await slow.send(message(), AbortSignal.abort())).toEqual(stopped);
  });

  it("goes over UDP, one record a datagram, cut where a datagram ends", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    onTestFinished(() => {
      socket.close();
    });
    const datagrams: string[] = [];
    socket.on("message", (bytes) => datagrams.push(bytes.toString("utf8")));
    const channel = syslog({ transport: "udp", port: socket.address().port });
    expect(await channel.send(message(), never)).toEqual({ status: "delivered" });
    await until("a datagram", () => datagrams.length === 1);
    await channel.send(message({ text: "ü".repeat(5_000) }), never);
    await until("two datagrams", () => datagrams.length === 2);
    expect(datagrams[0]).toBe(expected);
    expect(datagrams[1]).toMatch(/ü…$/u);
    expect(Buffer.byteLength(datagrams[1]!)).toBeLessThanOrEqual(2_048);
  });

  it("is a line of this service's log, as grave as the message", async () => {
    const lines: Record<string, unknown>[] = [];
    const log = createLog({ destination: (line) => lines.push(JSON.parse(line)) });
    const channel = syslog({ transport: "log", host: undefined }, { logger: log.logger("notify.channel") });
    expect(await channel.send(message(), never)).toEqual({ status: "delivered" });
    await channel.send(message({ status: "resolved" }), never);
    expect(
      lines.map(({ level, message: title, deliveryId, events }) => ({ level, title, deliveryId, events })),
    ).toEqual(
      ["ERROR", "INFO"].map((level) => ({
        level,
        title: message().title,
        deliveryId: message().deliveryId,
        events: [storedEvent().id],
      })),
    );
    log.level = "error";
    expect(await channel.send(message({ severity: "low" }), never)).toEqual({
      status: "retry",
      reason: "log.level leaves out info: set it to info",
    });
  });

  it("says how grave it is by its priority", () => {
    const origin = { facility: "local0", hostname: "h", processId: 1 } as const;
    const priorities = (["critical", "high", "medium", "low", "info"] as const).map(
      (severity) => /^<\d+>/.exec(formatRecord(message({ severity }), origin, 1_000))?.[0],
    );
    expect(priorities).toEqual(["<130>", "<131>", "<132>", "<133>", "<134>"]);
    expect(formatRecord(message({ status: "resolved" }), origin, 1_000)).toMatch(/^<133>1 /);
  });

  it("is one record whatever is in it, and no longer than it may be", () => {
    const origin = { facility: "daemon", hostname: "höst name", processId: 1 } as const;
    const form =
      /^<\d{1,3}>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]{1,255} espalier 1 [!-~]{1,32} \[origin software="Espalier"\] \ufeffdelivery=[!-~]+ status=problem [^\p{Cc}\u2028\u2029]*$/u;
    fc.assert(
      fc.property(longText, longText, fc.integer({ min: 500, max: 8_192 }), (title, text, limit) => {
        const record = formatRecord(message({ title, text, deliveryId: `d${title.slice(0, 5)}` }), origin, limit);
        expect(record).toMatch(form);
        expect(Buffer.byteLength(record)).toBeLessThanOrEqual(limit);
        expect(recordsOf(Buffer.concat([frame(record), frame(record)]))).toEqual({
          records: [record, record],
          rest: Buffer.alloc(0),
        });
      }),
      { numRuns: 50 },
    );
  });
});
