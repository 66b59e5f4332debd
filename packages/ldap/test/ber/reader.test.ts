import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BerReader } from "../../src/ber/reader.ts";
import { CONTEXT, OCTET_STRING, SEQUENCE } from "../../src/ber/tag.ts";
import { decodeName, decodeText } from "../../src/ber/text.ts";
import { utf8, wire } from "./wire.ts";

const reader = (text: string) => new BerReader(wire(text));

describe("lengths (X.690 §8.1.3, RFC 4511 §5.1)", () => {
  it.each([
    ["the short form", "04 03 'abc'"],
    ["the long form of one octet, longer than it has to be", "04 81 03 'abc'"],
    ["the long form of two octets", "04 82 00 03 'abc'"],
    ["the long form of three octets", "04 83 00 00 03 'abc'"],
    ["the long form of four octets, as Active Directory writes it", "04 84 00 00 00 03 'abc'"],
  ])("reads %s", (_, text) => {
    const input = reader(text);
    expect([input.readText(), input.more]).toEqual(["abc", false]);
  });

  it("reads contents of 128 and of 65,536 octets", () => {
    expect(new BerReader(Uint8Array.of(4, 0x81, 0x80, ...new Uint8Array(128))).readOctets().length).toBe(128);
    const large = new Uint8Array(4 + 65_536 + 1);
    large.set([4, 0x83, 1, 0, 0]);
    expect(new BerReader(large).readOctets().length).toBe(65_536);
  });

  it.each([
    ["the indefinite form", "04 80 'abc' 00 00"],
    ["the reserved octet 0xff", "04 ff 00 00"],
    ["a long form of five octets", "04 85 00 00 00 00 03 'abc'"],
  ])("refuses %s", (_, text) => {
    expect(() => reader(text).readOctets()).toThrow(expect.objectContaining({ code: "ERR_BER_LENGTH", offset: 0 }));
  });

  it.each([
    ["no bytes at all", ""],
    ["a tag without a length", "04"],
    ["a length whose octets are missing", "04 82 01"],
    ["contents shorter than announced", "04 03 'ab'"],
    ["contents of 4 GB that are not there", "04 84 ff ff ff ff 'ab'"],
  ])("refuses %s", (_, text) => {
    expect(() => reader(text).readOctets()).toThrow(expect.objectContaining({ code: "ERR_BER_TRUNCATED" }));
  });

  it("does not read past the end of the element it is in, though bytes follow", () => {
    const input = reader("30 04 04 03 'ab' 'c'");
    input.enter(SEQUENCE);
    expect(() => input.readOctets()).toThrow(expect.objectContaining({ code: "ERR_BER_TRUNCATED", offset: 2 }));
  });

  it("does not go beyond the part of the bytes that it was given", () => {
    expect(() => new BerReader(wire("04 03 'abc'"), 0, 4).readOctets()).toThrow(
      expect.objectContaining({ code: "ERR_BER_TRUNCATED" }),
    );
    expect(() => new BerReader(new Uint8Array(4), 2, 5)).toThrow(RangeError);
    expect(() => new BerReader(new Uint8Array(4), 3, 2)).toThrow(RangeError);
  });
});

describe("tags (X.690 §8.1.2)", () => {
  it("names the tag that it expected and the one that it found", () => {
    expect(() => reader("02 01 00").readOctets()).toThrow("Expected tag 0x04 and found 0x02");
  });

  it("refuses an OCTET STRING in constructed form (RFC 4511 §5.1)", () => {
    expect(() => reader("24 05 04 03 'abc'").readOctets()).toThrow(expect.objectContaining({ code: "ERR_BER_TAG" }));
  });

  it("peeks at the next tag and at the end", () => {
    const input = reader("80 00");
    expect([input.peek(), input.readText(CONTEXT | 0), input.peek()]).toEqual([0x80, "", -1]);
  });
});

describe("BOOLEAN (X.690 §8.2)", () => {
  it.each([
    ["01 01 00", false],
    ["01 01 ff", true],
    ["01 01 01", true],
  ])("reads %s as %s", (text, value) => {
    expect(reader(text).readBoolean()).toBe(value);
  });

  it.each(["01 00", "01 02 ff ff"])("refuses %s", (text) => {
    expect(() => reader(text).readBoolean()).toThrow(expect.objectContaining({ code: "ERR_BER_LENGTH" }));
  });
});

