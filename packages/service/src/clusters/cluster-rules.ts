/** What must agree across the keys of a cluster. */
import type { z } from "zod";
import { type ClusterPlace, clusterNodes, isLoopback } from "./nodes.ts";

interface CheckedCluster extends ClusterPlace {
  readonly readonly: boolean;
  readonly bind_dn?: string | undefined;
  readonly bind_password?: unknown;
  readonly shared_login?: unknown;
  readonly proxied_authorization: boolean;
  readonly canary?: unknown;
}

export function checkCluster(cluster: CheckedCluster, context: z.core.$RefinementCtx): void {
  const problem = (message: string, ...path: (string | number)[]) =>
    context.addIssue({ code: "custom", path, message, input: cluster });
  const { host, port, nodes, tls } = cluster;
  if (host === undefined && nodes === undefined) problem("is missing: name the server, or several as `nodes`", "host");
  if (host !== undefined && nodes !== undefined) problem("cannot be there together with `nodes`", "host");
  if (nodes !== undefined && port !== undefined) problem("belongs to each of the `nodes`", "port");

  const targets = clusterNodes(cluster);
  targets.forEach(({ name }, index) => {
    if (targets.findIndex((other) => other.name === name) !== index) {
      problem(`is another node of this cluster too: ${name}`, "nodes", index);
    }
  });

  const reached = targets.find(({ security, host }) => security === "none" && !isLoopback(host));
  if (reached !== undefined && !cluster.allow_cleartext) {
    const where = typeof tls === "object" ? ["tls", "mode"] : ["tls"];
    const text = `would send passwords to ${reached.name} in clear text: use starttls or ldaps, or set allow_cleartext`;
    problem(text, ...where);
  }
  if (typeof tls === "object") {
    const { cert_file: certificate, key_file: key } = tls as { cert_file?: string; key_file?: string };
    if (certificate !== undefined && key === undefined) problem("needs `key_file` beside it", "tls", "cert_file");
    if (certificate === undefined && key !== undefined) problem("needs `cert_file` beside it", "tls", "key_file");
  }

  const { bind_dn: account, bind_password: password } = cluster;
  if (cluster.shared_login !== undefined && account === undefined) {
    problem("needs `bind_dn`, the account that is shared", "shared_login");
  }
  if (cluster.proxied_authorization && (account === undefined || password === undefined)) {
    problem("needs `bind_dn` and `bind_password`, the account that acts for others", "proxied_authorization");
  }
  if (cluster.readonly && cluster.canary !== undefined) {
    problem("writes an entry, and the cluster is `readonly`: remove one of them", "canary");
  }
}
