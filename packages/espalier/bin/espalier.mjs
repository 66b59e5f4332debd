#!/usr/bin/env node
// Starts the command, on the Node that is installed beside it where the one that runs this is too old: a clone brings one.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

// What Node makes of the sources is kept, which halves the next start. In a folder of one's own: from one that others can write to,
// their code would be run. Where that cannot be made, nothing is kept.
function cacheFolder() {
  try {
    // A user that nobody has entered has no home, and asking for it throws.
    const caches = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
    if (!existsSync(caches)) mkdirSync(caches, { mode: 0o700 });
    const own = join(caches, "espalier");
    if (!existsSync(own)) mkdirSync(own, { mode: 0o700 });
    return own;
  } catch {
    return undefined;
  }
}
const cache = cacheFolder();

const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 24 || (major === 24 && minor >= 7)) {
  if (cache !== undefined) module.enableCompileCache(cache);
  await import(main);
} else {
  const node = fileURLToPath(new URL("../../../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `Espalier needs Node 24.7 or later; this is ${process.version}. In a clone, npm ci brings one; elsewhere, npm install node@24 beside it does.\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }), ...process.env },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
