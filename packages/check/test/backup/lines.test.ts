import fc from "fast-check";
import { expect, it } from "vitest";
import { linesOf } from "../../src/backup/parts/lines.ts";

it("are the same wherever chunks are cut", async () => {
  const texts = fc.array(
    fc.string().map((text) => text.replaceAll("\n", "")),
    { maxLength: 10 },
  );
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 5 }), async (lines, size) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const found: string[] = [];
      for await (const line of linesOf(cut(bytes, size))) found.push(line.toString("utf8"));
      expect(found).toEqual(lines);
    }),
  );
});

it("include a last one without an end", async () => {
  const found: string[] = [];
  for await (const line of linesOf(cut(Buffer.from("a\n\nbc"), 2))) found.push(line.toString("utf8"));
  expect(found).toEqual(["a", "", "bc"]);
});

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
