/** What a pool is made with in tests, small limits and short times, and who asks it for connections. */
import {
  BackendConnections,
  type BackendConnectionsOptions,
  type SharedIdentity,
} from "../../src/upstream/backend-connections.ts";
import type { ConnectionIdentity } from "../../src/upstream/connection-identity.ts";
import { simpleBind } from "./requests.ts";

export function poolOptions(url: string, changes: Partial<BackendConnectionsOptions> = {}): BackendConnectionsOptions {
  return {
    name: "a",
    url,
    startTls: false,
    tls: { verify: true },
    connectTimeoutMs: 2_000,
    checkTimeoutMs: 2_000,
    maxConnections: 8,
    sharedConnections: 2,
    bindConnections: 2,
    maxPending: 100,
    maxAgeMs: 3_600_000,
    keepAliveMs: 60_000,
    resolveIntervalMs: 30_000,
    maxMessageBytes: 1 << 20,
    sendsProxyHeader: false,
    ...changes,
  };
}

/** Disposing of it ends all its connections. */
export class TestPool extends BackendConnections implements AsyncDisposable {
  constructor(url: string, changes: Partial<BackendConnectionsOptions> = {}) {
    super(poolOptions(url, changes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A deadline, so far from now. */
export function inMs(durationMs: number): number {
  return performance.now() + durationMs;
}

export const anonymous = { kind: "anonymous" } as const;
export const service = { kind: "service" } as const;
/** Of the proxy itself. */
export const account = { dn: "cn=proxy", password: Buffer.from("secret") };

export function user(name: string): SharedIdentity & { kind: "user" } {
  return { kind: "user", key: name, credentials: { name, request: simpleBind(name, "secret") } };
}

export function identityOf({ key }: { key: string }): ConnectionIdentity {
  return { kind: "user", key };
}
