/** The ways in which a server is lost: by a crash, by hanging, by a network that resets, by a network that swallows. */
import type { ChildServer } from "./child-server.ts";
import type { Relay } from "./relay.ts";

/** A server with the relay through which its clients reach it. */
export interface LosableServer {
  readonly process: ChildServer;
  readonly relay: Relay;
  restart(): Promise<void>;
}

export interface Fault {
  /** Resolves when the server is lost. */
  begin(server: LosableServer): Promise<void>;
  /** Makes it as it was. */
  end(server: LosableServer): Promise<void>;
}

export type FaultName = "killed" | "frozen" | "reset" | "black-holed";

export const faults: Readonly<Record<FaultName, Fault>> = {
  killed: {
    begin: async ({ process }) => {
      await process.kill();
    },
    end: (server) => server.restart(),
  },
  frozen: {
    begin: async ({ process }) => {
      process.suspend();
      await process.suspended();
    },
    end: async ({ process }) => process.resume(),
  },
  reset: {
    begin: async ({ relay }) => relay.reset(),
    end: async ({ relay }) => relay.restore(),
  },
  "black-holed": {
    begin: async ({ relay }) => relay.blackHole(),
    end: async ({ relay }) => relay.restore(),
  },
};

export const faultNames = Object.keys(faults) as FaultName[];
