/** Opens the connections of a pool: a few at a time, and after one that failed only when a back-off is over. */
import { ConnectBackoff } from "./connect-backoff.ts";
import type { Connector, Established } from "./connector.ts";
import type { HeaderEndpoint } from "./proxy-header.ts";
import type { UpstreamLost } from "./response-receiver.ts";
import { UpstreamUnavailable } from "./upstream-error.ts";

/** A backend that comes back is not met with the handshakes of all at once. */
const MAX_OPENING = 8;

export class ConnectionOpener {
  readonly #connector: Connector;
  readonly #backoff: ConnectBackoff;
  #opening = 0;
  #lastLost: UpstreamLost;

  constructor(name: string, connector: Connector, random: () => number) {
    this.#connector = connector;
    this.#backoff = new ConnectBackoff(random);
    this.#lastLost = { code: "ERR_UPSTREAM_CONNECT", message: `${name} is not connected yet` };
  }

  /** How many are being opened. */
  get opening(): number {
    return this.#opening;
  }

  get mayOpen(): boolean {
    return this.#opening < MAX_OPENING && this.backoffMs === 0;
  }

  /** How long nothing may be opened yet. */
  get backoffMs(): number {
    return this.#backoff.remainingMs(performance.now());
  }

  /** Why the last one that failed did. */
  get lastLost(): UpstreamLost {
    return this.#lastLost;
  }

  /** Where `mayOpen`. @throws {UpstreamUnavailable} */
  async open(source?: HeaderEndpoint): Promise<Established> {
    this.#opening++;
    try {
      const established = await this.#connector.connect(source);
      this.succeeded();
      return established;
    } catch (error) {
      if (error instanceof UpstreamUnavailable) this.#lastLost = error.lost;
      this.#backoff.failed(performance.now());
      throw error;
    } finally {
      this.#opening--;
    }
  }

  /** A connection came about, perhaps somebody else's. */
  succeeded(): void {
    this.#backoff.succeeded();
  }
}
