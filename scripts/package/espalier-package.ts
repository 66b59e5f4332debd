/**
 * The npm package `espalier`: the command with everything that it imports, in a folder that `npm pack` packs as it is.
 *
 * The workspaces and the packages of the registry are bundled in the versions of package-lock.json, so who installs it gets what
 * was tested. What has a binary for each platform is left to npm, in exactly the locked version.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { toJavaScript } from "./javascript.ts";
import { type LockedPackages, neededPackages, packageName, readLockedPackages } from "./locked-packages.ts";

/** The first that has everything which the sources import: `argon2Sync` of node:crypto. bin/espalier.mjs says so, too. */
const oldestNode = "24.7.0";

/** What of a workspace runs. Its tests, and the sources of the page, do not. */
const runningParts: Readonly<Record<string, readonly string[]>> = {
  "packages/espalier": ["bin", "src", "README.md"],
  "packages/web": ["server.ts", "dist"],
};
const usualParts = ["src", "migrations"];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
}

/** Writes it into `output`. @throws Error where something is missing, or is not as package-lock.json has it. */
export function stageEspalier(repository: string, output: string): void {
  if (!existsSync(join(repository, "packages/web/dist/index.html"))) {
    throw new Error("The page has not been built: npm run build");
  }
  const needed = neededPackages(readLockedPackages(repository), "packages/espalier");
  const { name, version, license, description, keywords, bin } = readManifest(repository, "packages/espalier");
  const perPlatform = namesPerPlatform(needed);
  const dependencies: Record<string, string> = {};
  for (const [path, { version: wanted, os, cpu }] of [...needed].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (path === "packages/espalier") stageParts(repository, path, output);
    else if (path.startsWith("packages/")) {
      const workspace = readManifest(repository, path);
      if (workspace.version !== version) throw new Error(`${path} has version ${workspace.version}, not ${version}`);
      stageWorkspace(repository, path, workspace, join(output, "node_modules", workspace.name));
      dependencies[workspace.name] = version;
    } else if (os === undefined && cpu === undefined) {
      const isNested = path.lastIndexOf("node_modules/") > 0;
      if (!isNested) dependencies[packageName(path)] = wanted!;
      if (!perPlatform.has(packageName(path))) stageInstalled(repository, path, wanted!, join(output, path));
    }
  }
  cpSync(join(repository, "LICENSE"), join(output, "LICENSE"));
  const bundleDependencies = Object.keys(dependencies).filter((dependency) => !perPlatform.has(dependency));
  const engines = { node: `>=${oldestNode}` };
  const isModule = { type: "module", exports: {} };
  writeManifest(output, {
    ...{ name, version, description, keywords, license, engines, bin, ...isModule, dependencies, bundleDependencies },
  });
}

/** Those with an optional dependency for each platform. */
function namesPerPlatform(needed: LockedPackages): ReadonlySet<string> {
  const forOne = new Set([...needed].flatMap(([path, { os, cpu }]) => (os || cpu ? [packageName(path)] : [])));
  return new Set(
    [...needed].flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).some((name) => forOne.has(name)) ? [packageName(path)] : [],
    ),
  );
}

/** Its dependencies are those of the whole, beside it. */
function stageWorkspace(repository: string, path: string, workspace: Manifest, output: string): void {
  stageParts(repository, path, output);
  const { name, version, license, exports } = workspace;
  const built = Object.fromEntries(Object.entries(exports).map(([key, file]) => [key, javaScriptName(file)]));
  writeManifest(output, { name, version, license, type: "module", exports: built });
}

function stageParts(repository: string, path: string, output: string): void {
  const from = join(repository, path);
  for (const part of runningParts[path] ?? usualParts) {
    const files = filesOf(join(from, part));
    for (const file of files) stageFile(file, join(output, relative(from, file)));
  }
}

/** The files of a folder, or the file itself; none where there is nothing. */
function filesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  if (extname(path) !== "") return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function stageFile(file: string, output: string): void {
  mkdirSync(dirname(output), { recursive: true });
  cpSync(file, javaScriptName(output));
  if (![".ts", ".mjs"].includes(extname(file))) return;
  try {
    writeFileSync(javaScriptName(output), toJavaScript(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
}

function javaScriptName(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

/** Types, source maps, and what another run-time is extended with: a third of the files, and Node reads none of them. */
const neverRead = /\.(?:bare|map|[cm]?ts)$/;

/** A package of the registry as `npm ci` has put it there. */
function stageInstalled(repository: string, path: string, version: string, output: string): void {
  const from = join(repository, path);
  const installed = existsSync(from) ? readManifest(repository, path).version : "missing";
  if (installed !== version)
    throw new Error(`${path} is ${installed}, not ${version} as package-lock.json has it: npm ci`);
  const nested = join(from, "node_modules");
  cpSync(from, output, { recursive: true, filter: (file) => file !== nested && !neverRead.test(file) });
}

function readManifest(repository: string, path: string): Manifest {
  return JSON.parse(readFileSync(join(repository, path, "package.json"), "utf8"));
}

function writeManifest(folder: string, manifest: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
