import { BerReader, encodeMessage, encodeProtocolOp, OpTag, ParseError } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFrame } from "../../src/frame/read-frame.ts";
import { anyMessage, anyPlacedFrame, hex } from "./arbitrary-frame.ts";

describe("the header of a message", () => {
  it("says where everything of any message is", () => {
    fc.assert(
      fc.property(anyPlacedFrame, ({ message, frame }) => {
        const encoded = encodeMessage(message);
        expect(frame.end - frame.start).toBe(encoded.length);
        expect(frame.messageId).toBe(message.messageId);
        expect(frame.opTag).toBe(OpTag[message.protocolOp.type]);
        expect(frame.bytes.slice(frame.opStart, frame.opEnd)).toStrictEqual(encodeProtocolOp(message.protocolOp));
        expect(frame.opEnd === frame.end).toBe(message.controls.length === 0);
        const id = new BerReader(frame.bytes, frame.idStart - 2, frame.idStart + frame.idLength);
        expect(id.readInteger()).toBe(message.messageId);
        expect(id.more).toBe(false);
      }),
    );
  });

  it("is read with lengths longer than they need be, as Active Directory writes them", () => {
    const bytes = hex("30 84 00 00 00 10  02 01 07  61 84 00 00 00 07  0a 01 00  04 00  04 00");
    expect(readFrame(bytes, 0, bytes.length)).toStrictEqual({
      bytes,
      start: 0,
      end: 22,
      messageId: 7,
      idStart: 8,
      idLength: 1,
      opTag: OpTag.bindResponse,
      opStart: 9,
      opEnd: 22,
    });
  });

  it.each([
    ["no bytes", "", "ERR_BER_TRUNCATED"],
    ["another tag than SEQUENCE", "31 05 020101 4200", "ERR_BER_TAG"],
    ["an indefinite length", "30 80 020101 4200 0000", "ERR_BER_LENGTH"],
    ["a length of five octets", "30 85 0000000005 020101 4200", "ERR_BER_LENGTH"],
    ["a length that is not complete", "30 84 0000", "ERR_BER_TRUNCATED"],
    ["an end before its bytes'", "30 05 020101 4200 00", "ERR_MESSAGE"],
    ["an end behind its bytes'", "30 06 020101 4200", "ERR_BER_TRUNCATED"],
    ["no message id", "30 00", "ERR_BER_TRUNCATED"],
    ["an id that is no INTEGER", "30 05 040101 4200", "ERR_BER_TAG"],
    ["an id without contents", "30 04 0200 4200", "ERR_BER_VALUE"],
    ["a negative id", "30 05 0201ff 4200", "ERR_BER_VALUE"],
    ["an id above 2147483647", "30 09 02050080000000 4200", "ERR_BER_VALUE"],
    ["an id that goes past the message", "30 04 0209 4200", "ERR_BER_TRUNCATED"],
    ["no protocolOp", "30 03 020101", "ERR_MESSAGE"],
    ["half a protocolOp", "30 05 020101 6303", "ERR_BER_TRUNCATED"],
    ["a protocolOp with a tag of several octets", "30 06 020101 7f2100", "ERR_BER_TAG"],
  ])("is refused with %s", (_, text, code) => {
    const bytes = hex(text);
    expect(() => readFrame(bytes, 0, bytes.length)).toThrow(expect.objectContaining({ code }));
  });

  it("is read or refused with a ParseError, whatever the bytes are", () => {
    const damaged = fc.tuple(anyMessage, fc.nat(), fc.nat(0xff)).map(([message, at, value]) => {
      const bytes = encodeMessage(message);
      bytes[at % Math.min(bytes.length, 16)] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 24 })), (bytes) => {
        try {
          const { opStart, opEnd, idStart, idLength } = readFrame(bytes, 0, bytes.length);
          expect(idStart + idLength).toBe(opStart);
          expect(opStart).toBeLessThan(opEnd);
          expect(opEnd).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }),
    );
  });
});
