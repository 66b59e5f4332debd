import { type Control, decodeMessage, encodeMessage, type LdapMessage } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeControl, readControls, withControl } from "../../src/frame/controls.ts";
import { encodeRequest, encodeResponse } from "../../src/frame/encode-frame.ts";
import { idWidth, overwriteMessageId, withMessageId } from "../../src/frame/message-id.ts";
import { readFrame } from "../../src/frame/read-frame.ts";
import { anyControl, anyMessageId, anyPlacedFrame, hex } from "./arbitrary-frame.ts";

/** Bytes in arrays of one kind. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

/** What the library writes for the same message after the change. */
function reEncoded(message: LdapMessage, change: Partial<LdapMessage>): Uint8Array {
  return encodeMessage({ ...decodeMessage(encodeMessage(message)), ...change });
}

describe("another message id", () => {
  it("is written in place where it is as wide, and nothing else changes", () => {
    fc.assert(
      fc.property(anyPlacedFrame, anyMessageId, ({ message, frame }, messageId) => {
        fc.pre(idWidth(messageId) === frame.idLength);
        const before = plain(frame.bytes);
        overwriteMessageId(frame, messageId);
        expect(frame.messageId).toBe(messageId);
        expect(plain(frame.bytes.slice(frame.start, frame.end))).toStrictEqual(reEncoded(message, { messageId }));
        expect(plain(frame.bytes.slice(0, frame.start))).toStrictEqual(before.slice(0, frame.start));
        expect(plain(frame.bytes.slice(frame.end))).toStrictEqual(before.slice(frame.end));
      }),
    );
  });

  it("is not written in place where it is wider or narrower", () => {
    fc.assert(
      fc.property(anyPlacedFrame, anyMessageId, ({ frame }, messageId) => {
        fc.pre(idWidth(messageId) !== frame.idLength);
        const before = plain(frame.bytes);
        expect(() => overwriteMessageId(frame, messageId)).toThrow(RangeError);
        expect(plain(frame.bytes)).toStrictEqual(before);
      }),
    );
  });

  it("of any width makes the message that the library would encode", () => {
    fc.assert(
      fc.property(anyPlacedFrame, anyMessageId, ({ message, frame }, messageId) => {
        expect(plain(withMessageId(frame, messageId))).toStrictEqual(reEncoded(message, { messageId }));
      }),
    );
  });
});

describe("controls", () => {
  it("of any message are read as the library reads them", () => {
    fc.assert(
      fc.property(anyPlacedFrame, ({ message, frame }) => {
        const controls = readControls(frame).map(({ controlType, criticality, value }) => ({
          controlType,
          criticality,
          controlValue: value === undefined ? undefined : plain(value),
        }));
        expect(controls).toStrictEqual(message.controls);
      }),
    );
  });

  it("are added behind those that are there, as the library would encode the message", () => {
    fc.assert(
      fc.property(anyPlacedFrame, anyMessageId, anyControl, ({ message, frame }, messageId, control: Control) => {
        const controls = [...message.controls, control];
        expect(plain(withControl(frame, messageId, encodeControl(control)))).toStrictEqual(
          reEncoded(message, { messageId, controls }),
        );
      }),
    );
  });

  it("of a message with bytes behind its controls are kept, and those bytes are not taken for one (RFC 4511 §4)", () => {
    const bytes = hex("30 12  02 01 05  42 00  a0 07 30 05 04 03 312e32  04 02 abcd");
    const frame = readFrame(bytes, 0, bytes.length);
    const added = { controlType: "1.3", criticality: true, controlValue: undefined };
    expect(decodeMessage(withControl(frame, 6, encodeControl(added)))).toStrictEqual({
      messageId: 6,
      protocolOp: { type: "unbindRequest" },
      controls: [{ controlType: "1.2", criticality: false, controlValue: undefined }, added],
    });
  });
});

it("a message of the proxy's own is what the library encodes", () => {
  const op = { type: "delResponse", resultCode: 51, matchedDn: "", diagnosticMessage: "busy", referral: [] } as const;
  const controls = [{ controlType: "1.2", criticality: false, controlValue: undefined }];
  expect(encodeResponse(9, op, controls)).toStrictEqual(encodeMessage({ messageId: 9, protocolOp: op, controls }));
  const request = { type: "delRequest", entry: "uid=ann" } as const;
  expect(encodeRequest(300, request)).toStrictEqual(
    encodeMessage({ messageId: 300, protocolOp: request, controls: [] }),
  );
});
