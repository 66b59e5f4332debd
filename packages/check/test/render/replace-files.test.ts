/** Several files in the place of others: all of them or none. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { replaceFiles } from "../../src/render/replace-files.ts";
import { folderOf } from "../project.ts";

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

it("writes new files in new folders and replaces others, with their permissions, and leaves nothing else", async () => {
  const folder = folderOf({ "a.txt": "before" });
  await replaceFiles([
    { absolutePath: join(folder, "a.txt"), content: "after", mode: 0o640 },
    { absolutePath: join(folder, "new/deep/b.txt"), content: "b", mode: 0o600 },
  ]);
  expect(filesOf(folder)).toEqual(["a.txt", "new/deep/b.txt"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("after");
  expect([statSync(join(folder, "a.txt")).mode & 0o777, statSync(join(folder, "new/deep/b.txt")).mode & 0o777]).toEqual(
    [0o640, 0o600],
  );
});

it("takes everything back when one of them cannot be put in its place", async () => {
  const folder = folderOf({ "a.txt": { text: "before", mode: 0o604 } });
  mkdirSync(join(folder, "taken"));
  const changes = [
    { absolutePath: join(folder, "a.txt"), content: "after", mode: 0o600 },
    { absolutePath: join(folder, "new/b.txt"), content: "b", mode: 0o600 },
    { absolutePath: join(folder, "taken"), content: "c", mode: 0o600 },
  ];
  await expect(replaceFiles(changes)).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
  expect(filesOf(folder)).toEqual(["a.txt"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("before");
  expect(statSync(join(folder, "a.txt")).mode & 0o777).toBe(0o604);
  expect([existsSync(join(folder, "new")), existsSync(join(folder, "taken"))]).toEqual([false, true]);
});

it("writes nothing where one of them cannot even be written beside its place", async () => {
  const folder = folderOf({ "a.txt": "before", "file/x": "" });
  chmodSync(join(folder, "file/x"), 0o600);
  const changes = [
    { absolutePath: join(folder, "a.txt"), content: "after", mode: 0o600 },
    { absolutePath: join(folder, "file/x/b.txt"), content: "b", mode: 0o600 },
  ];
  await expect(replaceFiles(changes)).rejects.toMatchObject({ code: expect.stringMatching(/^E(?:NOTDIR|EXIST)$/) });
  expect(filesOf(folder)).toEqual(["a.txt", "file/x"]);
  expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("before");
});
