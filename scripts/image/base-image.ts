/**
 * What stands in for `node:24-slim`, where there is no Docker engine and no registry of images: Debian as debootstrap makes it,
 * the Node 24 that `npm ci` brings, the machine's npm, and the image's user `node`. What the image has besides (yarn, corepack, its
 * entrypoint) is not there.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run, runEntered } from "./enter.ts";

const suite = "bookworm";
const name = "node:24-slim";

export const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Makes `root` what the image is. @throws Error for an image that nothing stands in for. */
export async function makeBaseImage(image: string, root: string): Promise<void> {
  if (image.replace(/@sha256:[0-9a-f]{64}$/, "") !== name) {
    throw new Error(`Nothing stands in for the image ${image} here: only for ${name}, with or without its digest`);
  }
  const [node, npm] = [findNode(), findNpm()];
  await run("cp", "--archive", "--reflink=auto", await debianRoot(), root);
  const local = join(root, "usr", "local");
  await mkdir(join(local, "lib", "node_modules"), { recursive: true });
  await run("cp", "--reflink=auto", node, join(local, "bin", "node"));
  await run("cp", "--recursive", "--no-preserve=ownership", npm, join(local, "lib", "node_modules", "npm"));
  for (const command of ["npm", "npx"]) {
    await symlink(`../lib/node_modules/npm/bin/${command}-cli.js`, join(local, "bin", command));
  }
}

/** The user that the image has, and without what the image does not have: there is less to copy for each stage. */
const makeSlim = `
groupadd --gid 1000 node
useradd --uid 1000 --gid node --shell /bin/bash --create-home node
rm -rf /var/cache/apt/archives/*.deb /var/cache/apt/*.bin /var/lib/apt/lists/*
rm -rf /usr/share/doc/* /usr/share/info/* /usr/share/locale/* /usr/share/man/*
`;

/** Debian, made once and kept: in a folder of root's alone, since what is in it is run as root. */
async function debianRoot(): Promise<string> {
  const recipe = createHash("sha256").update(makeSlim).digest("hex").slice(0, 8);
  const cache = join(tmpdir(), `espalier-debootstrap-${suite}-${recipe}`);
  await mkdir(cache, { mode: 0o700 }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
  const { uid, mode } = lstatSync(cache);
  if (!lstatSync(cache).isDirectory() || uid !== 0 || (mode & 0o077) !== 0) {
    throw new Error(`${cache} must be a folder of root's with mode 0700: remove it`);
  }
  const root = join(cache, "root");
  if (existsSync(root)) return root;
  const unfinished = await mkdtemp(join(cache, "unfinished-"));
  try {
    const made = join(unfinished, "root");
    // In namespaces of its own, so that what it mounts is gone whatever happens.
    const isolated = [
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
    ];
    const command = `umask 022; exec debootstrap --variant=minbase ${suite} "$1" >"$2" 2>&1`;
    const log = join(unfinished, "log");
    await run("setpriv", "--pdeathsig", "KILL", ...isolated, "sh", "-c", command, "sh", made, log).catch((cause) => {
      const said = existsSync(log) ? readFileSync(log, "utf8").slice(-2000) : "";
      throw new Error(`debootstrap ${cause.message}:\n${said}`, { cause });
    });
    await runEntered({
      root: made,
      command: ["/bin/sh", "-ec", makeSlim],
      environment: baseEnvironment,
      workingDirectory: "/",
    });
    // Another one may have been quicker.
    await rename(made, root).catch((error) => {
      if (!existsSync(root)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return root;
}

/** The Node that the project brings along. */
function findNode(): string {
  const node = join(import.meta.dirname, "..", "..", "node_modules", "node", "bin", "node");
  const version = existsSync(node) ? execFileSync(node, ["--version"], { encoding: "utf8" }).trim() : "none";
  if (!version.startsWith("v24.")) throw new Error(`${node} should be Node 24 and is ${version}: run npm ci`);
  return node;
}

/** The folder of the npm that is first on the PATH. */
function findNpm(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const command = folders.map((folder) => join(folder, "npm")).find((path) => existsSync(path));
  if (command === undefined) throw new Error("npm is not on the PATH");
  const folder = dirname(dirname(realpathSync(command)));
  if (!existsSync(join(folder, "bin", "npm-cli.js"))) throw new Error(`${command} is not npm's own command`);
  return folder;
}
