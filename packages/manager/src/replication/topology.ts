/** Who sends changes to whom, as the servers themselves say. */

interface Endpoint {
  /** Where it is one of the cluster's. */
  readonly node?: string;
  /** `HOST:PORT`, as the server that spoke of it calls it. */
  readonly address: string;
}

export interface Edge {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** `syncrepl`: the receiver asks (RFC 4533); `agreement`: the sender sends. */
  readonly kind: "syncrepl" | "agreement";
  readonly status: "ok" | "broken" | "disabled" | "unknown";
  /** What the server says of it. */
  readonly detail?: string;
}

interface NodeAddress {
  readonly name: string;
  /** `ldaps://ldap1.example.com:636` */
  readonly url: string;
}

/** A provider of a node, or a consumer that it sends to. */
export interface Link {
  readonly url: string;
  readonly kind: Edge["kind"];
  readonly status: Edge["status"];
  readonly detail?: string;
}

export interface NodeLinks {
  readonly node: NodeAddress;
  /** `undefined` where the node does not say. */
  readonly links: readonly Link[] | undefined;
}

/** Edges that nodes speak of, and no others. */
export function edgesOf(nodes: readonly NodeLinks[]): Edge[] {
  const addresses = nodes.map(({ node }) => node);
  return nodes.flatMap(({ node, links = [] }) => {
    const own: Endpoint = { node: node.name, address: addressOf(node.url) };
    return links.map(({ url, kind, status, detail }): Edge => {
      const other = endpointOf(url, addresses);
      const ends = kind === "syncrepl" ? { from: other, to: own } : { from: own, to: other };
      return { ...ends, kind, status, ...(detail === undefined ? {} : { detail }) };
    });
  });
}

/**
 * The node that a URL means. Configuration may reach a server on another port than the others do (389 and 636), so a host that
 * only one node is on means that one, whatever the port.
 */
function endpointOf(url: string, nodes: readonly NodeAddress[]): Endpoint {
  const address = addressOf(url);
  const same = nodes.filter((node) => addressOf(node.url) === address);
  const onHost = nodes.filter((node) => hostOf(addressOf(node.url)) === hostOf(address));
  const [node] = same.length > 0 ? same : onHost.length === 1 ? onHost : [];
  return node === undefined ? { address } : { node: node.name, address };
}

/** `HOST:PORT` in lower case, with the scheme's port where it names none; what is no LDAP URL stays as it is. */
export function addressOf(url: string): string {
  const [, scheme, rest = ""] = /^(ldaps?):\/\/([^/?#]*)/i.exec(url.trim()) ?? [];
  if (scheme === undefined) return url.trim().toLowerCase();
  const hasPort = /(?:^|[^:]|\]):\d+$/.test(rest);
  return (hasPort ? rest : `${rest}:${scheme.toLowerCase() === "ldaps" ? 636 : 389}`).toLowerCase();
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}
