// What `npm pack` and `npm publish` run around themselves. In the repository the exports of package.json are the TypeScript
// source; in the package they are what was built from it. Both forms are derived from each other and nothing is kept aside,
// so after an interruption either of these may be run again: `npm pack` (packs) or `npm run postpack` (only restores).
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..");
const manifest = join(folder, "package.json");

const source = /"\.\/src\/([^"]+)\.ts"/g;
const built = /\{ "types": "\.\/dist\/([^"]+)\.d\.ts", "default": "\.\/dist\/\1\.js" \}/g;

const steps = {
  clean: () => rmSync(join(folder, "dist"), { recursive: true, force: true }),
  "export-dist": () =>
    rewrite(source, (_, path) => `{ "types": "./dist/${path}.d.ts", "default": "./dist/${path}.js" }`),
  "export-src": () => rewrite(built, (_, path) => `"./src/${path}.ts"`),
};

/** In one step, so that an interruption leaves the old manifest or the new one. */
function rewrite(pattern, replacement) {
  const text = readFileSync(manifest, "utf8");
  const rewritten = text.replace(pattern, replacement);
  if (rewritten === text) return;
  const next = `${manifest}.next`;
  writeFileSync(next, rewritten);
  renameSync(next, manifest);
}

const step = steps[process.argv[2]];
if (step === undefined) {
  process.stderr.write(`Usage: node scripts/pack.mjs ${Object.keys(steps).join("|")}\n`);
  process.exit(2);
}
step();
