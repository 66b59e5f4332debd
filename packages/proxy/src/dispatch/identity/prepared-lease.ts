/** A leased connection with a known identity: bound first where it has another. RFC 4511 §4.2; RFC 4513 §4. */
import { type BindRequest, ResultCode } from "@espalier/ldap";
import type { Backend } from "../../backend/backend.ts";
import type { ProxySource } from "../../upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../../upstream/connection-identity.ts";
import type { UpstreamConnection } from "../../upstream/upstream-connection.ts";
import { UpstreamBindRefused } from "../../upstream/upstream-error.ts";
import { Lease } from "../lease.ts";
import { isSameIdentity } from "./same-identity.ts";

export interface LeaseOptions {
  readonly backend: Backend;
  readonly identity: ConnectionIdentity;
  /** The bind that gives a connection this identity. */
  readonly request: BindRequest;
  readonly client: object;
  readonly deadlineMs: number;
  readonly source: ProxySource;
}

export const anonymousBind: BindRequest = {
  type: "bindRequest",
  version: 3,
  name: "",
  authentication: { type: "simple", password: new Uint8Array(0) },
};

/** @throws {UpstreamBindRefused} */
export function preparedLease(options: LeaseOptions): Lease | Promise<Lease> {
  const { backend, identity, client, deadlineMs, source } = options;
  const connection = backend.connections.lease(identity, client, deadlineMs, source);
  return connection instanceof Promise
    ? connection.then((connection) => prepare(connection, options))
    : prepare(connection, options);
}

function prepare(connection: UpstreamConnection, options: LeaseOptions): Lease | Promise<Lease> {
  const lease = new Lease(options.backend, connection);
  return isSameIdentity(connection.identity, options.identity) ? lease : bind(lease, options);
}

async function bind(lease: Lease, { identity, request }: LeaseOptions): Promise<Lease> {
  const { backend, connection } = lease;
  connection.identity = { kind: "unknown" };
  try {
    const { result } = await connection.request(request);
    if (result.resultCode === ResultCode.success) {
      connection.identity = identity;
      return lease;
    }
    const { resultCode, diagnosticMessage } = result;
    const message = `${backend.name} refused a bind of the proxy's with result code ${resultCode}`;
    throw new UpstreamBindRefused(message, resultCode, diagnosticMessage);
  } catch (error) {
    lease.release();
    throw error;
  }
}
