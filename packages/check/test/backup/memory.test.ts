import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { requirePrograms, startSlapd } from "@espalier/tests/lab";
import { expect, it } from "vitest";
import { createBackup, type Progress } from "../../src/backup/index.ts";
import { directorySource, environment, testBackups } from "./backups.ts";
import { directoryLdif } from "./directory.ts";

const describe = requirePrograms({ slapd: "slapd", slapadd: "slapd" });

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is still held, at every so many bytes of a part. */
function heldWhile(what: string, everyBytes: number): { readonly progress: Progress; readonly held: number[] } {
  const held: number[] = [];
  const begin = (part: string) => {
    let bytes = 0;
    return {
      advance(more: number) {
        const before = bytes;
        bytes += more;
        if (part !== what || Math.floor(before / everyBytes) === Math.floor(bytes / everyBytes)) return;
        collectGarbage();
        const { heapUsed, external } = process.memoryUsage();
        held.push(heapUsed + external);
      },
      end: () => undefined,
    };
  };
  return { progress: { begin }, held };
}

describe("memory", () => {
  it("does not grow with the directory, while it is read and while it is read back", { timeout: 120_000 }, async () => {
    await using slapd = await startSlapd({ ldif: directoryLdif(15_000) });
    for (const step of ["ldap:people", "ldap:people, read back"]) {
      const backups = await testBackups();
      const { progress, held } = heldWhile(step, 512 * 1024);
      await createBackup({
        ...{ config: backups.config, sources: [directorySource(slapd)], environment, progress },
        ...{ now: Date.now, version: "1.2.3", host: "box" },
      });
      expect(held.length).toBeGreaterThan(10);
      const half = Math.floor(held.length / 2);
      const growth = Math.max(...held.slice(half)) - Math.max(...held.slice(0, half));
      expect(growth / 1024 / 1024, `MiB more, ${step}`).toBeLessThan(2);
    }
  });
});
