/** `npm run pack [FOLDER]`: the npm packages `@espalier/ldap` and `espalier` as tarballs, in FOLDER or where it is started. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stageEspalier } from "./package/espalier-package.ts";

const repository = join(import.meta.dirname, "..");
// npm has changed to the root of the repository.
const output = resolve(process.env.INIT_CWD ?? ".", process.argv[2] ?? ".");
const folder = mkdtempSync(join(tmpdir(), "espalier-pack-"));
try {
  mkdirSync(output, { recursive: true });
  pack(stageLdap());
  const espalier = join(folder, "espalier");
  stageEspalier(repository, espalier);
  pack(espalier);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A copy: packing rewrites its package.json for a moment, and the repository must not change under anybody's feet. */
function stageLdap(): string {
  const copy = join(folder, "packages", "ldap");
  cpSync(join(repository, "packages/ldap"), copy, { recursive: true });
  cpSync(join(repository, "tsconfig.json"), join(folder, "tsconfig.json"));
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return copy;
}

function pack(cwd: string): void {
  const printed = execFileSync("npm", ["pack", "--silent", "--pack-destination", output], { cwd, encoding: "utf8" });
  // Before the name there may be what the package's scripts print.
  const tarball = join(output, printed.trim().split("\n").at(-1)!);
  console.log(`${tarball}: ${(statSync(tarball).size / 1e6).toFixed(1)} MB`);
}
