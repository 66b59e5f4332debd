/**
 * Input that no sound client sends. Whatever comes, the gateway goes on answering others, and what it holds in memory stays
 * bounded.
 */
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { encodeMessage, type Filter, type SearchRequest } from "@espalier/ldap";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  createCertificateAuthority,
  fillSqlite,
  type Gateway,
  startGateway,
  temporaryDirectory,
  uniformPopulation,
  until,
  Wire,
} from "./lab/index.ts";

const baseDn = "dc=example,dc=com";

/** More than any of these tests may make the gateway grow by. */
const maxGrowthBytes = 150e6;

/** RFC 4511 §4.4.1: the message id 0, and this OID. */
const noticeOfDisconnection = "1.3.6.1.4.1.1466.20036";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(/\s+/g, ""), "hex");

/** A search of the root DSE, message id 1. */
const rootDseSearch = bytes(`
  30 25  02 01 01
  63 20  04 00  0a 01 00  0a 01 00  02 01 00  02 01 00  01 01 00
         87 0b 6f 62 6a 65 63 74 43 6c 61 73 73  30 00`);

/** RFC 4511 §4.14.1, message id 1. */
const startTls = bytes(`
  30 1d  02 01 01
  77 18  80 16 31 2e 33 2e 36 2e 31 2e 34 2e 31 2e 31 34 36 36 2e 32 30 30 33 37`);

function searchFor(filter: Filter): SearchRequest {
  return {
    type: "searchRequest",
    baseObject: baseDn,
    scope: "wholeSubtree",
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter,
    attributes: [],
  };
}

const everything: Filter = { type: "present", attribute: "objectClass" };

/** A search whose filter is `(!(!(…(objectClass=*)…)))`, encoded here as the library may refuse to. */
function nestedSearch(depth: number): Uint8Array {
  let filter = tlv(0x87, Buffer.from("objectClass"));
  for (let level = 0; level < depth; level += 1) filter = tlv(0xa2, filter);
  const head = bytes(`04 00  0a 01 00  0a 01 00  02 01 00  02 01 00  01 01 00`);
  return tlv(0x30, Buffer.concat([bytes("02 01 01"), tlv(0x63, Buffer.concat([head, filter, bytes("30 00")]))]));
}

function tlv(tag: number, contents: Uint8Array): Buffer {
  const { length } = contents;
  const head = length < 0x80 ? [tag, length] : [tag, 0x84, length >>> 24, length >>> 16, length >>> 8, length];
  return Buffer.concat([Buffer.from(head.map((octet) => octet & 0xff)), contents]);
}

