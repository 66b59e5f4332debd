/** One of several processes that serve on a port: a gateway whose limits and back-off are the primary's. */
import type { CheckResult, EventSink, Metrics } from "@espalier/service";
import { AttemptKeys, type BindAttempt } from "../backoff/attempt.ts";
import type { BackoffDecision, BackoffLedger } from "../backoff/ledger.ts";
import type { GatewayConfig } from "../config.ts";
import type { SharedState } from "../gateway.ts";
import type { ToPrimary, ToWorker } from "./messages.ts";
import { Outbox } from "./outbox.ts";
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
      changed: (address, change) => this.#send({ type: "connection", address, change }),
    });
    this.shared = { backoff: this.#ledger, attemptKeys: new AttemptKeys({ secret, ...config.backoff }), admission };
    channel.on("message", (messages) => {
      for (const message of messages) {
        if (message.type === "decision") this.#ledger.decided(message.id, message.decision);
        else if (message.type === "connections")
          admission.setOthers(message.others, message.address, message.othersFromAddress);
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

/** The primary's ledger, asked over the channel. */
class RemoteLedger implements BackoffLedger {
  readonly #send: (message: ToPrimary) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<BackoffDecision>>();
  #isLost = false;
  #lastId = 0;

  constructor(send: (message: ToPrimary) => void) {
    this.#send = send;
  }

  /** Rejects when the primary is gone: without it nobody can say. */
  check(attempt: BindAttempt): BackoffDecision | Promise<BackoffDecision> {
    // No rule is applied to it, so nobody need be asked.
    if (attempt.exempt) return { allowed: true };
    if (this.#isLost) return Promise.reject(new Error(primaryGone));
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<BackoffDecision>();
    this.#waiting.set(id, waiting);
    this.#send({ type: "check", id, attempt });
    return waiting.promise;
  }

  decided(id: number, decision: BackoffDecision): void {
    this.#waiting.get(id)?.resolve(decision);
    this.#waiting.delete(id);
  }

  lost(): void {
    this.#isLost = true;
    for (const { reject } of this.#waiting.values()) reject(new Error(primaryGone));
    this.#waiting.clear();
  }

  failed(attempt: BindAttempt): void {
    this.#ended("failed", attempt);
  }

  succeeded(attempt: BindAttempt): void {
    this.#ended("succeeded", attempt);
  }

  unverified(attempt: BindAttempt): void {
    this.#ended("unverified", attempt);
  }

  #ended(how: "failed" | "succeeded" | "unverified", attempt: BindAttempt): void {
    if (!attempt.exempt) this.#send({ type: "bindEnded", how, attempt });
  }
}

const primaryGone = "the primary process is gone";
