/** Places where files are copied away as they are: by programs in scripts, and by services of a compose project. */
import { posix } from "node:path";
import type { Project } from "../../engine/project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import type { ShellCommand, ShellScript, ShellWord } from "../../inputs/shell.ts";
import type { Location } from "../../inputs/source-file.ts";
import { imageOf } from "../compose/image.ts";
import { servicesOf } from "../compose/service.ts";
import { serviceCommands } from "../secrets/compose-commands.ts";
import { programOf } from "../secrets/password-arguments.ts";
import { isWithin, type MountSource, type StatefulVolume, type Store, sourceOf, stores } from "./stateful-volumes.ts";

export interface FileCopy {
  /** The script or the service. */
  readonly subject: string;
  readonly at: Location | ConfigNode;
  /** `tar`, or the service. */
  readonly program: string;
  readonly sources: readonly MountSource[];
  /** What it leaves out. */
  readonly excluded: readonly string[];
  readonly script?: ShellScript;
  readonly command?: ShellCommand;
}

const backupImages =
  /^(?:kopia|restic|resticker|restic-backup-docker|autorestic|backrest|rclone|borg|borgbackup|borgmatic|borgwarehouse|duplicati|duplicacy|docker-volume-backup|volumerize)/;

/** How each is told to copy, and which of its words are paths. */
const copiers: Readonly<Record<string, (words: readonly string[]) => boolean>> = {
  tar: ([mode = "", ...rest]) =>
    (/^-?[a-zA-Z]*c/.test(mode) && !mode.startsWith("--")) || [mode, ...rest].includes("--create"),
  bsdtar: ([mode = ""]) => /^-?[a-zA-Z]*c/.test(mode),
  cp: (words) => words.some((word) => /^-[a-zA-Z]*[raR]|^--(?:recursive|archive)$/.test(word)),
  rsync: () => true,
  zip: (words) => words.some((word) => /^-[a-zA-Z0-9]*r/.test(word)),
  "7z": ([mode]) => mode === "a",
  restic: (words) => words.includes("backup"),
  borg: (words) => words.includes("create"),
  kopia: (words) => words.includes("snapshot") && words.includes("create"),
  duplicity: () => true,
  rclone: (words) => words.includes("copy") || words.includes("sync"),
};

export function* fileCopies(project: Project): Generator<FileCopy> {
  for (const script of project.of("shell")) yield* copiesOfScript(script);
  for (const { compose, service } of servicesOf(project)) {
    const mounts = service.mounts.flatMap((mount) => {
      const source = sourceOf(compose, mount);
      return source === undefined ? [] : [{ target: mount.target, source, node: mount.node }];
    });
    const { name: subject, node } = service;
    if (backupImages.test(imageOf(service)?.name ?? "")) {
      for (const { source, node: at } of mounts)
        yield { subject, at, program: subject, sources: [source], excluded: [] };
      continue;
    }
    const given = serviceCommands(node);
    for (const command of given?.commands ?? []) {
      const copied = copiedBy(command);
      if (copied === undefined) continue;
      const sources = mounts.filter(({ target }) =>
        copied.paths.some((path) => isWithin(target, path) || isWithin(path, target)),
      );
      const [first] = sources;
      if (first === undefined) continue;
      yield {
        ...{
          subject,
          at: given?.nodeOf(copied.word) ?? first.node,
          program: copied.program,
          excluded: copied.excluded,
        },
        sources: sources.map(({ source }) => source),
      };
    }
  }
}

function* copiesOfScript(script: ShellScript): Generator<FileCopy> {
  const { file, commands } = script;
  for (const command of commands) {
    const copied = copiedBy(command);
    if (copied === undefined) continue;
    const sources = copied.paths.map((path): MountSource => ({ path: withoutVariable(path) }));
    yield {
      ...{ subject: file.path, at: file.locate(command.start, command.end), program: copied.program, script, command },
      sources: [...copied.volumes.map((volume) => ({ volume })), ...sources],
      excluded: copied.excluded,
    };
  }
}

interface Copied {
  readonly program: string;
  readonly word: ShellWord;
  readonly paths: readonly string[];
  /** `-v NAME:/data` of the container that copies. */
  readonly volumes: readonly string[];
  readonly excluded: readonly string[];
}

function copiedBy({ words }: ShellCommand): Copied | undefined {
  const at = words.findIndex((word) => Object.hasOwn(copiers, programOf(word)));
  const word = words[at];
  // Behind another program it is what that one runs: `sudo tar`, `docker run -v … alpine tar`, and not `apt install tar`.
  const first = words[0] === undefined ? "" : programOf(words[0]);
  if (word === undefined || (at > 0 && !/^(?:sudo|doas|nice|ionice|time|docker|podman|env)$/.test(first)))
    return undefined;
  const program = programOf(word);
  const rest = words.slice(at + 1).map(({ text }) => text);
  if (copiers[program]?.(rest) !== true) return undefined;
  const before = words.slice(0, at).map(({ text }) => text);
  // Of a container, the paths are its own: what counts is what is mounted there.
  const isInContainer = before.includes("run");
  const mounted = before.flatMap((text, index) =>
    (before[index - 1] === "-v" || before[index - 1] === "--volume") && text.includes(":") ? [text] : [],
  );
  const mounts = mounted.map((text) => text.split(":"));
  const paths = pathsOf(program, rest);
  const named = mounts.filter(([, target = ""]) =>
    paths.some((path) => isWithin(path, target) || isWithin(target, path)),
  );
  return {
    ...{ program, word },
    paths: isInContainer ? named.flatMap(([source = ""]) => (source.includes("/") ? [source] : [])) : paths,
    volumes: named.flatMap(([source = ""]) => (source.includes("/") ? [] : [source])),
    excluded: rest.flatMap((text, index) => {
      const value = /^--exclude=(.*)$/.exec(text)?.[1];
      return value !== undefined ? [value] : rest[index - 1] === "--exclude" ? [text] : [];
    }),
  };
}

