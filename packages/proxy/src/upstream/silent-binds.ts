/**
 * Binds that are not answered for some time: a person may be confirming a second factor, or the backend hangs. Nothing may be
 * sent behind a bind to find out, so the backend is asked on another connection.
 */
import type { UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamUnavailable } from "./upstream-error.ts";

export class SilentBinds {
  readonly #ask: () => Promise<unknown>;
  /** Those that wait for the answer to the question that was asked. */
  #asking: Set<UpstreamConnection> | undefined;

  /** `ask` rejects with {@link UpstreamUnavailable} when the backend does not answer. */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  async add(connection: UpstreamConnection): Promise<void> {
    if (this.#asking !== undefined) {
      this.#asking.add(connection);
      return;
    }
    const asking = new Set([connection]);
    this.#asking = asking;
    try {
      await this.#ask();
      const nowMs = performance.now();
      for (const each of asking) each.backendAnswered(nowMs);
    } catch (error) {
      const message = `${connection.backend} answers neither a bind nor a check: ${(error as UpstreamUnavailable).message}`;
      for (const each of asking) each.destroy({ code: "ERR_UPSTREAM_HUNG", message });
    } finally {
      this.#asking = undefined;
    }
  }
}
