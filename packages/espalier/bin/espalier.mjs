#!/usr/bin/env node
// Starts the command on the Node version that the project brings along, where the one that runs this is older.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, "..", "src", "main.ts");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(main);
} else {
  const node = join(here, "..", "..", "..", "node_modules", "node", "bin", "node");
  if (!existsSync(node)) {
    process.stderr.write(
      `Espalier needs Node 24 or later; this is ${process.version}. Run npm ci in the clone, which brings it.\n`,
    );
    process.exit(2);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  });
}
