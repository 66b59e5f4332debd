import fc from "fast-check";
import { expect, it } from "vitest";
import { MessageReader } from "../../src/server/message-reader.ts";

/** A message of `contentBytes` with the length in one of its legal forms. */
function frame(contentBytes: number, lengthOctets: number): Uint8Array {
  const content = Uint8Array.from({ length: contentBytes }, (_, index) => index);
  if (lengthOctets === 0 && contentBytes < 0x80) return Uint8Array.of(0x30, contentBytes, ...content);
  const octets = Math.max(2, lengthOctets);
  const length = Array.from({ length: octets }, (_, index) => (contentBytes >>> (8 * (octets - 1 - index))) & 0xff);
  return Uint8Array.of(0x30, 0x80 | octets, ...length, ...content);
}

it("finds the same messages however the stream is cut, and whenever its owner stops it", () => {
  const frames = fc.array(fc.tuple(fc.nat(3000), fc.nat(4)), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat(800), { minLength: 1 }), fc.array(fc.boolean()), (specs, cuts, stops) => {
      const expected = specs.map(([contentBytes, lengthOctets]) => frame(contentBytes, lengthOctets));
      const stream = Buffer.concat(expected);
      const found: Uint8Array[] = [];
      const owner = {
        mayRead: true,
        maxMessageBytes: 4000,
        accept(bytes: Uint8Array, start: number, end: number) {
          found.push(Uint8Array.from(bytes.subarray(start, end)));
          owner.mayRead = stops[found.length] !== true;
        },
      };
      const reader = new MessageReader(owner);
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = at + 1 + cuts[turn % cuts.length]!;
        owner.mayRead = true;
        at += reader.read(stream.subarray(at, end), 0);
      }
      expect(found).toEqual(expected);
      expect(reader.partialSinceMs).toBeUndefined();
    }),
  );
});
