/** Mounts of a service: `volumes` in its short and in its long form, and `tmpfs`. */
import type { ConfigNode } from "../config-node.ts";
import type { Mount } from "./compose-project.ts";

/** @param fileOf the path among the files that were read of what a bind's source leads to. */
export function readMounts(
  service: ConfigNode,
  fileOf: (source: string, node: ConfigNode) => string | undefined,
): readonly Mount[] {
  const volumes = (service.get("volumes")?.items() ?? []).flatMap((node) => {
    const mount = node.kind === "map" ? readLongMount(node) : readShortMount(node);
    if (mount === undefined) return [];
    const file = mount.type === "bind" && mount.source !== undefined ? fileOf(mount.source, node) : undefined;
    return [{ ...mount, ...(file === undefined ? {} : { file }), node }];
  });
  const tmpfs = service.get("tmpfs");
  const temporary = tmpfs?.kind === "list" ? tmpfs.items() : tmpfs === undefined ? [] : [tmpfs];
  return [...volumes, ...temporary.flatMap(readTmpfs)];
}

type MountParts = Omit<Mount, "node" | "file">;

function readLongMount(node: ConfigNode): MountParts | undefined {
  const target = node.get("target")?.text;
  if (target === undefined) return undefined;
  const type = node.get("type")?.text ?? "volume";
  return {
    type: type === "bind" || type === "volume" || type === "tmpfs" ? type : "other",
    source: node.get("source")?.text,
    target,
    isReadOnly: node.get("read_only")?.scalar === true,
  };
}

function readShortMount(node: ConfigNode): MountParts | undefined {
  return node.text === undefined ? undefined : parseShortMount(node.text);
}

const driveLetter = /^[A-Za-z]:[\\/]/;

/** `[SOURCE:]TARGET[:MODE]`. */
export function parseShortMount(text: string): MountParts {
  const drive = driveLetter.exec(text)?.[0] ?? "";
  const [first = "", second, third] = text.slice(drive.length).split(":");
  const source = drive + first;
  if (second === undefined) return { type: "volume", source: undefined, target: source, isReadOnly: false };
  // A mode alone after a target: `/data:ro`.
  if (third === undefined && !second.startsWith("/") && isMode(second)) {
    return { type: "volume", source: undefined, target: source, isReadOnly: isReadOnly(second) };
  }
  return { type: isPath(source) ? "bind" : "volume", source, target: second, isReadOnly: isReadOnly(third ?? "") };
}

const modes: ReadonlySet<string> = new Set(["ro", "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent"]);

function isMode(text: string): boolean {
  return text.split(",").every((mode) => modes.has(mode));
}

function isReadOnly(mode: string): boolean {
  return mode.split(",").includes("ro");
}

function isPath(source: string): boolean {
  return /^[./~\\]/.test(source) || driveLetter.test(source);
}

/** `/run:size=64m,mode=1777` */
function readTmpfs(node: ConfigNode): readonly Mount[] {
  const { text } = node;
  if (text === undefined) return [];
  const [target = "", options = ""] = text.split(":");
  return [{ type: "tmpfs", source: undefined, target, isReadOnly: isReadOnly(options), node }];
}