describe("INTEGER (0 .. maxInt) (RFC 4511 §4.1.1)", () => {
  it.each([
    ["02 01 00", 0],
    ["02 01 7f", 127],
    ["02 02 00 80", 128],
    ["02 03 00 ff ff", 65_535],
    ["02 04 7f ff ff ff", 2_147_483_647],
    ["02 04 00 00 00 05", 5],
  ])("reads %s as %i", (text, value) => {
    expect(reader(text).readInteger()).toBe(value);
  });

  it.each([
    ["-1", "02 01 ff"],
    ["-2147483648", "02 04 80 00 00 00"],
    ["2147483648", "02 05 00 80 00 00 00"],
  ])("refuses %s", (_, text) => {
    expect(() => reader(text).readInteger()).toThrow(expect.objectContaining({ code: "ERR_BER_VALUE" }));
  });

  it("refuses an INTEGER without contents", () => {
    expect(() => reader("02 00").readInteger()).toThrow(expect.objectContaining({ code: "ERR_BER_LENGTH" }));
  });
});

describe("NULL (X.690 §8.8)", () => {
  it("has no contents", () => {
    expect(() => reader("05 00").readNull()).not.toThrow();
    expect(() => reader("05 01 00").readNull()).toThrow(expect.objectContaining({ code: "ERR_BER_LENGTH" }));
  });
});

describe("OCTET STRING (X.690 §8.7)", () => {
  it("is a view into the bytes that were read", () => {
    const bytes = wire("04 03 'abc'");
    const octets = new BerReader(bytes).readOctets();
    bytes[2] = 0x7a;
    expect([octets, octets.buffer === bytes.buffer]).toEqual([utf8("zbc"), true]);
  });

  it("is a plain Uint8Array also when the bytes are a Buffer", () => {
    expect(new BerReader(Buffer.from(wire("04 01 'a'"))).readOctets().constructor).toBe(Uint8Array);
  });
});

describe("LDAPString (RFC 4511 §4.1.2)", () => {
  it.each([
    ["a stray continuation", "04 02 c3 28"],
    ["an overlong form", "04 02 c0 80"],
    ["a surrogate", "04 03 ed a0 80"],
    ["an octet that no UTF-8 has, behind long ASCII", "04 15 'aaaaaaaaaaaaaaaaaaaa' ff"],
  ])("refuses %s", (_, text) => {
    expect(() => reader(text).readText()).toThrow(expect.objectContaining({ code: "ERR_BER_VALUE" }));
    expect(() => reader(text).readName()).toThrow(expect.objectContaining({ code: "ERR_BER_VALUE" }));
  });

  it("keeps a byte order mark and NUL, which are characters of the value", () => {
    expect(reader("04 05 ef bb bf 00 'a'").readText()).toBe("\ufeff\u0000a");
  });

  it("reads any text of any length, also when it is kept as a name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        const bytes = utf8(text);
        expect(decodeText(bytes, 0, bytes.length)).toBe(text);
        expect(decodeName(bytes, 0, bytes.length)).toBe(text);
        expect(decodeName(bytes, 0, bytes.length)).toBe(text);
      }),
    );
  });

  it("does not mistake Latin-1 bytes for the name whose characters have the same numbers", () => {
    const name = utf8("caf\u00e9");
    expect(decodeName(name, 0, name.length)).toBe("caf\u00e9");
    expect(() => decodeName(Uint8Array.of(0x63, 0x61, 0x66, 0xe9), 0, 4)).toThrow(
      expect.objectContaining({ code: "ERR_BER_VALUE" }),
    );
  });
});

describe("extensibility (RFC 4511 §4)", () => {
  it("skips trailing elements that it does not know, whatever their tag", () => {
    const input = reader("30 0e 04 01 'a' 85 02 ff ff bf 81 00 01 00 05 00 04 01 'b'");
    const outer = input.enter(SEQUENCE);
    const first = input.readText();
    input.leave(outer);
    expect([first, input.readText(), input.more]).toEqual(["a", "b", false]);
  });

  it.each([
    ["a lone tag", "30 04 04 01 'a' 85"],
    ["an element that goes beyond", "30 05 04 01 'a' 85 05"],
    ["a tag of several octets that does not end", "30 06 04 01 'a' bf 81 81"],
    ["an indefinite length", "30 05 04 01 'a' a5 80"],
  ])("but refuses trailing bytes that are not an element: %s", (_, text) => {
    const input = reader(text);
    const outer = input.enter(SEQUENCE);
    input.readOctets(OCTET_STRING);
    expect(() => input.leave(outer)).toThrow(expect.objectContaining({ name: "ParseError" }));
  });
});
