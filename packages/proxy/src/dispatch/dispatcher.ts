/** The heart of the proxy: a session for each client connection. */
import type { ClientSession } from "../client/client-session.ts";
import type { ClientTransport } from "../client/client-transport.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import type { DispatchOptions } from "./dispatch-options.ts";
import { DispatchSession } from "./dispatch-session.ts";
import { identityMode } from "./identity/identity-mode.ts";

export interface Dispatcher {
  session(transport: ClientTransport): ClientSession;
}

export function createDispatcher(options: DispatchOptions): Dispatcher {
  const { identity, ...shared } = options;
  const context: DispatchContext = { ...shared, mode: identityMode(identity) };
  return { session: (transport) => new DispatchSession(context, transport) };
}
