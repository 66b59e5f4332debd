/** What the control socket gives access to: the state of the proxy, and what an administrator may change while it runs. */
import type { Backend } from "../backend/backend.ts";
import type { ClientListeners } from "../client/client-listeners.ts";
import type { HygieneReport } from "../observe/hygiene-report.ts";
import { OperationTap } from "../observe/operation-tap.ts";
import { PcapngWriter } from "../observe/pcapng-writer.ts";
import type { Tap } from "../observe/tap.ts";
import type { Tiers } from "../routing/tiers.ts";
import type { WriteNode } from "../routing/write-node.ts";
import type { Controlled } from "./control-server.ts";
import { ControlRefusal, type ControlRequest } from "./protocol.ts";
import type { BackendStatus, ProxyStatus } from "./status.ts";

export interface ProxyControlOptions {
  readonly version: string;
  readonly startedAt: Date;
  /** As they are listened on. */
  readonly listening: readonly string[];
  readonly tiers: Tiers;
  readonly writeNode: WriteNode;
  readonly listeners: ClientListeners;
  readonly tap: Tap;
  readonly hygiene: HygieneReport;
}

type Request<Command extends ControlRequest["command"]> = Extract<ControlRequest, { command: Command }>;
type AdminCommand = "drain" | "ready" | "maint";

/** Whoever can use the socket. */
const actor = "administrator";

const taken: Readonly<Record<AdminCommand, string>> = {
  drain: "gets nothing new; what is under way there ends",
  ready: "gets work again when its checks say so",
  maint: "gets nothing new and is not checked",
};

export class ProxyControl implements Controlled {
  readonly #options: ProxyControlOptions;

  constructor(options: ProxyControlOptions) {
    this.#options = options;
  }

  answer(request: Exclude<ControlRequest, Request<"tap">>): Readonly<Record<string, unknown>> {
    switch (request.command) {
      case "status":
        return { status: this.#status() };
      case "hygiene":
        return { hygiene: this.#options.hygiene.rows() };
      case "drain":
      case "ready":
      case "maint":
        return { message: this.#setAdmin(this.#backend(request.backend), request.command) };
      case "weight":
        return { message: this.#setWeight(this.#backend(request.backend), request.weight) };
      case "failover":
        return { message: this.#failover(this.#backend(request.backend)) };
      case "kick":
        return { message: this.#kick(request) };
    }
  }

  tap(form: Request<"tap">["form"], send: (piece: Readonly<Record<string, unknown>>) => void): () => void {
    const sink =
      form === "messages"
        ? new OperationTap((message) => send({ message }))
        : new PcapngWriter((blocks) => send({ pcapng: Buffer.from(blocks).toString("base64") }));
    return this.#options.tap.subscribe(sink);
  }

  #status(): ProxyStatus {
    const { version, startedAt, listening, listeners, tiers, writeNode } = this.#options;
    return {
      version,
      pid: process.pid,
      startedAt: startedAt.toISOString(),
      listeners: listening,
      clients: listeners.size,
      isPanicking: tiers.isPanicking,
      ...(writeNode.current === undefined ? {} : { writeNode: writeNode.current.name }),
      tiers: tiers.tiers.map(({ strategy, backends }) => ({
        strategy: strategy.name,
        backends: backends.map(statusOf),
      })),
    };
  }

  #setAdmin({ name, state, connections }: Backend, admin: AdminCommand): string {
    state.setAdmin(admin);
    if (admin !== "ready") connections.drain();
    return `${name} ${taken[admin]}.`;
  }

  #setWeight(backend: Backend, weight: number): string {
    const before = backend.weight;
    backend.weight = weight;
    return `${backend.name} has weight ${weight}, it had ${before}; the next reload sets it as configured.`;
  }

  #failover(backend: Backend): string {
    try {
      this.#options.writeNode.choose(backend, actor);
    } catch (error) {
      throw error instanceof RangeError ? new ControlRefusal(error.message) : error;
    }
    return `Writes go to ${backend.name}.`;
  }

  #kick({ of, which }: Request<"kick">): string {
    if (of === "backend") {
      const { connections, name } = this.#backend(which);
      const { open } = connections;
      connections.kick({ code: "ERR_UPSTREAM_RETIRED", message: "An administrator closed the connection" });
      return `${open} connections to ${name} were closed.`;
    }
    const { listeners } = this.#options;
    const ids = [...listeners.connections()]
      .filter(({ id, address }) => (of === "client" ? String(id) === which : address === which))
      .map(({ id }) => id);
    if (ids.length === 0)
      throw new ControlRefusal(`There is no client ${of === "client" ? "connection" : "at"} ${which}.`);
    for (const id of ids) listeners.kick(id);
    return ids.length === 1 ? "1 client connection was closed." : `${ids.length} client connections were closed.`;
  }

  #backend(name: string): Backend {
    const { backends } = this.#options.tiers;
    const found = backends.find((backend) => backend.name === name);
    if (found !== undefined) return found;
    throw new ControlRefusal(`There is no backend ${name}: there are ${backends.map((each) => each.name).join(", ")}.`);
  }
}

function statusOf({ name, url, weight, state, connections }: Backend): BackendStatus {
  const { latencyMs } = connections;
  return {
    name,
    url,
    health: state.health,
    admin: state.admin,
    since: new Date(state.since).toISOString(),
    reason: state.reason,
    weight,
    slowStart: state.slowStart,
    connections: connections.open,
    pending: connections.pending,
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(state.lagMs === undefined ? {} : { lagMs: state.lagMs }),
    ...(state.isWritable === undefined ? {} : { isWritable: state.isWritable }),
  };
}
