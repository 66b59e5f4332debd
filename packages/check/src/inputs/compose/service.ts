/** What rules ask of a service, whichever of its forms the file has. */
import type { ConfigNode } from "../config-node.ts";
import type { DotenvFile } from "../dotenv.ts";
import type { ComposeService } from "./compose-project.ts";
import { readEnvironment } from "./environment.ts";
import { readMounts } from "./mounts.ts";
import { readPorts } from "./ports.ts";

/** What a service names that lies in other files. */
export interface ServiceFiles {
  readonly envFiles: (service: ConfigNode) => readonly DotenvFile[];
  readonly fileOf: (source: string, node: ConfigNode) => string | undefined;
}

export function readService(name: string, node: ConfigNode, { envFiles, fileOf }: ServiceFiles): ComposeService {
  return {
    name,
    node,
    environment: readEnvironment(node, envFiles(node)),
    mounts: readMounts(node, fileOf),
    ports: readPorts(node),
    networks: readNetworks(node),
  };
}

function readNetworks(service: ConfigNode): readonly string[] {
  if (service.get("network_mode") !== undefined) return [];
  const networks = service.get("networks");
  const names = networks?.entries().map(([name]) => name) ?? [];
  const listed = networks?.items().flatMap(({ text }) => text ?? []) ?? [];
  return names.length + listed.length === 0 ? ["default"] : [...names, ...listed];
}
