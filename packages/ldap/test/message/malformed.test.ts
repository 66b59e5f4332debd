import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../src/error.ts";
import { decodeMessage, MessageParseError } from "../../src/message/decode.ts";
import { encodeMessage } from "../../src/message/encode.ts";
import { messageLength } from "../../src/message/framing.ts";
import { finalResponseTypeOf, OpTag, opTypeOf } from "../../src/message/op-tag.ts";
import { wire } from "../ber/wire.ts";
import { anyMessage } from "./arbitrary.ts";

function failure(bytes: Uint8Array): unknown {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    return error;
  }
}

describe("a message whose envelope cannot be read (RFC 4511 §4.1.1: notice of disconnection)", () => {
  it.each([
    ["no bytes", "", "ERR_BER_TRUNCATED"],
    ["another tag than SEQUENCE", "31 05 02 01 01 42 00", "ERR_BER_TAG"],
    ["no messageID", "30 02 42 00", "ERR_BER_TAG"],
    ["a negative messageID", "30 05 02 01 ff 42 00", "ERR_BER_VALUE"],
    ["a messageID above 2147483647", "30 09 02 05 00 80 00 00 00 42 00", "ERR_BER_VALUE"],
    ["no protocolOp", "30 03 02 01 01", "ERR_MESSAGE"],
    ["a protocolOp of an unknown tag", "30 05 02 01 01 5f 00", "ERR_MESSAGE"],
    ["bytes behind its end", "30 05 02 01 01 42 00 00", "ERR_MESSAGE"],
    ["an end behind the bytes", "30 06 02 01 01 42 00", "ERR_BER_TRUNCATED"],
  ])("%s", (_, text, code) => {
    const error = failure(wire(text));
    expect(error).toEqual(expect.objectContaining({ name: "ParseError", code }));
    expect(error).not.toBeInstanceOf(MessageParseError);
  });
});

describe("a message whose body cannot be read says which request to answer", () => {
  it.each([
    ["a bind request without a name", "30 08 02 01 07 60 03 02 01 03", 0x60, "ERR_BER_TRUNCATED"],
    [
      "a bind request of another authentication (RFC 4511 §4.2)",
      "30 0c 02 01 07 60 07 02 01 03 04 00 89 00",
      0x60,
      "ERR_BER_TAG",
    ],
    ["an unbind request with contents", "30 06 02 01 07 42 01 00", 0x42, "ERR_BER_LENGTH"],
    [
      "a search request with scope 3",
      "30 1b 02 01 07 63 16 04 00 0a 01 03 0a 01 00 02 01 00 02 01 00 01 01 00 87 01 'a' 30 00",
      0x63,
      "ERR_BER_VALUE",
    ],
    [
      "a search request with derefAliases 4",
      "30 1b 02 01 07 63 16 04 00 0a 01 00 0a 01 04 02 01 00 02 01 00 01 01 00 87 01 'a' 30 00",
      0x63,
      "ERR_BER_VALUE",
    ],
    [
      "a search request with a negative size limit",
      "30 1b 02 01 07 63 16 04 00 0a 01 00 0a 01 00 02 01 ff 02 01 00 01 01 00 87 01 'a' 30 00",
      0x63,
      "ERR_BER_VALUE",
    ],
    [
      "a modify request with operation 4",
      "30 16 02 01 07 66 11 04 00 30 0d 30 0b 0a 01 04 30 06 04 02 'cn' 31 00",
      0x66,
      "ERR_BER_VALUE",
    ],
    ["a delete request whose DN is not UTF-8", "30 07 02 01 07 4a 02 c3 28", 0x4a, "ERR_BER_VALUE"],
    ["a control without a type", "30 0b 02 01 07 42 00 a0 04 30 02 04 01", 0x42, "ERR_BER_TRUNCATED"],
    ["a control that is no SEQUENCE", "30 0b 02 01 07 42 00 a0 04 04 02 'aa'", 0x42, "ERR_BER_TAG"],
  ])("%s", (_, text, opTag, code) => {
    const error = failure(wire(text));
    expect(error).toBeInstanceOf(MessageParseError);
    expect(error).toEqual(expect.objectContaining({ name: "ParseError", messageId: 7, opTag, code }));
  });

  it("keeps where in the bytes it was, and the cause", () => {
    const error = failure(wire("30 07 02 01 07 4a 02 c3 28")) as MessageParseError;
    expect([error.offset, error.cause instanceof ParseError]).toEqual([7, true]);
  });
});

