import { readdir } from "node:fs/promises";
import { temporaryDirectory } from "@espalier/tests/lab";
import { describe, expect, it } from "vitest";
import { Spool } from "../../src/transfer/spool.ts";

describe("a spooled file", () => {
  it("has no name while it is there, so that nothing of it is left by a process that is killed", async () => {
    await using directory = await temporaryDirectory("spool");
    await using spool = await Spool.create(directory.path);
    await spool.append("secret");
    expect(await readdir(directory.path)).toEqual([]);
  });

  it("is read from its beginning as often as wanted, and written in between", async () => {
    await using directory = await temporaryDirectory("spool");
    await using spool = await Spool.create(directory.path);
    const read = async () => {
      const pieces: Uint8Array[] = [];
      for await (const piece of spool.read(3)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    await spool.append("ä first,");
    expect(await read()).toBe("ä first,");
    await spool.append(Buffer.from(" then more"));
    expect([await read(), await read(), spool.bytes]).toEqual(["ä first, then more", "ä first, then more", 19]);
  });
});
