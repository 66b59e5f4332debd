/** One of several processes that serve on a port: a gateway whose limits and back-off are the primary's. */
import type { CheckResult, EventSink, Metrics } from "@espalier/service";
import { AttemptKeys } from "../backoff/attempt.ts";
import type { GatewayConfig } from "../config.ts";
import type { SharedState } from "../gateway.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { RemoteLedger } from "./remote-ledger.ts";
import { SharedAdmission } from "./shared-admission.ts";

/** The worker's end of the IPC channel; `process` has it. */
export interface PrimaryChannel {
  readonly connected: boolean;
  send?(messages: readonly ToPrimary[], sent: () => void): boolean;
  on(event: "message", listener: (messages: readonly ToWorker[]) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
}

/** The secret that the primary's first message brings. */
export function startOf(channel: PrimaryChannel): Promise<Uint8Array> {
  return new Promise((resolve) => {
    channel.on("message", (messages) => {
      for (const message of messages) if (message.type === "start") resolve(Buffer.from(message.secret, "base64"));
    });
  });
}

export interface WorkerEvents {
  reload(): void;
  /** The primary is gone. */
  orphaned(): void;
  state(): Promise<{
    metrics: Awaited<ReturnType<Metrics["snapshot"]>>;
    checks: Readonly<Record<string, CheckResult>>;
  }>;
}

export class PrimaryLink {
  readonly shared: SharedState;
  /** The primary's. */
  readonly events: EventSink = { emit: (event) => this.#send({ type: "event", event }) };
  readonly #channel: PrimaryChannel;
  readonly #outbox: Outbox<ToPrimary>;
  readonly #ledger: RemoteLedger;

  /** @param secret the back-off's, the same in all processes of one primary. */
  constructor(channel: PrimaryChannel, config: GatewayConfig, secret: Uint8Array) {
    this.#channel = channel;
    // What cannot be sent any more has nobody to care: the channel's end is an event of its own.
    this.#outbox = new Outbox((messages) => channel.connected && channel.send?.(messages, () => {}));
    this.#ledger = new RemoteLedger((message) => this.#send(message));
    const admission = new SharedAdmission({
      maxConnections: config.limits.connections,
      maxConnectionsPerAddress: config.limits.connectionsPerAddress,
      processes: config.workers,
      tell: (address, count) => this.#send({ type: "connections", address, count }),
    });
    this.shared = { backoff: this.#ledger, attemptKeys: new AttemptKeys({ secret, ...config.backoff }), admission };
    channel.on("message", (messages) => {
      for (const message of messages) {
        if (message.type === "decision") this.#ledger.decided(message.id, message.decision);
        else if (message.type === "failures") this.#ledger.know(message.failures);
        else if (message.type === "connections") admission.setOthers(message.address, message.others);
      }
    });
  }

  serving(): void {
    this.#send({ type: "serving" });
  }

  /** Passes the primary's orders on. */
  listen(events: WorkerEvents): void {
    this.#channel.on("message", (messages) => {
      for (const message of messages) {
        if (message.type === "reload") events.reload();
        else if (message.type === "askState") {
          void events.state().then((state) => this.#send({ type: "state", id: message.id, ...state }));
        }
      }
    });
    this.#channel.on("disconnect", () => {
      this.#ledger.lost();
      events.orphaned();
    });
  }

  #send(message: ToPrimary): void {
    this.#outbox.add(message);
  }
}
