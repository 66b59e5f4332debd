/** COPY: files of the build context, less what .dockerignore names, or of an earlier stage, into the root of a stage. */
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { chmod, copyFile, lchown, lstat, mkdir, readdir, readlink, rm, symlink, utimes } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { isIgnored, parseDockerignore } from "../../packages/check/src/inputs/dockerignore.ts";

/** Where COPY reads. */
export interface CopySource {
  readonly root: string;
  /** What `COPY --from` calls it, for errors. */
  readonly name: string;
  /** @param path relative to the root; of a folder that is left out nothing is looked at. */
  isLeftOut(path: string): boolean;
  /** Docker gives what comes from the context to root, and leaves the owners of what comes from a stage. */
  readonly keepsOwners: boolean;
}

/**
 * The folder that is sent to the builder. The `.dockerignore` of the Dockerfile itself comes before the folder's.
 *
 * @throws Error where it makes exceptions (`!`), which are not known here.
 */
export function buildContext(root: string, dockerfile: string): CopySource {
  const ignoreFile = [`${dockerfile}.dockerignore`, join(root, ".dockerignore")].find((path) => existsSync(path));
  const patterns = ignoreFile === undefined ? [] : parseDockerignore(readFileSync(ignoreFile, "utf8"));
  if (patterns.some(({ isException }) => isException)) throw new Error(`${ignoreFile}: ! is not known here`);
  return { root, name: "the build context", isLeftOut: (path) => isIgnored(patterns, path), keepsOwners: false };
}

export function stageFiles(name: string, root: string): CopySource {
  return { root, name: `the stage ${name}`, isLeftOut: () => false, keepsOwners: true };
}

/**
 * Copies one source of a COPY: the contents of a folder, or a file.
 *
 * @param target an absolute path within the stage: a folder where it ends with `/` or is one already.
 * @throws Error where the source is not there, or the target's path goes through a symbolic link.
 */
export async function copyInto(from: CopySource, source: string, stageRoot: string, target: string): Promise<void> {
  const path = relative("/", join("/", source));
  const stat = lstatSync(join(from.root, path), { throwIfNoEntry: false });
  if (stat === undefined || (path !== "" && from.isLeftOut(path))) throw new Error(`${source} is not in ${from.name}`);
  const isThere = lstatSync(join(stageRoot, target), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const isInto = !stat.isDirectory() && (isThere || target.endsWith("/"));
  const destination = join(stageRoot, target, isInto ? basename(path) : ".");
  await makeFolders(stageRoot, stat.isDirectory() ? destination : dirname(destination));
  await copyEntry(from, path, destination);
}

/** Makes the folders that are missing, as root's, with mode 0755. @throws Error where one is a symbolic link. */
export async function makeFolders(stageRoot: string, folder: string): Promise<void> {
  let path = realpathSync(stageRoot);
  for (const name of relative(stageRoot, folder).split(sep).filter(Boolean)) {
    path = join(path, name);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      await mkdir(path);
      await chmod(path, 0o755);
    } else if (realpathSync(path) !== path) {
      // Followed from here it would lead out of the stage.
      throw new Error(`${path} is a symbolic link: COPY and WORKDIR through one are not known here`);
    }
  }
}

/** Modes and times are the source's, as with Docker. A folder that is there already is filled and left as it is. */
async function copyEntry(from: CopySource, path: string, destination: string): Promise<void> {
  const source = join(from.root, path);
  const stat = await lstat(source);
  if (stat.isDirectory()) {
    const isNew = lstatSync(destination, { throwIfNoEntry: false }) === undefined;
    if (isNew) await mkdir(destination);
    const names = (await readdir(source)).filter((name) => !from.isLeftOut(join(path, name)));
    await Promise.all(names.map((name) => copyEntry(from, join(path, name), join(destination, name))));
    if (!isNew) return;
  } else {
    await rm(destination, { force: true });
    if (stat.isSymbolicLink()) await symlink(await readlink(source), destination);
    else if (stat.isFile()) await copyFile(source, destination);
    else throw new Error(`${path} is neither a file, a folder nor a symbolic link`);
  }
  if (from.keepsOwners) await lchown(destination, stat.uid, stat.gid);
  else await lchown(destination, 0, 0);
  if (stat.isSymbolicLink()) return;
  await chmod(destination, stat.mode & 0o7777);
  await utimes(destination, stat.atime, stat.mtime);
}
