/** What Docker refuses in a project whose every file is right: names that lead nowhere, services that nothing can start. */

import { nearestWord } from "@espalier/service/plain";
import { type ConfigNode, formatPath } from "../config-node.ts";
import { InputError } from "../source-file.ts";
import type { ComposeService } from "./compose-project.ts";

export function* inconsistencies(model: ConfigNode, services: readonly ComposeService[]): Generator<InputError> {
  const names = (kind: string) =>
    model
      .get(kind)
      ?.entries()
      .map(([name]) => name) ?? [];
  const known = {
    service: names("services"),
    network: [...names("networks"), "default"],
    volume: names("volumes"),
    secret: names("secrets"),
    config: names("configs"),
  };
  for (const service of services) {
    const { name, node } = service;
    if (["image", "build", "provider"].every((key) => node.get(key) === undefined)) {
      yield new InputError(`service ${name} has neither an image nor a build`, node.keyLocation ?? node.location);
    }
    if (node.get("network_mode") !== undefined && node.get("networks") !== undefined) {
      const message = `service ${name} has both network_mode and networks, of which only one may be given`;
      yield new InputError(message, node.get("network_mode")?.location);
    }
    for (const [kind, to, at] of references(service)) {
      if (known[kind].includes(to)) continue;
      const nearest = nearestWord(to, known[kind]);
      const hint = nearest === undefined ? "" : `; is ${nearest} meant?`;
      const path = formatPath(at.path);
      yield new InputError(
        `${path} names the ${kind} ${to}, which the project does not have${hint}`,
        at.text === undefined ? (at.keyLocation ?? at.location) : at.location,
      );
    }
  }
}

type Kind = "service" | "network" | "volume" | "secret" | "config";

function* references({ node, mounts, networks }: ComposeService): Generator<readonly [Kind, string, ConfigNode]> {
  for (const [name, at] of namesIn(node.get("depends_on"))) {
    if (at.get("required")?.scalar !== false) yield ["service", name, at];
  }
  const mode = node.get("network_mode");
  const shared = /^service:(.+)$/.exec(mode?.text ?? "")?.[1];
  if (mode !== undefined && shared !== undefined) yield ["service", shared, mode];
  if (networks.length > 0) for (const [name, at] of namesIn(node.get("networks"))) yield ["network", name, at];
  for (const { type, source, node: at } of mounts)
    if (type === "volume" && source !== undefined) yield ["volume", source, at];
  for (const kind of ["secret", "config"] as const) {
    for (const item of node.get(`${kind}s`)?.items() ?? []) {
      const source = item.text ?? item.get("source")?.text;
      if (source !== undefined) yield [kind, source, item];
    }
  }
}

/** Of a list of names or a map by name. */
function namesIn(node: ConfigNode | undefined): readonly (readonly [string, ConfigNode])[] {
  return [...(node?.entries() ?? []), ...(node?.items() ?? []).map((item) => [item.text ?? "", item] as const)];
}
