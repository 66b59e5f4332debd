/** Compares what a repository gives back with the manifest. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { manifestName, receiptName } from "../backup-folder.ts";
import { Counter } from "../encrypted-file.ts";
import type { FinishedBackup } from "./target.ts";

/** @param read a file of the backup, out of the repository. @throws Error that names the first that is not the same */
export async function compareWithManifest(
  { path, manifest }: FinishedBackup,
  read: (file: string) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const own = async (name: string) => ({
    name,
    sha256: createHash("sha256")
      .update(await readFile(join(path, name)))
      .digest("hex"),
  });
  const expected = [...manifest.files, await own(manifestName), await own(receiptName)];
  for (const { name, sha256 } of expected) {
    const counter = new Counter();
    for await (const _ of counter.through(read(name))) {
      // Counted.
    }
    if (counter.sha256 !== sha256) throw new Error(`${name} is read back with another SHA-256`);
  }
}
