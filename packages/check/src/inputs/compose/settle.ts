/** The last step of a merged compose model: repeated items become one, and each node gets the path where it is now. */
import type { ConfigNode, Key } from "../config-node.ts";
import { splitAssignment } from "./environment.ts";
import type { References } from "./fill-in.ts";
import { parseShortMount } from "./mounts.ts";
import { pattern } from "./pattern.ts";

/** What makes an item the same as another, by where it is: of two the later stays, in the place of the earlier. */
const identities: ReadonlyMap<string, (item: ConfigNode) => string | undefined> = new Map(
  Object.entries({
    "networks.*.ipam.options": assigned,
    "networks.*.labels": assigned,
    "services.*.annotations": assigned,
    "services.*.build.additional_contexts": assigned,
    "services.*.build.args": assigned,
    "services.*.build.labels": assigned,
    "services.*.build.tags": assigned,
    "services.*.cap_add": assigned,
    "services.*.cap_drop": assigned,
    "services.*.configs": (item) => mounted(item, ""),
    "services.*.deploy.labels": assigned,
    "services.*.devices": device,
    "services.*.dns": assigned,
    "services.*.dns_opt": assigned,
    "services.*.dns_search": assigned,
    "services.*.env_file": (item) => item.text ?? item.get("path")?.text,
    "services.*.environment": assigned,
    "services.*.expose": ({ text }) => text,
    "services.*.extra_hosts": ({ text }) => text,
    "services.*.labels": assigned,
    "services.*.links": assigned,
    "services.*.networks": ({ text }) => text,
    "services.*.networks.*.aliases": assigned,
    "services.*.networks.*.link_local_ips": assigned,
    "services.*.ports": port,
    "services.*.profiles": assigned,
    "services.*.secrets": (item) => mounted(item, "/run/secrets"),
    "services.*.sysctls": assigned,
    "services.*.tmpfs": assigned,
    "services.*.volumes": (item) =>
      item.text === undefined ? item.get("target")?.text : parseShortMount(item.text).target,
  }),
);

function assigned({ text }: ConfigNode): string | undefined {
  return text === undefined ? undefined : splitAssignment(text)[0];
}

function mounted(item: ConfigNode, folder: string): string | undefined {
  const source = item.text ?? item.get("source")?.text;
  return item.get("target")?.text ?? (source === undefined ? undefined : `${folder}/${source}`);
}

function device(item: ConfigNode): string | undefined {
  const [source, target] = item.text?.split(":") ?? [];
  return target ?? source ?? item.get("target")?.text;
}

function port(item: ConfigNode): string | undefined {
  if (item.text !== undefined) return item.text;
  const [target, published, host, protocol] = ["target", "published", "host_ip", "protocol"].map(
    (key) => item.get(key)?.text,
  );
  return `${host ?? "0.0.0.0"}:${published ?? ""}:${target}/${protocol ?? "tcp"}`;
}

/**
 * The model as it is in the end: an item that another takes the place of is gone, and each node has the path where it is now.
 * What is known of a node's variables goes with it.
 */
export function settle(node: ConfigNode, path: readonly Key[], references: References): ConfigNode {
  const { content } = node;
  let settled: ConfigNode["content"] = content;
  if (content instanceof Map) {
    let isSame = true;
    const members = new Map<string, ConfigNode>();
    for (const [name, member] of node.entries()) {
      const inner = settle(member, [...path, name], references);
      isSame &&= inner === member;
      members.set(name, inner);
    }
    if (!isSame) settled = members;
  } else if (Array.isArray(content)) {
    const items = distinct(node.items(), path).map((item, index) => settle(item, [...path, index], references));
    if (items.length !== content.length || items.some((item, index) => item !== content[index])) settled = items;
  }
  if (settled === content && isPath(node.path, path)) return node;
  const moved = node.with({ path, content: settled });
  const own = references.get(node);
  if (own !== undefined) references.set(moved, own);
  return moved;
}

function distinct(items: readonly ConfigNode[], path: readonly Key[]): readonly ConfigNode[] {
  const identity = items.length < 2 ? undefined : identities.get(pattern(path));
  if (identity === undefined) return items;
  const byIdentity = new Map<string | ConfigNode, ConfigNode>();
  for (const item of items) byIdentity.set(identity(item) ?? item, item);
  return [...byIdentity.values()];
}

function isPath(left: readonly Key[], right: readonly Key[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}
