/** Starts a server for one test and stops it afterwards. */
import { onTestFinished } from "vitest";
import type { LdapServer, LdapServerOptions } from "../../src/server/index.ts";
import { createLdapServer } from "../../src/server/index.ts";
import { RawClient } from "./raw-client.ts";

export interface Running<State> {
  readonly server: LdapServer<State>;
  readonly port: number;
  /** A client that is gone when the test is. */
  client(): Promise<RawClient>;
}

export async function start<State>(options: LdapServerOptions<State>): Promise<Running<State>> {
  const server = createLdapServer(options);
  onTestFinished(() => server.close());
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    server,
    port,
    async client() {
      const client = await RawClient.connect(port);
      onTestFinished(() => client.destroy());
      return client;
    },
  };
}

/** A promise that the test settles. */
export interface Deferred<Value = void> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
}

export function deferred<Value = void>(): Deferred<Value> {
  return Promise.withResolvers<Value>();
}

/** Named gates: a handler waits at one until the test opens it. */
export class Gates {
  readonly #gates = new Map<string, { reached: Deferred; opened: Deferred }>();

  #gate(name: string) {
    let gate = this.#gates.get(name);
    if (gate === undefined) {
      gate = { reached: deferred(), opened: deferred() };
      this.#gates.set(name, gate);
    }
    return gate;
  }

  /** For the handler. */
  pass(name: string): Promise<void> {
    this.#gate(name).reached.resolve();
    return this.#gate(name).opened.promise;
  }

  /** For the test: resolves when the handler waits there. */
  reached(name: string): Promise<void> {
    return this.#gate(name).reached.promise;
  }

  open(name: string): void {
    this.#gate(name).opened.resolve();
  }
}

/** Resolves when `condition` holds, asking again in each turn of the event loop; rejects after `deadlineMs`. */
export async function eventually(condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not so within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves when `count` has grown and then stayed the same for a hundred turns of the event loop. */
export async function untilStill(count: () => number): Promise<void> {
  let last = count();
  let still = 0;
  await eventually(() => {
    still = count() === last && last > 0 ? still + 1 : 0;
    last = count();
    return still === 100;
  });
}