/** Options whose next word is theirs. */
const valueOptions: Readonly<Record<string, RegExp>> = {
  tar: /^(?:-f|-C|--exclude|--file|--directory)$/,
  bsdtar: /^(?:-f|-C|--exclude|--file|--directory)$/,
  rsync: /^(?:-e|--rsh|--exclude|--include|--files-from)$/,
  restic: /^(?:-r|--repo|--tag|--host|-p|--password-file|--exclude|-e|--exclude-file)$/,
  borg: /^(?:-e|--exclude|--exclude-from|-C|--compression)$/,
};

/** What is copied, and not where to: the archive of tar and zip comes first, the target of cp and rsync last. */
function pathsOf(program: string, words: readonly string[]): readonly string[] {
  const withValue = valueOptions[program] ?? /^--exclude$/;
  const folder = words[words.findIndex((word) => word === "-C" || word === "--directory") + 1];
  const isTar = program === "tar" || program === "bsdtar";
  const takesArchive = isTar && /^-?[a-zA-Z]*f$/.test(words[0] ?? "");
  const operands = words
    .slice(takesArchive ? 2 : isTar && /^[a-zA-Z]+$/.test(words[0] ?? "") ? 1 : 0)
    .filter((word, index, all) => !word.startsWith("-") && !withValue.test(all[index - 1] ?? ""));
  const paths = {
    ...Object.fromEntries(["cp", "rsync", "duplicity"].map((name) => [name, operands.slice(0, -1)])),
    ...Object.fromEntries(["zip", "7z"].map((name) => [name, operands.slice(name === "7z" ? 2 : 1)])),
    ...Object.fromEntries(["restic", "kopia", "borg", "rclone"].map((name) => [name, operands.slice(1)])),
  }[program];
  const chosen = paths ?? operands;
  const inFolder = isTar && folder !== undefined && words.some((word) => word === "-C" || word === "--directory");
  return inFolder ? chosen.map((path) => (path.startsWith("/") ? path : posix.join(folder, path))) : chosen;
}

/** `$STACK/volumes` and `${STACK}/volumes` are `volumes`, wherever that is. */
function withoutVariable(path: string): string {
  return posix.normalize(path.replace(/^\$(?:\w+|\{[^}]*\})\/+/, ""));
}

/** The volumes of the project that the copy takes away. */
export function volumesCopied(copy: FileCopy, volumes: readonly StatefulVolume[]): readonly StatefulVolume[] {
  return volumes.filter(
    ({ source }) =>
      copy.sources.some((copied) => holds(copied, source)) && !copy.excluded.some((each) => isLeftOut(source, each)),
  );
}

/** Folders of databases and directories that are no container's. */
export function hostFoldersCopied({ sources }: FileCopy): readonly { readonly path: string; readonly store: Store }[] {
  return sources.flatMap((source) => {
    if (!("path" in source)) return [];
    const store = stores.find(({ hostFolders }) => hostFolders.some((folder) => isWithin(source.path, folder)));
    return store === undefined ? [] : [{ path: source.path, store }];
  });
}

function holds(copied: MountSource, data: MountSource): boolean {
  if ("volume" in data) {
    // Docker puts the name of the project before that of the volume.
    if ("volume" in copied) return copied.volume === data.volume || copied.volume.endsWith(`_${data.volume}`);
    return (
      isWithin(copied.path, "/var/lib/docker") &&
      (copied.path.endsWith("/volumes") || copied.path.endsWith("/docker") || copied.path.includes(data.volume))
    );
  }
  if ("volume" in copied) return false;
  const path = copied.path.replace(/\/+$/, "");
  if (path === "" || path === ".") return false;
  if (isWithin(data.path, path) || isWithin(path, data.path)) return true;
  // One is written from where the script runs, and the other from where the compose file is.
  return path.startsWith("/") !== data.path.startsWith("/") && endsAlike(path, data.path);
}

function endsAlike(one: string, other: string): boolean {
  const [relative, absolute] = one.startsWith("/") ? [other, one] : [one, other];
  const name = relative.replace(/^(?:\.\.?\/)+/, "").replace(/^~\//, "");
  return name !== "" && (`${absolute}/`.includes(`/${name}/`) || isWithin(name, posix.basename(absolute)));
}

function isLeftOut(source: MountSource, pattern: string): boolean {
  const name = "volume" in source ? source.volume : source.path;
  const plain = pattern.replace(/^\.\//, "").replace(/\/\*+$|\/$/, "");
  return plain !== "" && (name === plain || name.endsWith(`/${plain}`) || isWithin(name, plain));
}
