import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BerWriter } from "../../src/ber/writer.ts";
import { decodeMessage } from "../../src/message/decode.ts";
import { encodeMessage, encodeProtocolOp, writeEncodedMessage, writeMessage } from "../../src/message/encode.ts";
import { messageLength } from "../../src/message/framing.ts";
import type { ProtocolOp } from "../../src/message/message.ts";
import { hex } from "../ber/wire.ts";
import { anyMessage, anyMessageOf, operations } from "./arbitrary.ts";

describe("what is decoded is what was encoded", () => {
  for (const [type, operation] of Object.entries(operations)) {
    it(`for any ${type} with any controls`, () => {
      fc.assert(
        fc.property(anyMessageOf(operation as fc.Arbitrary<ProtocolOp>), (message) => {
          expect(decodeMessage(encodeMessage(message))).toStrictEqual(message);
        }),
      );
    });
  }

  it("in the midst of other bytes, whose frame is found", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(anyMessage, { maxLength: 4 }), fc.nat(20), (before, messages, after) => {
        const writer = new BerWriter(16);
        writer.writeEncoded(new Uint8Array(before));
        for (const message of messages) writeMessage(writer, message);
        writer.writeEncoded(new Uint8Array(after));
        const bytes = writer.bytes();
        let at = before;
        const found = messages.map(() => {
          const start = at;
          at += messageLength(bytes, at, bytes.length, bytes.length)!;
          return decodeMessage(bytes, start, at);
        });
        expect(found).toStrictEqual(messages);
        expect(at).toBe(bytes.length - after);
      }),
    );
  });
});

describe("writeEncodedMessage", () => {
  it("writes around a protocolOp encoded before the same message as encodeMessage", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(5), ({ messageId, protocolOp, controls }, before) => {
        const op = encodeProtocolOp(protocolOp);
        const held = Uint8Array.of(...new Uint8Array(before), ...op, 0xff);
        const writer = new BerWriter(16);
        writeEncodedMessage(writer, messageId, held, before, before + op.length, controls);
        expect(hex(writer.bytes())).toBe(hex(encodeMessage({ messageId, protocolOp, controls })));
      }),
    );
  });

  it.each([0x7f, 0x80, 0x7fff, 0x8000, 0x7fffff, 0x800000, 0x7fffffff])("with message id %i", (messageId) => {
    const writer = new BerWriter();
    writeEncodedMessage(writer, messageId, encodeProtocolOp({ type: "unbindRequest" }));
    expect(decodeMessage(writer.bytes())).toEqual({
      messageId,
      protocolOp: { type: "unbindRequest" },
      controls: [],
    });
  });
});
