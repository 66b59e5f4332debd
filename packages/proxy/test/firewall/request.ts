/** Requests as the firewall is asked about them, and clients that send them. */
import { type Control, parseFilter, type RequestOp, type SearchRequest } from "@espalier/ldap";
import { Firewall } from "../../src/firewall/firewall.ts";
import type { FirewallOptions, FirewallRule } from "../../src/firewall/rule.ts";
import type { ClientFacts } from "../../src/observe/operation-record.ts";
import { frameOf } from "../frame/arbitrary-frame.ts";

export const cleartextClient: ClientFacts = {
  id: 1,
  address: "10.0.5.7",
  port: 40_000,
  localAddress: "10.0.0.1",
  localPort: 389,
  listener: "ldap://0.0.0.0:389",
  tls: undefined,
};

export const encryptedClient: ClientFacts = {
  ...cleartextClient,
  localPort: 636,
  listener: "ldaps://0.0.0.0:636",
  tls: { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" },
};

export function search(
  base: string,
  filter: string,
  attributes: readonly string[] = ["cn"],
  scope: SearchRequest["scope"] = "wholeSubtree",
): SearchRequest {
  return {
    type: "searchRequest",
    baseObject: base,
    scope,
    derefAliases: "neverDerefAliases",
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: parseFilter(filter),
    attributes,
  };
}

export function simpleBind(name: string, password = "secret"): RequestOp {
  return {
    type: "bindRequest",
    version: 3,
    name,
    authentication: { type: "simple", password: Buffer.from(password) },
  };
}

export function extended(requestName: string, requestValue?: Uint8Array): RequestOp {
  return { type: "extendedRequest", requestName, requestValue };
}

export function add(entry: string, ...types: string[]): RequestOp {
  const attributes = types.map((type) => ({ type, values: [Buffer.from("x")] }));
  return { type: "addRequest", entry, attributes };
}

export function modify(object: string, ...types: string[]): RequestOp {
  const changes = types.map((type) => ({
    operation: "replace" as const,
    modification: { type, values: [Buffer.from("x")] },
  }));
  return { type: "modifyRequest", object, changes };
}

export function del(entry: string): RequestOp {
  return { type: "delRequest", entry };
}

export interface Asked {
  readonly client?: ClientFacts;
  readonly boundAs?: string;
  readonly controls?: readonly Control[];
}

export function firewall(...rules: FirewallRule[]): Firewall {
  return new Firewall({ rules, readOnly: false, requireConfidentiality: false });
}

/** `allowed`, or the name of the rule that refuses and the result code. */
export function verdict(
  firewall: Firewall,
  op: RequestOp,
  { client = encryptedClient, boundAs = "", controls = [] }: Asked = {},
): string {
  const frame = frameOf({ messageId: 5, protocolOp: op, controls });
  const decision = firewall.decide({ client, frame, boundAs });
  return decision.allow ? "allowed" : `${decision.rule}: ${decision.resultCode}`;
}

export function options(change: Partial<FirewallOptions>): FirewallOptions {
  return { rules: [], readOnly: false, requireConfidentiality: false, ...change };
}
