/**
 * What passes, decrypted and without secrets, as a capture file that Wireshark opens. draft-ietf-opsawg-pcapng.
 *
 * Each client connection is a TCP connection between the real addresses, with everything in clear. The server's port is
 * always 389, by which Wireshark knows LDAP; the comment of the first packet says which listener it was, and whether TLS was in
 * use. What follows StartTLS is a connection of its own: Wireshark would look for TLS in it otherwise.
 */
import { randomInt } from "node:crypto";
import type { Frame } from "../frame/frame.ts";
import { addressBytes, mappedBytes } from "../ip-address.ts";
import type { ClientFacts } from "./operation-record.ts";
import { fileHeader, packetBlock } from "./pcapng-block.ts";
import { redactFrame } from "./redact-frame.ts";
import type { TapSink } from "./tap.ts";
import { type Endpoint, ethernetFrame, TcpFlag } from "./tcp-packet.ts";

const ldapPort = 389;

/** The payload of one packet, well below what an IP packet holds. */
const maxSegmentBytes = 32_768;

const noBytes = new Uint8Array(0);

interface Side {
  readonly endpoint: Endpoint;
  /** Of its next octet. */
  sequence: number;
}

interface Stream {
  readonly client: Side;
  readonly server: Side;
  readonly isEncrypted: boolean;
}

export class PcapngWriter implements TapSink {
  readonly #write: (blocks: Uint8Array) => void;
  readonly #now: () => number;
  readonly #streams = new Map<number, Stream>();

  /**
   * `write` is given one or several whole blocks at a time, the head of the file first and at once: one that is lost
   * leaves a gap that Wireshark shows, and a file that it opens. `now` is in milliseconds since 1970.
   */
  constructor(write: (blocks: Uint8Array) => void, now: () => number = Date.now) {
    this.#write = write;
    this.#now = now;
    write(fileHeader("Espalier", "espalier proxy, decrypted"));
  }

  request(client: ClientFacts, frame: Frame): void {
    const stream = this.#streamOf(client);
    this.#send(stream.client, stream.server, redactFrame(frame));
  }

  response(client: ClientFacts, frame: Frame): void {
    const stream = this.#streamOf(client);
    this.#send(stream.server, stream.client, redactFrame(frame));
  }

  connectionClosed(client: ClientFacts): void {
    const stream = this.#streams.get(client.id);
    if (stream === undefined) return;
    this.#streams.delete(client.id);
    this.#end(stream);
  }

  #streamOf(client: ClientFacts): Stream {
    const isEncrypted = client.tls !== undefined;
    const known = this.#streams.get(client.id);
    if (known?.isEncrypted === isEncrypted) return known;
    if (known !== undefined) this.#end(known);
    const stream = newStream(client, isEncrypted);
    this.#streams.set(client.id, stream);
    this.#begin(stream, comment(client));
    return stream;
  }

  /** The handshake of TCP. */
  #begin({ client, server }: Stream, comment: string): void {
    this.#write(
      Buffer.concat([
        this.#packet(client, server, TcpFlag.syn, noBytes, comment),
        this.#packet(server, client, TcpFlag.syn | TcpFlag.ack),
        this.#packet(client, server, TcpFlag.ack),
      ]),
    );
  }

  #end({ client, server }: Stream): void {
    this.#write(
      Buffer.concat([
        this.#packet(client, server, TcpFlag.fin | TcpFlag.ack),
        this.#packet(server, client, TcpFlag.fin | TcpFlag.ack),
        this.#packet(client, server, TcpFlag.ack),
      ]),
    );
  }

  #send(from: Side, to: Side, message: Uint8Array): void {
    const packets: Uint8Array[] = [];
    for (let at = 0; at < message.length; at += maxSegmentBytes) {
      packets.push(this.#packet(from, to, TcpFlag.push | TcpFlag.ack, message.subarray(at, at + maxSegmentBytes)));
    }
    this.#write(packets.length === 1 ? packets[0]! : Buffer.concat(packets));
  }

  /** The next packet of one side, which moves its sequence on: SYN and FIN count as an octet. */
  #packet(from: Side, to: Side, flags: number, payload: Uint8Array = noBytes, comment?: string): Uint8Array {
    const packet = ethernetFrame({
      from: from.endpoint,
      to: to.endpoint,
      sequence: from.sequence,
      acknowledgment: (flags & TcpFlag.ack) === 0 ? 0 : to.sequence,
      flags,
      payload,
    });
    const taken = payload.length + ((flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1);
    from.sequence = (from.sequence + taken) >>> 0;
    return packetBlock(packet, this.#now(), comment);
  }
}

function newStream({ address, port, localAddress }: ClientFacts, isEncrypted: boolean): Stream {
  const unspecified = new Uint8Array(4);
  let from = addressBytes(address) ?? unspecified;
  let to = addressBytes(localAddress) ?? unspecified;
  if (from.length !== to.length) {
    from = mappedBytes(from);
    to = mappedBytes(to);
  }
  return {
    client: { endpoint: { address: from, port }, sequence: randomInt(0x100000000) },
    server: { endpoint: { address: to, port: ldapPort }, sequence: randomInt(0x100000000) },
    isEncrypted,
  };
}

function comment({ id, listener, localAddress, localPort, tls }: ClientFacts): string {
  const encryption = tls === undefined ? "in clear text" : `decrypted, it was ${tls.protocol} with ${tls.cipher}`;
  return `Connection ${id} to ${listener} (${localAddress} port ${localPort}), ${encryption}; secrets are overwritten with *.`;
}
