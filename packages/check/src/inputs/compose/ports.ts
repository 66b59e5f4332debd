/** Published ports of a service: `ports` in its short and in its long form. */
import type { ConfigNode } from "../config-node.ts";
import type { PublishedPort } from "./compose-project.ts";

export function readPorts(service: ConfigNode): readonly PublishedPort[] {
  return (service.get("ports")?.items() ?? []).flatMap((node) => {
    const port = node.kind === "map" ? readLongPort(node) : parseShortPort(node.text ?? "");
    return port === undefined ? [] : [{ ...port, node }];
  });
}

function readLongPort(node: ConfigNode): Omit<PublishedPort, "node"> | undefined {
  const target = firstPort(node.get("target")?.text);
  if (target === undefined) return undefined;
  return {
    published: firstPort(node.get("published")?.text),
    target,
    host: node.get("host_ip")?.text ?? "0.0.0.0",
    protocol: node.get("protocol")?.text ?? "tcp",
  };
}

const shortForm = /^(?:(?:(?<host>\[[^\]]*\]|[^:]*):)?(?<published>[\d-]*):)?(?<target>[\d-]+)(?:\/(?<protocol>\w+))?$/;
/** An IPv6 address without brackets, which compose takes as well. */
const bareIpv6 = /^(?<host>[\da-fA-F]*:[\da-fA-F:.]*):(?<published>[\d-]*):(?<target>[\d-]+)(?:\/(?<protocol>\w+))?$/;

/** `[[HOST:][PUBLISHED]:]TARGET[/PROTOCOL]`; undefined for what is none. */
function parseShortPort(text: string): Omit<PublishedPort, "node"> | undefined {
  const parts = (shortForm.exec(text) ?? bareIpv6.exec(text))?.groups;
  const target = firstPort(parts?.target);
  if (parts === undefined || target === undefined) return undefined;
  const host = parts.host?.replace(/^\[(.*)\]$/, "$1") ?? "";
  return {
    published: firstPort(parts.published),
    target,
    host: host === "" ? "0.0.0.0" : host,
    protocol: parts.protocol ?? "tcp",
  };
}

/** Of a range the first; undefined for none. */
function firstPort(text: string | undefined): number | undefined {
  const digits = /^\d+/.exec(text ?? "")?.[0];
  return digits === undefined ? undefined : Number(digits);
}