describe("op tags", () => {
  it("name the response that a request is answered with", () => {
    const answers = Object.entries(OpTag).map(([type, tag]) => [type, opTypeOf(tag), finalResponseTypeOf(tag)]);
    expect(answers.filter(([, , response]) => response !== undefined)).toEqual([
      ["bindRequest", "bindRequest", "bindResponse"],
      ["searchRequest", "searchRequest", "searchResultDone"],
      ["modifyRequest", "modifyRequest", "modifyResponse"],
      ["addRequest", "addRequest", "addResponse"],
      ["delRequest", "delRequest", "delResponse"],
      ["modifyDnRequest", "modifyDnRequest", "modifyDnResponse"],
      ["compareRequest", "compareRequest", "compareResponse"],
      ["extendedRequest", "extendedRequest", "extendedResponse"],
    ]);
    expect([opTypeOf(0x5f), finalResponseTypeOf(0x5f)]).toEqual([undefined, undefined]);
  });
});

describe("hostile bytes end in a ParseError or a message, and in nothing else", () => {
  const anyMutation = fc.record({
    at: fc.nat(1000),
    change: fc.oneof(
      fc.record({ kind: fc.constant("set" as const), byte: fc.nat(255) }),
      fc.record({ kind: fc.constant("insert" as const), byte: fc.nat(255) }),
      fc.record({ kind: fc.constant("remove" as const) }),
      fc.record({ kind: fc.constant("cut" as const) }),
    ),
  });

  function mutate(bytes: Uint8Array, mutations: readonly { at: number; change: { kind: string; byte?: number } }[]) {
    const result = [...bytes];
    for (const { at, change } of mutations) {
      const index = at % Math.max(1, result.length);
      if (change.kind === "set") result[index] = change.byte!;
      else if (change.kind === "insert") result.splice(index, 0, change.byte!);
      else if (change.kind === "remove") result.splice(index, 1);
      else result.length = index;
    }
    return Uint8Array.from(result);
  }

  /** The octets that a decoded value holds: never more than were sent. */
  function heldBytes(value: unknown): number {
    if (value instanceof Uint8Array) return value.length;
    if (typeof value !== "object" || value === null) return 0;
    return Object.values(value).reduce((sum: number, part) => sum + heldBytes(part), 0);
  }

  function check(bytes: Uint8Array) {
    const outcome = failure(bytes);
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ParseError);
    else expect(heldBytes(outcome)).toBeLessThanOrEqual(bytes.length);
  }

  it("for random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 500 });
  });

  it("for random bytes in a well-formed envelope", () => {
    const anyTag = fc.constantFrom(...Object.values(OpTag));
    fc.assert(
      fc.property(anyTag, fc.uint8Array({ maxLength: 100 }), (tag, body) => {
        check(Uint8Array.of(0x30, 5 + body.length, 2, 1, 1, tag, body.length, ...body));
      }),
      { numRuns: 500 },
    );
  });

  it("for messages with some bytes changed, added, removed or cut off", () => {
    fc.assert(
      fc.property(anyMessage, fc.array(anyMutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
        check(mutate(encodeMessage(message), mutations));
      }),
      { numRuns: 500 },
    );
  });

  it("for the frame of random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        try {
          const length = messageLength(bytes, 0, bytes.length, 1000);
          expect(length ?? 0).toBeLessThanOrEqual(1000);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }),
    );
  });

  it("and no memory is taken for contents that are announced and not there", () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 1000; at++) {
      failure(wire("30 0b 02 01 01 4a 84 7f ff ff ff 'abcd'"));
      failure(wire("30 11 02 01 01 68 0c 04 01 'a' 30 84 7f ff ff ff 'abc'"));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});
