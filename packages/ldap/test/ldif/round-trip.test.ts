import fc from "fast-check";
import { expect, it } from "vitest";
import { formatLdifRecord, writeLdif } from "../../src/ldif/format.ts";
import { parseLdif, readLdif } from "../../src/ldif/read.ts";
import type { LdifRecord } from "../../src/ldif/record.ts";
import { collect } from "../support/collect.ts";
import { ldifRecord } from "./records.ts";

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  return (await collect(chunks)).join("");
}

async function recordsOf(chunks: Iterable<Uint8Array | string>): Promise<LdifRecord[]> {
  return (await collect(readLdif(chunks))).map(({ record }) => record);
}

it("gives back every record that was written, folded at any width", () => {
  fc.assert(
    fc.property(
      ldifRecord,
      fc.oneof(fc.integer({ min: 2, max: 100 }), fc.constant(Infinity)),
      (record, wrapColumns) => {
        expect(parseLdif(formatLdifRecord(record, { wrapColumns }))).toEqual([{ line: 1, record }]);
      },
    ),
  );
});

it("gives back a whole file, cut into chunks anywhere, with LF or CRLF", async () => {
  const cuts = fc.array(fc.nat(), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(ldifRecord, { maxLength: 5 }),
      cuts,
      fc.constantFrom("\n", "\r\n"),
      async (records, cuts, newline) => {
        const file = new TextEncoder().encode((await textOf(writeLdif(records))).replaceAll("\n", newline));
        expect(await recordsOf(cut(file, cuts))).toEqual(records);
      },
    ),
  );
});

it("gives back what a string says however the string is cut, also within a character", async () => {
  const record = {
    type: "content",
    dn: "",
    attributes: [{ type: "cn", values: [new TextEncoder().encode("Zoë 🌳 José")] }],
  };
  const ldif = "dn:\ncn: Zoë 🌳 José\n";
  for (let index = 0; index <= ldif.length; index++) {
    expect(await recordsOf([ldif.slice(0, index), ldif.slice(index)])).toEqual([record]);
  }
});

it("never fails with anything but a parse error on random or damaged bytes", () => {
  const damaged = fc
    .tuple(ldifRecord, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([record, changes]) => {
      const bytes = new TextEncoder().encode(formatLdifRecord(record));
      for (const [position, byte] of changes) bytes[position % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const errors: Error[] = [];
      parseLdif(bytes, { onError: (error) => errors.push(error) });
      for (const error of errors) expect(error).toMatchObject({ code: "ERR_LDIF", line: expect.any(Number) });
    }),
  );
});

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const positions = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return positions.slice(1).map((end, index) => bytes.subarray(positions[index], end));
}
