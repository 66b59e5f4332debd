import { describe, expect, it } from "vitest";
import { messageLength } from "../../src/message/framing.ts";
import { wire } from "../ber/wire.ts";

const MAX_MESSAGE_BYTES = 1000;
const lengthOf = (text: string) => {
  const bytes = wire(text);
  return messageLength(bytes, 0, bytes.length, MAX_MESSAGE_BYTES);
};

describe("messageLength (RFC 4511 §5.1)", () => {
  it.each([
    ["30 05 02 01 01 42 00", 7],
    ["30 05", 7],
    ["30 81 80", 131],
    ["30 82 01 00", 260],
    ["30 84 00 00 00 05 02 01", 11],
  ])("of %s is %i bytes, header included", (text, length) => {
    expect(lengthOf(text)).toBe(length);
  });

  it.each(["", "30", "30 82", "30 82 01", "30 84 00 00 00"])("is not known yet of '%s'", (text) => {
    expect(lengthOf(text)).toBeUndefined();
  });

  it("is that of the message at `start`, and reads nothing from `end` on", () => {
    const bytes = wire("ff ff 30 82 01 00");
    expect(messageLength(bytes, 2, 6, MAX_MESSAGE_BYTES)).toBe(260);
    expect(messageLength(bytes, 2, 5, MAX_MESSAGE_BYTES)).toBeUndefined();
  });

  it.each([
    ["a TLS ClientHello", "16 03 01", "ERR_BER_TAG"],
    ["HTTP", "'GET / HTTP/1.1'", "ERR_BER_TAG"],
    ["the indefinite form", "30 80", "ERR_BER_LENGTH"],
    ["a length of five octets", "30 85 00", "ERR_BER_LENGTH"],
    ["a message of 1,001 bytes where 1,000 are allowed", "30 82 03 e5", "ERR_MESSAGE_TOO_LARGE"],
    ["a message of 4 GB", "30 84 ff ff ff ff", "ERR_MESSAGE_TOO_LARGE"],
  ])("refuses %s from its header alone", (_, text, code) => {
    expect(() => lengthOf(text)).toThrow(expect.objectContaining({ name: "ParseError", code }));
  });

  it("allows a message of exactly the limit", () => {
    expect(lengthOf("30 82 03 e4")).toBe(1000);
  });
});
