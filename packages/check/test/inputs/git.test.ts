/** Git's index, as Git itself writes it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { requirePrograms } from "@espalier/tests/lab";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseGitIndex } from "../../src/inputs/git-index.ts";
import { readProject } from "../../src/inputs/read-project.ts";
import { folderOf } from "../project.ts";

const describe = requirePrograms({ git: "git" });

function git(folder: string, ...parameters: readonly string[]): string {
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
  return execFileSync("git", ["-C", folder, ...parameters], { encoding: "utf8", env: environment });
}

function workTrees(folder: string) {
  return readProject({ root: folder, paths: ["."], environment: {} }).of("gitWorkTree");
}

describe("the index", () => {
  it.each([2, 3, 4])("of version %i has the paths that git ls-files lists", (version) => {
    const paths = ["a", "a.b", "deep/er/file.txt", `${"long/".repeat(40)}x`, "ä ö", "z".repeat(130)];
    const folder = folderOf(Object.fromEntries(paths.map((path) => [path, path])));
    git(folder, "init", "-q");
    git(folder, "add", ".");
    // An entry with more flags is what makes version 3 of it.
    writeFileSync(join(folder, "later"), "x");
    if (version > 2) git(folder, "add", "--intent-to-add", "later");
    if (version === 4) git(folder, "update-index", "--index-version", "4");
    const listed = git(folder, "ls-files", "-z").split("\0").slice(0, -1);
    expect(listed).toHaveLength(version > 2 ? 7 : 6);
    const index = readFileSync(join(folder, ".git/index"));
    expect(index.readUInt32BE(4)).toBe(version);
    expect(parseGitIndex(index)).toEqual(listed);
  });

  it("says which of the files that were read are tracked, also in a linked work tree and from below the top", () => {
    const folder = folderOf({ "deploy/.env": "A=1", "deploy/new.env": "B=2", README: "x" });
    git(folder, "init", "-q");
    expect(workTrees(folder)).toEqual([{ top: folder, tracked: new Set() }]);
    git(folder, "add", "deploy/.env", "README");
    expect(workTrees(folder)).toEqual([{ top: folder, tracked: new Set(["README", "deploy/.env"]) }]);
    expect(workTrees(join(folder, "deploy"))).toEqual([{ top: folder, tracked: new Set([".env"]) }]);
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x");
    const linked = join(folderOf({}), "linked");
    git(folder, "worktree", "add", "-q", linked);
    expect(workTrees(linked)).toEqual([{ top: linked, tracked: new Set(["README", "deploy/.env"]) }]);
  });

  it("that is damaged is part of the report, and never taken for one without files", () => {
    const folder = folderOf({ ".env": "A=1" });
    mkdirSync(dirname(join(folder, ".git/index")));
    writeFileSync(join(folder, ".git/index"), "DIRC\0\0\0\x02\0\0\0\x09cut off");
    const { unreadable } = readProject({ root: folder, paths: ["."], environment: {} });
    expect(unreadable.map(({ subject }) => subject)).toEqual([join(folder, ".git/index")]);
  });

  it("is read whole or refused, whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(2, 3, 4), (bytes, version) => {
        const head = Buffer.from([0x44, 0x49, 0x52, 0x43, 0, 0, 0, version, 0, 0, 0, 3]);
        try {
          expect(parseGitIndex(Buffer.concat([head, bytes]))).toHaveLength(3);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
