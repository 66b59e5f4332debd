import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BerReader } from "../../src/ber/reader.ts";
import { CONTEXT, OCTET_STRING, SEQUENCE } from "../../src/ber/tag.ts";
import { BerWriter, encodeBer } from "../../src/ber/writer.ts";
import { hex, utf8, wire } from "./wire.ts";

describe("lengths are written in the fewest octets (RFC 4511 §5.1)", () => {
  it.each([
    [0, "04 00"],
    [127, "04 7f"],
    [128, "04 81 80"],
    [255, "04 81 ff"],
    [256, "04 82 01 00"],
    [65_535, "04 82 ff ff"],
    [65_536, "04 83 01 00 00"],
    [16_777_216, "04 84 01 00 00 00"],
  ])("%i octets of contents", (count, header) => {
    const value = new Uint8Array(count).fill(0x61);
    const expected = Uint8Array.from([...wire(header)]);
    const known = encodeBer((writer) => writer.writeOctets(value));
    const patched = encodeBer((writer) => {
      const start = writer.begin(OCTET_STRING);
      writer.writeEncoded(value);
      writer.end(start);
    });
    for (const bytes of [known, patched]) {
      expect(bytes.length).toBe(expected.length + count);
      expect(hex(bytes.subarray(0, expected.length))).toBe(hex(expected));
      expect(bytes.subarray(expected.length).every((byte) => byte === 0x61)).toBe(true);
    }
  });
});

describe("BerWriter", () => {
  it("writes the types of LDAP", () => {
    const bytes = encodeBer((writer) => {
      const start = writer.begin(SEQUENCE);
      writer.writeBoolean(true);
      writer.writeBoolean(false, CONTEXT | 1);
      writer.writeInteger(128);
      writer.writeEnumerated(3);
      writer.writeNull();
      writer.writeText("é");
      writer.writeOctets(Uint8Array.of(0xff), CONTEXT | 2);
      writer.end(start);
    });
    expect(hex(bytes)).toBe(hex(wire("30 16 01 01 ff 81 01 00 02 02 00 80 0a 01 03 05 00 04 02 c3 a9 82 01 ff")));
  });

  it("grows as it must", () => {
    const writer = new BerWriter(1);
    for (let at = 0; at < 100; at++) writer.writeText("objectClass");
    expect(hex(writer.bytes())).toBe(hex(wire("04 0b 'objectClass'".repeat(100).replaceAll("'04", "' 04"))));
  });

  it("hands its bytes over and goes on with others", () => {
    const writer = new BerWriter();
    writer.writeInteger(1);
    const first = writer.take();
    writer.writeInteger(2);
    expect([hex(first), hex(writer.bytes())]).toEqual(["02 01 01", "02 01 02"]);
    writer.reset();
    expect(writer.bytes().length).toBe(0);
  });

  it.each([-1, 2_147_483_648, 1.5, Number.NaN])("refuses to write the integer %d", (value) => {
    expect(() => new BerWriter().writeInteger(value)).toThrow(RangeError);
  });

  it("writes an unpaired surrogate as U+FFFD, so that the bytes are UTF-8", () => {
    expect(hex(encodeBer((writer) => writer.writeText("a\ud800b")))).toBe("04 05 61 ef bf bd 62");
  });

  it("writes what a reader reads, for any integer, text and octets", () => {
    const integer = fc.oneof(fc.nat(300), fc.nat(0x7fffffff));
    const text = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(integer, text, fc.uint8Array({ maxLength: 300 }), (number, string, octets) => {
        const reader = new BerReader(
          encodeBer((writer) => {
            const start = writer.begin(SEQUENCE);
            writer.writeInteger(number);
            writer.writeText(string);
            writer.writeOctets(octets);
            writer.end(start);
          }),
        );
        const outer = reader.enter(SEQUENCE);
        expect([reader.readInteger(), reader.readText(), reader.readOctets()]).toEqual([number, string, octets]);
        reader.leave(outer);
        expect(reader.more).toBe(false);
      }),
    );
  });
});

describe("encodeBer", () => {
  it("can be used inside itself", () => {
    const bytes = encodeBer((writer) => {
      writer.writeText("a");
      writer.writeOctets(encodeBer((inner) => inner.writeText("b")));
    });
    expect(hex(bytes)).toBe(hex(wire("04 01 'a' 04 03 04 01 'b'")));
  });

  it("starts afresh after a value that could not be written", () => {
    expect(() =>
      encodeBer((writer) => {
        writer.writeText("half");
        writer.writeInteger(-1);
      }),
    ).toThrow(RangeError);
    expect(encodeBer((writer) => writer.writeText("a"))).toEqual(Uint8Array.of(4, 1, ...utf8("a")));
  });

  it("returns bytes of its own", () => {
    const first = encodeBer((writer) => writer.writeText("a"));
    encodeBer((writer) => writer.writeText("b"));
    expect(hex(first)).toBe("04 01 61");
  });
});
