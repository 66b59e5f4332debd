/** Requests as tests send them. */
import {
  type Control,
  decodePagedResults,
  findControl,
  Oid,
  pagedResultsControl,
  type RequestOp,
  type SearchRequest,
} from "@espalier/ldap";
import type { Wire } from "@espalier/tests/lab";

export const dnOf = (uid: string): string => `uid=${uid},dc=example,dc=com`;

export function searchOf(baseObject: string, changes: Partial<SearchRequest> = {}): SearchRequest {
  return {
    ...{ type: "searchRequest", baseObject, scope: "baseObject", derefAliases: "neverDerefAliases", sizeLimit: 0 },
    ...{ timeLimit: 0, typesOnly: false, filter: { type: "present", attribute: "objectClass" }, attributes: [] },
    ...changes,
  };
}

export function modifyOf(object: string, description = "changed"): RequestOp {
  const modification = { type: "description", values: [Buffer.from(description)] };
  return { type: "modifyRequest", object, changes: [{ operation: "replace", modification }] };
}

export const bindOf = (name: string, password: string): RequestOp => ({
  ...{ type: "bindRequest", version: 3, name },
  authentication: { type: "simple", password: Buffer.from(password) },
});

export const saslBindOf = (mechanism: string, credentials?: string): RequestOp => ({
  ...{ type: "bindRequest", version: 3, name: "" },
  authentication: {
    ...{ type: "sasl", mechanism },
    credentials: credentials === undefined ? undefined : Buffer.from(credentials),
  },
});

export const extendedOf = (requestName: string, requestValue?: Uint8Array): RequestOp => ({
  ...{ type: "extendedRequest", requestName, requestValue },
});

export const pageOf = (size: number, cookie: Uint8Array = Buffer.alloc(0)): Control =>
  pagedResultsControl({ size, cookie });

/** The cookie of a page; empty after the last one. */
export function cookieOf(controls: readonly Control[]): Uint8Array {
  const control = findControl(controls, Oid.pagedResults);
  if (control === undefined) throw new Error("The answer has no paged results control");
  return decodePagedResults(control).cookie;
}

/** The result code and text that a request is answered with. */
export async function resultOf(
  client: Wire,
  op: RequestOp,
  controls: readonly Control[] = [],
): Promise<{ resultCode: number; diagnosticMessage: string }> {
  const { last } = await client.request(op, controls);
  const { protocolOp } = last;
  if (!("resultCode" in protocolOp)) throw new Error(`${protocolOp.type} is no result`);
  const { resultCode, diagnosticMessage } = protocolOp;
  return { resultCode, diagnosticMessage };
}

/** As whom the recording server says it ran a search: the description of the entries it answers with. */
export async function seenAs(client: Wire, target: string, controls: readonly Control[] = []): Promise<string> {
  const { entries, done } = await client.search(searchOf(target), controls);
  const [entry] = entries;
  if (entry === undefined) throw new Error(`The search ended with ${done.resultCode} ${done.diagnosticMessage}`);
  return Buffer.from(entry.attributes[0]?.values[0] ?? []).toString();
}
