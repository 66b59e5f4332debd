/** The connection to a backend that health checks alone use: an answer on it says that the backend works, not that a pool is free. */
import type { Control, RequestOp } from "@espalier/ldap";
import type { Connector } from "./connector.ts";
import type { Latency } from "./latency.ts";
import type { UpstreamLost } from "./response-receiver.ts";
import {
  type UpstreamAnswer,
  UpstreamConnection,
  type UpstreamConnectionOptions,
  type UpstreamConnectionOwner,
} from "./upstream-connection.ts";
import { UpstreamUnavailable } from "./upstream-error.ts";

export class CheckConnection implements UpstreamConnectionOwner {
  readonly latency: Latency;
  outstanding = 0;
  readonly #connector: Connector;
  readonly #options: UpstreamConnectionOptions;
  readonly #onConnected: () => void;
  #connection: UpstreamConnection | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closedFor: UpstreamLost | undefined;

  constructor(connector: Connector, latency: Latency, options: UpstreamConnectionOptions, onConnected: () => void) {
    this.#connector = connector;
    this.latency = latency;
    this.#options = options;
    this.#onConnected = onConnected;
  }

  /**
   * One check runs after the other, and each has `timeoutMs` from its beginning, connecting included.
   *
   * @throws {UpstreamUnavailable} `ERR_UPSTREAM_HUNG` for no answer in time.
   */
  check(request: RequestOp, timeoutMs: number, controls: readonly Control[]): Promise<UpstreamAnswer> {
    const check = this.#last.then(() => this.#check(request, performance.now() + timeoutMs, controls));
    this.#last = check.catch(() => undefined);
    return check;
  }

  destroy(lost: UpstreamLost): void {
    this.#connection?.destroy(lost);
  }

  /** For good. */
  close(lost: UpstreamLost): void {
    this.#closedFor = lost;
    this.destroy(lost);
  }

  requestEnded(): void {}

  bindSilent(): void {}

  closed(): void {
    this.#connection = undefined;
  }

  async #check(request: RequestOp, deadlineMs: number, controls: readonly Control[]): Promise<UpstreamAnswer> {
    const existing = this.#connection;
    if (existing !== undefined) {
      try {
        return await this.#answer(existing, request, deadlineMs, controls);
      } catch (error) {
        // The backend may have closed what was idle, or have been restarted: a new connection tells.
        const isClosed = error instanceof UpstreamUnavailable && error.lost.code === "ERR_UPSTREAM_CLOSED";
        if (!isClosed || performance.now() >= deadlineMs) throw error;
      }
    }
    return this.#answer(await this.#connect(deadlineMs), request, deadlineMs, controls);
  }

  async #connect(deadlineMs: number): Promise<UpstreamConnection> {
    if (this.#closedFor !== undefined) throw new UpstreamUnavailable(this.#closedFor);
    const { socket } = await this.#connector.connect(undefined, Math.max(1, Math.ceil(deadlineMs - performance.now())));
    const connection = new UpstreamConnection(socket, this, this.#options);
    if (this.#closedFor !== undefined) connection.destroy(this.#closedFor);
    else this.#connection = connection;
    this.#onConnected();
    return connection;
  }

  async #answer(
    connection: UpstreamConnection,
    request: RequestOp,
    deadlineMs: number,
    controls: readonly Control[],
  ): Promise<UpstreamAnswer> {
    const timer = setTimeout(
      () => {
        const message = `${connection.backend} accepts connections and does not answer: it hangs`;
        connection.destroy({ code: "ERR_UPSTREAM_HUNG", message });
      },
      Math.max(0, deadlineMs - performance.now()),
    );
    try {
      return await connection.request(request, controls);
    } finally {
      clearTimeout(timer);
    }
  }
}
