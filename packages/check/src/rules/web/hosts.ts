/** Names and addresses that only this machine can reach, and ports that others can. */
import type { Project } from "../../engine/project.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";

export function isLoopback(host: string): boolean {
  return /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/** Whether a port of a container can be reached from outside of this machine. */
export function isPublished(service: ComposeService, target: number): boolean {
  return service.ports.some((port) => port.target === target && !isLoopback(port.host));
}

/** The services that a file of configuration is mounted into, by itself or within its folder. */
export function servicesWithFile(project: Project, path: string): readonly ComposeService[] {
  return project
    .of("compose")
    .flatMap(({ services }) => services)
    .filter(({ mounts }) => mounts.some(({ file, source }) => file === path || isBelow(path, source)));
}

/** `./nginx` holds `nginx/conf.d/default.conf`. */
function isBelow(path: string, source: string | undefined): boolean {
  if (source === undefined || !source.startsWith(".")) return false;
  const folder = source.replace(/^(?:\.\.?\/)+/, "").replace(/\/$/, "");
  return folder !== "" && folder !== "." && (`/${path}`.includes(`/${folder}/`) || path.endsWith(folder));
}
