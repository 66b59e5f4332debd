/** Changes to the tables that PostgreSQL tells of by itself, through the trigger of `sql-trigger`. */
import { PostgresListener } from "@espalier/service";
import type pg from "pg";
import { changeChannel } from "./trigger.ts";

/** Changes that come within this time of the first are one. */
const gatherMs = 50;
const listenTimeoutMs = 5_000;

/** Reports a change as well when the connection is back after it was away: those in between were missed. */
export class PostgresChanges {
  readonly #listener: PostgresListener;
  readonly #onChange: () => void;
  #gathering: NodeJS.Timeout | undefined;

  constructor(config: pg.ClientConfig, onChange: () => void) {
    this.#onChange = onChange;
    const limited = { ...config, query_timeout: listenTimeoutMs };
    this.#listener = new PostgresListener(limited, changeChannel, () => this.#gather());
  }

  /** Resolves after the first attempt to connect, which may have failed: then the others go on behind. */
  start(): Promise<void> {
    return this.#listener.start();
  }

  async stop(): Promise<void> {
    await this.#listener.stop();
    clearTimeout(this.#gathering);
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#onChange();
    }, gatherMs);
  }
}
