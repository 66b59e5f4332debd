/** What package-lock.json says that is installed, and which of it a package needs when it runs. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  /** Of a link: the folder of the workspace. */
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly peerDependencies?: Versions;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

type Versions = Readonly<Record<string, string>>;

/** By the path of its folder: `packages/ldap`, `node_modules/tar-stream/node_modules/b4a`. */
export type LockedPackages = ReadonlyMap<string, LockedPackage>;

export function readLockedPackages(repository: string): LockedPackages {
  const { packages } = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8"));
  return new Map(Object.entries(packages as Record<string, LockedPackage>));
}

/**
 * What the package in the folder `start` needs when it runs: itself, workspaces and packages of the registry, whatever the
 * platform. @throws Error for a dependency that the lock does not have.
 */
export function neededPackages(locked: LockedPackages, start: string): LockedPackages {
  const needed = new Map<string, LockedPackage>();
  const visit = (path: string): void => {
    const { link, resolved, ...found } = locked.get(path)!;
    if (link) visit(resolved!);
    if (link || needed.has(path)) return;
    needed.set(path, found);
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta } = found;
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta?.[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      visit(installedPath(locked, path, name));
    }
  };
  visit(start);
  return needed;
}

/** Where Node finds what `path` imports as `name`: the nearest folder node_modules upwards that has it. */
function installedPath(locked: LockedPackages, path: string, name: string): string {
  for (let folder = path; ; folder = dirname(folder)) {
    const candidate = folder === "." ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (locked.has(candidate)) return candidate;
    if (folder === ".") throw new Error(`package-lock.json has no ${name}, which ${path} needs`);
  }
}

/** `@scope/name` of a folder below node_modules. */
export function packageName(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}
