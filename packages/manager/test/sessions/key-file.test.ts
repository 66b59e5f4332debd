/** The key file: made once, whoever starts first, and refused where others may read it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@espalier/tests/lab";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readKeyFile } from "../../src/sessions/key-file.ts";

describe("the key file", () => {
  let directory: TemporaryDirectory;
  beforeEach(async () => {
    directory = await temporaryDirectory("key");
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it("is made where there is none, for its owner alone, and read from then on", async () => {
    const path = directory.file("below/manager.key");
    const key = await readKeyFile(path);
    expect(key).toHaveLength(32);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory.file("below"))).mode & 0o777).toBe(0o700);
    expect(await readdir(directory.file("below"))).toEqual(["manager.key"]);
    expect(await readKeyFile(path)).toEqual(key);
  });

  it("is the same for processes that start at the same time", async () => {
    const path = directory.file("manager.key");
    const children = Array.from({ length: 4 }, () =>
      fork(new URL("key-file-process.ts", import.meta.url), [path], { execPath: process.execPath }),
    );
    await Promise.all(children.map((child) => once(child, "message")));
    const answers = children.map(async (child) => (await once(child, "message"))[0] as string);
    for (const child of children) child.send("now");
    const keys = await Promise.all(answers);
    expect(new Set(keys).size).toBe(1);
    expect(Buffer.from(keys[0] ?? "", "hex")).toHaveLength(32);
    expect(await readdir(directory.path)).toEqual(["manager.key"]);
  });

  it("is the same for many that begin at once within a process", async () => {
    const path = directory.file("manager.key");
    const keys = await Promise.all(Array.from({ length: 20 }, () => readKeyFile(path)));
    expect(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size).toBe(1);
  });

  it("that others may read is refused, and left as it is", async () => {
    const path = directory.file("manager.key");
    await readKeyFile(path);
    const before = await readFile(path);
    for (const mode of [0o640, 0o604, 0o660, 0o602]) {
      await chmod(path, mode);
      await expect(readKeyFile(path)).rejects.toThrow(`chmod 600 ${path}`);
    }
    expect(await readFile(path)).toEqual(before);
  });

  it("that holds no key is refused, and not replaced", async () => {
    for (const text of ["", "short", "x".repeat(1_000), Buffer.alloc(31).toString("base64")]) {
      const path = directory.file(`manager-${text.length}.key`);
      await writeFile(path, text, { mode: 0o600 });
      await expect(readKeyFile(path)).rejects.toThrow("does not hold 32 bytes");
      expect(await readFile(path, "utf8")).toBe(text);
    }
  });

  it("that cannot be made is said to be", async () => {
    await mkdir(directory.file("manager.key"));
    await expect(readKeyFile(directory.file("manager.key"))).rejects.toThrow("is not a file");
    await writeFile(directory.file("plain"), "");
    await expect(readKeyFile(directory.file("plain/manager.key"))).rejects.toThrow("can neither be read nor made");
  });
});
