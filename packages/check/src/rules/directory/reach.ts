/** How far what is said to a directory server travels, as far as files tell. */
import { isIPv4 } from "node:net";
import { posix } from "node:path";
import { onceAProject } from "../../engine/once-a-project.ts";
import type { Project } from "../../engine/project.ts";
import type { ComposeProject, ComposeService } from "../../inputs/compose/compose-project.ts";

/**
 * - `machine`: loopback, a Unix socket, or the host of the container
 * - `internal`: between containers, on networks that lead nowhere else
 * - `containers`: between containers of one machine, where any other one on the network can listen
 * - `network`: anywhere else
 */
export type Reach = "machine" | "internal" | "containers" | "network";

/** @param isContainer whether who connects is a container too: only there do names of services mean them. */
export function reachOf(host: string, isContainer: boolean, project: Project): Reach {
  if (isLoopback(host)) return "machine";
  const [found] = isContainer ? servicesNamed(host, project) : [];
  if (found === undefined) return "network";
  const { compose, service } = found;
  if (service.node.get("network_mode") !== undefined) return "network";
  const networks = service.networks.map((name) => compose.model.get("networks", name));
  if (networks.some((network) => ["overlay", "macvlan", "ipvlan"].includes(network?.get("driver")?.text ?? ""))) {
    return "network";
  }
  return networks.every((network) => network?.get("internal")?.text === "true") ? "internal" : "containers";
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return (
    ["", "localhost", "localhost.", "::1", "host.docker.internal", "gateway.docker.internal"].includes(name) ||
    (isIPv4(name) && name.startsWith("127."))
  );
}

export interface ServiceInProject {
  readonly compose: ComposeProject;
  readonly service: ComposeService;
}

/** The services of compose projects that are reached by this name. */
export function servicesNamed(host: string, project: Project): readonly ServiceInProject[] {
  return servicesByName(project).get(host) ?? [];
}

const servicesByName = onceAProject((project) => {
  const byName = new Map<string, ServiceInProject[]>();
  for (const compose of project.of("compose")) {
    for (const service of compose.services) {
      for (const name of namesOf(service)) {
        const found = byName.get(name);
        if (found === undefined) byName.set(name, [{ compose, service }]);
        else found.push({ compose, service });
      }
    }
  }
  return byName;
});

function namesOf({ name, node, networks }: ComposeService): ReadonlySet<string> {
  const aliases = networks.flatMap((each) => node.get("networks", each, "aliases")?.items() ?? []);
  const others = [node.get("container_name"), node.get("hostname"), ...aliases];
  return new Set([name, ...others.flatMap((each) => each?.text ?? [])]);
}

/** The mounts of containers that bring a file into them, by itself or with a folder that it lies in. */
export function mountsOf(path: string, project: Project) {
  return project.of("compose").flatMap((compose) =>
    compose.services.flatMap((service) =>
      service.mounts
        .filter(({ type, source, file }) => {
          if (type !== "bind") return false;
          if (file === path) return true;
          if (source === undefined || posix.isAbsolute(source) || source.startsWith("~")) return false;
          const folder = posix.join(posix.dirname(compose.files[0] ?? ""), source);
          return path === folder || path.startsWith(`${folder}/`);
        })
        .map((mount) => ({ compose, service, mount })),
    ),
  );
}

export function isInContainer(path: string, project: Project): boolean {
  return mountsOf(path, project).length > 0;
}