describe("a gateway that is sent", () => {
  const cleanup = new AsyncDisposableStack();
  let gateway: Gateway;
  let bystander: Wire;
  let bytesBefore: number;

  beforeAll(async () => {
    const directory = cleanup.use(await temporaryDirectory("malformed"));
    const population = uniformPopulation({ users: 2_000, groups: 20, groupsPerUser: 1 });
    const sql = fillSqlite(directory.file("directory.sqlite"), population);
    const certificate = await (await createCertificateAuthority(directory.path)).issue("server", ["localhost"]);
    const tls = { LDAP_CERT_PATH: certificate.certificate, LDAP_KEY_PATH: certificate.privateKey };
    gateway = cleanup.use(await startGateway({ environment: { ...sql, ...tls, LDAP_BASE_DN: baseDn } }));
    bystander = cleanup.use(await Wire.connect(gateway.url));
    await bystander.search(searchFor(everything));
    bytesBefore = await residentBytes();
  });
  afterAll(() => cleanup.disposeAsync());

  /** Others are served: on a connection that was there before, and on a new one. */
  afterEach(async () => {
    const ann: Filter = { type: "equalityMatch", attribute: "uid", value: Buffer.from("user7") };
    using newcomer = await Wire.connect(gateway.url);
    for (const wire of [bystander, newcomer]) {
      const { entries } = await wire.search(searchFor(ann));
      expect(entries.map((entry) => entry.objectName)).toEqual([`uid=user7,${baseDn}`]);
      wire.forget();
    }
    expect(await residentBytes()).toBeLessThan(bytesBefore + maxGrowthBytes);
  });

  async function residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${gateway.process.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** The result codes of the notices of disconnection that a connection got before it was closed. */
  async function noticesUntilClosed(wire: Wire): Promise<number[]> {
    await wire.closed();
    return wire.received.flatMap(({ messageId, protocolOp }) =>
      messageId === 0 && protocolOp.type === "extendedResponse" && protocolOp.responseName === noticeOfDisconnection
        ? [protocolOp.resultCode]
        : [],
    );
  }

  it("a message one byte at a time answers it", async () => {
    using wire = await Wire.connect(gateway.url);
    for (const byte of rootDseSearch) {
      wire.send(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    const { last } = await wire.answer(1);
    expect(last.protocolOp).toMatchObject({ type: "searchResultDone", resultCode: 0 });
  });

  it("part of a message waits for the rest, on three hundred connections", async () => {
    const wires = await Promise.all(Array.from({ length: 300 }, () => Wire.connect(gateway.url)));
    for (const [index, wire] of wires.entries()) wire.send(rootDseSearch.subarray(0, 1 + (index % 38)));
    using last = await Wire.connect(gateway.url);
    expect((await last.search(searchFor(everything))).entries.length).toBeGreaterThan(2_000);
    for (const [index, wire] of wires.entries()) wire.send(rootDseSearch.subarray(1 + (index % 38)));
    for (const wire of wires) expect((await wire.answer(1)).last.protocolOp).toMatchObject({ resultCode: 0 });
    for (const wire of wires) wire[Symbol.dispose]();
  });

  it("part of a message and the end of the connection forgets both", async () => {
    for (let length = 1; length < rootDseSearch.length; length += 1) {
      const socket = connect(gateway.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.end(rootDseSearch.subarray(0, length));
    }
  });

  it.each([
    ["a length of 2 GiB less one", "30 84 7f ff ff ff 02 01 01"],
    ["a length of 4 GiB less one", "30 84 ff ff ff ff 02 01 01"],
    ["a length of 2^64 less one", "30 88 ff ff ff ff ff ff ff ff 02 01 01"],
    ["an indefinite length (RFC 4511 §5.1)", "30 80 02 01 01 42 00 00 00"],
    ["a tag that is not a SEQUENCE", "04 03 02 01 01"],
    ["a message without an operation", "30 03 02 01 01"],
    ["an operation that there is not", "30 05 02 01 01 7f 00"],
    ["a message id that is not an integer", "30 05 04 01 01 42 00"],
    ["a message id of five octets", "30 09 02 05 01 00 00 00 00 42 00"],
    ["a request for TLS where there is none", "16 03 01 00 f4 01 00 00 f0 03 03 00 01 02 03 04 05 06 07 08 09"],
    ["a request of HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").toString("hex")],
  ])("%s says that it ends the connection, and ends it", async (_, hex) => {
    using wire = await Wire.connect(gateway.url);
    wire.send(bytes(hex));
    expect(await noticesUntilClosed(wire)).toEqual([2]);
  });

  it("a message larger than an anonymous client may send ends the connection before it has read it all", async () => {
    using wire = await Wire.connect(gateway.url);
    const value = Buffer.alloc(10e6, "a");
    wire.send(
      encodeMessage({
        messageId: 1,
        protocolOp: searchFor({ ...everything, type: "equalityMatch", value }),
        controls: [],
      }),
    );
    await wire.closed();
  });

  it("a filter nested ten thousand deep refuses the search", async () => {
    using wire = await Wire.connect(gateway.url);
    wire.send(nestedSearch(10_000));
    const { last } = await wire.answer(1);
    expect(last.protocolOp.type).toBe("searchResultDone");
    expect(last.protocolOp).not.toMatchObject({ resultCode: 0 });
  });

  it("a filter of ten thousand items refuses the search or answers it", async () => {
    using wire = await Wire.connect(gateway.url);
    const filters = Array.from({ length: 10_000 }, (): Filter => ({ type: "present", attribute: "c" }));
    const { done } = await wire.search(searchFor({ type: "or", filters }));
    expect(done.resultCode).not.toBe(0);
  });

  it("a search with a substring of a thousand parts answers it in time", async () => {
    using wire = await Wire.connect(gateway.url);
    const any = Array.from({ length: 1_000 }, () => Buffer.from("u"));
    const { done } = await wire.search(
      searchFor({ type: "substrings", attribute: "cn", initial: undefined, any, final: undefined }),
    );
    expect(done.resultCode).toBe(0);
  });

  it("an unbind and more behind it answers no more", async () => {
    using wire = await Wire.connect(gateway.url);
    wire.send(Buffer.concat([bytes("30 05 02 01 09 42 00"), rootDseSearch]));
    await wire.closed();
    expect(wire.received).toEqual([]);
  });

  it("clear text behind StartTLS in the same segment closes the connection and answers none of it", async () => {
    using wire = await Wire.connect(gateway.url);
    const injected = Buffer.from(rootDseSearch);
    injected[4] = 2;
    wire.send(Buffer.concat([startTls, injected]));
    await wire.closed();
    expect(wire.received.map((message) => message.messageId)).not.toContain(2);
  });

  it("garbage in the place of a TLS handshake after StartTLS closes the connection", async () => {
    using wire = await Wire.connect(gateway.url);
    wire.send(startTls);
    expect((await wire.answer(1)).last.protocolOp).toMatchObject({ type: "extendedResponse", resultCode: 0 });
    wire.send(Buffer.alloc(4_096, "not TLS "));
    await wire.closed();
  });

  it("a thousand requests at once, with one message id, answers or ends the connection", async () => {
    using wire = await Wire.connect(gateway.url);
    wire.send(Buffer.concat(Array.from({ length: 1_000 }, () => rootDseSearch)));
    await until("an answer to each, or the end", () => wire.isClosed || countOfDone(wire) === 1_000);
  });

  it("requests by a client that reads no answers holds no more than its share in memory", async () => {
    using wire = await Wire.connect(gateway.url);
    wire.pause();
    for (let count = 0; count < 400; count += 1) wire.sendRequest(searchFor(everything));
    // What the gateway has sent meanwhile fills the buffers of both sides; then it must stop reading requests.
    for (let count = 0; count < 20; count += 1) {
      const { entries } = await bystander.search(searchFor(everything));
      expect(entries.length).toBeGreaterThan(2_000);
      bystander.forget();
    }
    expect(await residentBytes()).toBeLessThan(bytesBefore + maxGrowthBytes);
  });

  it("random bytes goes on serving", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), (noise) => sendAndClose(noise)),
      { numRuns: 200 },
    );
  });

  it("sound requests with some bytes changed goes on serving", async () => {
    const requests = [
      rootDseSearch,
      startTls,
      ...[
        everything,
        { type: "substrings", attribute: "cn", initial: Buffer.from("a"), any: [], final: undefined } as const,
      ].map((filter) => encodeMessage({ messageId: 2, protocolOp: searchFor(filter), controls: [] })),
      encodeMessage({
        messageId: 3,
        protocolOp: {
          type: "bindRequest",
          version: 3,
          name: `uid=user1,${baseDn}`,
          authentication: { type: "simple", password: Buffer.from("pw-1") },
        },
        controls: [{ controlType: "1.3.6.1.4.1.42.2.27.8.5.1", criticality: false, controlValue: undefined }],
      }),
    ];
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...requests),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (request, changes) => {
          const mutated = Buffer.from(request);
          for (const [at, value] of changes) mutated[at % mutated.length] = value;
          return sendAndClose(mutated);
        },
      ),
      { numRuns: 400 },
    );
  });

  /** Sends bytes and ends the connection; it is the server's turn to end it too. */
  async function sendAndClose(noise: Uint8Array): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
    socket.end(noise);
    await closed;
  }
});

function countOfDone(wire: Wire): number {
  return wire.received.filter((message) => message.protocolOp.type === "searchResultDone").length;
}
