/** The whole proxy in this process, as the command makes it: for tests of its life and of what an administrator does to it. */
import { writeFileSync } from "node:fs";
import {
  createHealth,
  createLog,
  createMetrics,
  type HealthReport,
  loadConfiguration,
  type NewEvent,
} from "@espalier/service";
import { type TemporaryDirectory, temporaryDirectory } from "../../../tests/lab/temporary-directory.ts";
import { type ProxyConfig, proxySection } from "../src/config.ts";
import { askProxy, type ControlMessage } from "../src/control/control-client.ts";
import type { ControlRequest } from "../src/control/protocol.ts";
import type { ProxyStatus } from "../src/control/status.ts";
import { LdapProxy } from "../src/service.ts";

export class RunningProxy implements AsyncDisposable {
  readonly events: NewEvent[] = [];
  readonly log: string[] = [];
  readonly folder: TemporaryDirectory;
  readonly #health = createHealth({ version: "1.2.3" });
  readonly #metrics = createMetrics();
  readonly #proxy: LdapProxy;

  private constructor(folder: TemporaryDirectory, written: object) {
    this.folder = folder;
    this.#proxy = new LdapProxy({
      config: this.#config(written),
      log: createLog({ destination: (line) => this.log.push(line) }).logger("proxy"),
      events: { emit: (event) => void this.events.push(event) },
      health: this.#health,
      metrics: this.#metrics,
      version: "1.2.3",
    });
  }

  /** `written` is the section without `listen` and `control`; `folder` is one of an earlier proxy. */
  static async start(written: object, folder?: TemporaryDirectory): Promise<RunningProxy> {
    const proxy = new RunningProxy(folder ?? (await temporaryDirectory("proxy")), written);
    await proxy.#proxy.start(new AbortController().signal);
    return proxy;
  }

  get url(): string {
    return this.#proxy.listening[0]!;
  }

  reload(written: object): Promise<void> {
    return this.#proxy.reload(this.#config(written));
  }

  ask(request: ControlRequest): Promise<ControlMessage> {
    return askProxy(this.folder.file("proxy.sock"), request);
  }

  async status(): Promise<ProxyStatus> {
    return (await this.ask({ command: "status" })).status as ProxyStatus;
  }

  healthReport(): Promise<HealthReport> {
    return this.#health.report();
  }

  metrics(): Promise<string> {
    return this.#metrics.text();
  }

  /** Ends it and leaves its folder. */
  drain(): Promise<void> {
    return this.#proxy.drain(new AbortController().signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    await this.folder[Symbol.asyncDispose]();
  }

  #config(written: object): ProxyConfig {
    const file = this.folder.file("espalier.yaml");
    const fixed = { listen: ["ldap://127.0.0.1:0"], control: this.folder.file("proxy.sock") };
    // JSON is YAML too.
    writeFileSync(file, JSON.stringify({ proxy: { ...fixed, ...written } }));
    return loadConfiguration({ file, environment: {}, sections: [proxySection] }).values.proxy;
  }
}
