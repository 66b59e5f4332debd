import { BerWriter, decodeMessage, encodeMessage } from "@espalier/ldap";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFrame } from "../../src/frame/read-frame.ts";
import { redactFrame } from "../../src/observe/redact-frame.ts";
import { anyPlacedFrame } from "../frame/arbitrary-frame.ts";
import { attribute, frame, secret, secretMessages } from "./conversation.ts";

describe("the redacted copy of a message", () => {
  it.each(Object.entries(secretMessages))("has no secret of %s, and every length it had", (_, original) => {
    const bytes = Buffer.from(original.bytes.slice(original.start, original.end));
    expect(bytes.includes(secret)).toBe(true);
    const redacted = Buffer.from(redactFrame(original));
    expect(redacted.includes(secret)).toBe(false);
    expect(redacted.includes("*".repeat(secret.length))).toBe(true);
    expect(redacted.length).toBe(bytes.length);
    const again = decodeMessage(redacted);
    expect(encodeMessage(again).length).toBe(bytes.length);
    expect({ ...again, protocolOp: again.protocolOp.type }).toMatchObject({
      messageId: original.messageId,
      protocolOp: decodeMessage(bytes).protocolOp.type,
    });
  });

  it("is the message itself where there is nothing to hide", () => {
    const entry = frame(1, {
      type: "searchResultEntry",
      objectName: "uid=ann",
      attributes: [attribute("cn", "Ann"), attribute("pwdLastSet", "0")],
    });
    expect(decodeMessage(redactFrame(entry))).toStrictEqual(decodeMessage(entry.bytes, entry.start, entry.end));
  });

  it("leaves the original as it is", () => {
    const original = secretMessages["a simple bind"]!;
    // As sockets give it: a Buffer, of which `slice` is no copy.
    const received = Buffer.from(original.bytes);
    redactFrame({ ...original, bytes: received });
    expect([...received]).toStrictEqual([...original.bytes]);
  });

  it("of any message is a message of the same kind and length", () => {
    fc.assert(
      fc.property(anyPlacedFrame, ({ message, frame: original }) => {
        const redacted = redactFrame(original);
        expect(redacted.length).toBe(original.end - original.start);
        const decoded = decodeMessage(redacted);
        expect(decoded.messageId).toBe(message.messageId);
        expect(decoded.protocolOp.type).toBe(message.protocolOp.type);
      }),
    );
  });

  it("of a message that cannot be read shows nothing of its contents", () => {
    const original = secretMessages["a simple bind"]!;
    const bytes = original.bytes.slice(original.start, original.end);
    // The choice of authentication becomes one that RFC 4511 does not have.
    const at = Buffer.from(bytes).indexOf(secret) - 2;
    bytes[at] = 0x8a;
    const redacted = Buffer.from(redactFrame(readFrame(bytes, 0, bytes.length)));
    expect(redacted.toString("latin1", 7)).toMatch(/^\*+$/);
  });

  it("is made of any bytes with a header", () => {
    fc.assert(
      fc.property(
        anyPlacedFrame,
        fc.array(fc.tuple(fc.nat(), fc.nat(0xff)), { maxLength: 4 }),
        ({ frame }, changes) => {
          const bytes = frame.bytes.slice(frame.start, frame.end);
          const { opStart } = readFrame(bytes, 0, bytes.length);
          for (const [at, value] of changes)
            bytes[opStart + 2 + (at % Math.max(1, bytes.length - opStart - 2))] = value;
          const damaged = parsed(bytes);
          fc.pre(damaged !== undefined);
          expect(redactFrame(damaged!).length).toBe(bytes.length);
        },
      ),
    );
  });

  it("is made of a filter nested so deep that no server would take it", () => {
    const depth = 20_000;
    const writer = new BerWriter();
    const sizes: number[] = [];
    for (let level = 0, size = 5; level < depth; level++) {
      sizes.push(size);
      size += size < 0x80 ? 2 : size < 0x100 ? 3 : size < 0x10000 ? 4 : 5;
    }
    for (const size of sizes.reverse()) writer.writeHeader(0xa2, size);
    writer.writeText("abc", 0x87);
    const filter = writer.bytes();
    const message = new BerWriter();
    const outer = message.begin(0x30);
    message.writeInteger(1);
    const op = message.begin(0x63);
    message.writeText("");
    message.writeEnumerated(2);
    message.writeEnumerated(0);
    message.writeInteger(0);
    message.writeInteger(0);
    message.writeBoolean(false);
    message.writeEncoded(filter);
    message.end(op);
    message.end(outer);
    const bytes = message.bytes();
    expect(Buffer.from(redactFrame(readFrame(bytes, 0, bytes.length))).includes("abc")).toBe(false);
  });
});

function parsed(bytes: Uint8Array) {
  try {
    return readFrame(bytes, 0, bytes.length);
  } catch {
    return undefined;
  }
}
