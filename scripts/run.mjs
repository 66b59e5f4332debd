// Runs one of the project's commands, after bringing what a fresh clone lacks: `npm ci`, which also brings the
// Node version the project runs on (devDependency `node`). Plain JavaScript, because the machine's own Node may be older.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` };

/** Whether node_modules holds what package-lock.json names: npm leaves its own copy of the lock there. */
function installed() {
  const copy = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(copy)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(copy, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      path === "" || optional || link || have[path]?.version === version || !path.includes("node_modules"),
  );
}

function run(command, ...args) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, env, stdio: "inherit" });
  if (error) throw error;
  if (signal) process.kill(process.pid, signal);
  return status ?? 1;
}

/** Runs the commands one after another and stops at the first that fails. */
function all(...commands) {
  for (const [command, ...args] of commands) {
    const status = run(command, ...args);
    if (status !== 0) return status;
  }
  return 0;
}

const [task, ...rest] = process.argv.slice(2);
if (!installed()) {
  console.error("Installing the npm packages of package-lock.json …");
  const status = run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
  if (status !== 0) process.exit(status);
}

/** Whether the browser page is as its sources are. */
function isBuilt() {
  const web = join(root, "packages", "web");
  const page = join(web, "dist", "index.html");
  if (!existsSync(page)) return false;
  const builtMs = statSync(page).mtimeMs;
  const sources = ["src", "public"].flatMap((folder) =>
    readdirSync(join(web, folder), { recursive: true }).map((name) => join(web, folder, name)),
  );
  const all = [...sources, ...["index.html", "package.json", "vite.config.ts"].map((name) => join(web, name))];
  return all.every((path) => statSync(path).mtimeMs <= builtMs);
}

function build() {
  if (isBuilt()) return 0;
  console.error("Building the browser page …");
  return run("vite", "build", "--logLevel", "warn", "packages/web");
}

const tasks = {
  start: () => build() || all(["node", "packages/espalier/src/main.ts", "up", ...rest]),
  test: () => build() || all(["vitest", "run", ...rest]),
  format: () => all(["biome", "check", "--write", "."]),
  check: () => all(["biome", "ci", "."], ["tsc", "--noEmit"], ["tsc", "--noEmit", "-p", "packages/web"], ["knip"]),
  build,
  // Node still calls experimental what it does with every source that it runs.
  pack: () => build() || all(["node", "--disable-warning=ExperimentalWarning", "scripts/pack.ts", ...rest]),
  audit: () => all(["node", "scripts/audit.ts"]),
  "pin-images": () => all(["node", "scripts/pin-images.ts", ...rest]),
  screenshots: () => build() || all(["node", "tests/browser/screenshots.ts", ...rest]),
  bench: () => build() || all(["node", "bench/main.ts", ...rest]),
};
if (!tasks[task]) {
  console.error(`Unknown task ${task}; one of: ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
process.exitCode = tasks[task]();
