import { decodeMessage, encodeMessage, type LdapMessage } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/frame/frame.ts";
import { FrameReader } from "../../src/frame/frame-reader.ts";
import { anyMessage, hex } from "./arbitrary-frame.ts";

const unbind: LdapMessage = { messageId: 1, protocolOp: { type: "unbindRequest" }, controls: [] };

/** Keeps what it is given; takes no more than `limit` messages. */
class Recorder {
  readonly frames: Frame[] = [];
  limit = Number.POSITIVE_INFINITY;
  maxMessageBytes = 1_000_000;
  get mayRead(): boolean {
    return this.frames.length < this.limit;
  }
  accept(frame: Frame): void {
    this.frames.push(frame);
  }
  messages(): LdapMessage[] {
    return this.frames.map(({ bytes, start, end }) => decodeMessage(bytes, start, end));
  }
}

/** Cuts `bytes` at any places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

describe("a stream of messages", () => {
  it("is read the same wherever it is cut, and however often the reader has to wait", () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 1, max: 3 }),
        (messages, places, step) => {
          const recorder = new Recorder();
          const reader = new FrameReader(recorder);
          const stream = Buffer.concat(messages.map((message) => encodeMessage(message)));
          for (const chunk of cut(stream, places)) {
            let rest = chunk;
            while (rest.length > 0) {
              recorder.limit = recorder.frames.length + step;
              rest = rest.subarray(reader.read(rest));
            }
          }
          expect(recorder.messages()).toStrictEqual(messages);
          expect(reader.partialSinceMs).toBeUndefined();
        },
      ),
    );
  });

  it("is not copied where a message arrives in one piece", () => {
    const recorder = new Recorder();
    const chunk = encodeMessage(unbind);
    new FrameReader(recorder).read(chunk);
    expect(recorder.frames[0]!.bytes).toBe(chunk);
  });

  it("stops before the message that its owner does not take yet", () => {
    const recorder = new Recorder();
    recorder.limit = 1;
    const one = encodeMessage(unbind);
    const reader = new FrameReader(recorder);
    expect(reader.read(Buffer.concat([one, one, one]))).toBe(one.length);
    expect(recorder.frames).toHaveLength(1);
  });

  it("says since when a message is incomplete, and forgets it when told", () => {
    const recorder = new Recorder();
    const reader = new FrameReader(recorder);
    reader.read(hex("30 05 020101"), 1000);
    reader.read(hex("42"), 2000);
    expect(reader.partialSinceMs).toBe(1000);
    reader.reset();
    expect(reader.partialSinceMs).toBeUndefined();
    reader.read(encodeMessage(unbind));
    expect(recorder.messages()).toStrictEqual([unbind]);
  });

  it("is refused by the header of a message that is too large, before any of it is kept", () => {
    const recorder = new Recorder();
    recorder.maxMessageBytes = 4096;
    const header = hex("30 82 0ffd");
    expect(() => new FrameReader(recorder).read(header)).toThrow(
      expect.objectContaining({ code: "ERR_MESSAGE_TOO_LARGE" }),
    );
    const reader = new FrameReader(recorder);
    reader.read(header.subarray(0, 3));
    expect(() => reader.read(header.subarray(3))).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_TOO_LARGE" }));
  });

  it("costs no more memory than has arrived, whatever a message announces", () => {
    const recorder = new Recorder();
    recorder.maxMessageBytes = 0x7fffffff;
    const readers = Array.from({ length: 200 }, () => new FrameReader(recorder));
    const before = process.memoryUsage().arrayBuffers;
    for (const reader of readers) reader.read(hex("30 84 7ffffff0 020101 63 84 7fffff00"));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 8192);
  });
});
