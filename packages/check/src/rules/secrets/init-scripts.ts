/** The SQL files that a database image runs when its data directory is empty: what is mounted into docker-entrypoint-initdb.d. */
import { dirname, resolve } from "node:path";
import type { Project } from "../../engine/project.ts";
import type { ComposeService, Mount } from "../../inputs/compose/compose-project.ts";
import type { SqlFile } from "../../inputs/sql.ts";

/** The service that runs the file as it is, if one does. */
export function initializedBy(project: Project, { file }: SqlFile): ComposeService | undefined {
  for (const { services } of project.of("compose")) {
    for (const service of services) {
      if (service.mounts.some((mount) => runs(project, mount, file))) return service;
    }
  }
  return undefined;
}

const folder = /\/docker-entrypoint-initdb\.d(?:\/|$)/;

function runs({ root }: Project, mount: Mount, { path, absolutePath }: SqlFile["file"]): boolean {
  if (mount.type !== "bind" || mount.source === undefined || !folder.test(mount.target)) return false;
  if (mount.file === path) return true;
  const source = resolve(root, dirname(mount.node.location.file), mount.source);
  if (absolutePath === source || dirname(absolutePath) === source) return true;
  // The mount is elsewhere, as below $HOME: the file here is the one it is made from when its last two names are the same.
  const names = (text: string) => text.split("/").slice(-2).join("/");
  return names(path).includes("/") && names(mount.source) === names(path);
}
