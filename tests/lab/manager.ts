/** The manager as an administrator runs it: the command, in a process of its own, with a file of clusters, and people who use it. */
import { writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { ChildServer } from "./child-server.ts";
import { runEspalier, ServiceReports } from "./espalier.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface ManagerOptions {
  /** The file `config.yml`: `clusters`, and whatever other sections there are. Of where it will be served, without a path. */
  readonly configuration: object | ((origin: string) => object | Promise<object>);
  readonly environment?: Readonly<Record<string, string>>;
  /** `manager`, unless everything in the file is to run: `up`. */
  readonly command?: "manager" | "up";
}

export interface Manager extends AsyncDisposable {
  /** http://127.0.0.1:port, with the context path where there is one. */
  readonly url: string;
  readonly process: ChildServer;
  /** What it tells on its listener for health and metrics. */
  readonly reports: ServiceReports;
  /** Signs in by a bind. @throws Error that has the answer */
  signIn(cluster: string, name: string, password: string): Promise<ManagerClient>;
  /** Somebody who has not signed in. */
  readonly stranger: ManagerClient;
}

export interface Answered<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Asking {
  /** Sent as JSON, or as it is where `type` says what it is. */
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts it and waits until it answers and knows its clusters. */
export async function startManager({
  configuration,
  environment = {},
  command = "manager",
}: ManagerOptions): Promise<Manager> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("manager"));
  const [port, metricsPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const content = typeof configuration === "function" ? await configuration(origin) : configuration;
  await writeFile(directory.file("config.yml"), stringify(content));
  const process = cleanup.use(
    runEspalier(
      [command, "--config", "config.yml"],
      { PORT: String(port), METRICS_LISTEN: `127.0.0.1:${metricsPort}`, LOG_LEVEL: "INFO", ...environment },
      directory,
    ),
  );
  const url = `${origin}${environment.CONTEXT_PATH ?? ""}`;
  await process.ready(async () => {
    const health = await fetch(`${url}/health`).catch(() => undefined);
    return health?.status === 200 && ((await health.json()) as { status: string }).status === "healthy";
  }, 60_000);
  const resources = cleanup.move();
  return {
    ...{ url, process, stranger: new ManagerClient(url, {}) },
    reports: new ServiceReports(`http://127.0.0.1:${metricsPort}`),
    signIn: (cluster, name, password) => ManagerClient.signIn(url, { cluster, name, password }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A program that somebody has signed in with, or a stranger's. */
export class ManagerClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#headers = headers;
  }

  static async signIn(
    url: string,
    credentials: { readonly cluster: string; readonly name: string; readonly password: string },
  ): Promise<ManagerClient> {
    const answer = await new ManagerClient(url, {}).ask<{ csrfToken: string }>("POST /api/v1/session", {
      body: credentials,
    });
    if (answer.status !== 201) throw new Error(`Signing in: ${answer.status} ${JSON.stringify(answer.body)}`);
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    return new ManagerClient(url, { cookie, "x-csrf-token": answer.body.csrfToken });
  }

  /** `GET /api/v1/clusters`; the body as JSON where it is that. */
  async ask<Body = unknown>(request: string, { body, type, headers }: Asking = {}): Promise<Answered<Body>> {
    const answer = await this.fetch(request, {
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": type ?? "application/json" }) },
      ...(body === undefined ? {} : { body: type === undefined ? JSON.stringify(body) : (body as string) }),
    });
    const text = await answer.text();
    const isJson = /json\b/.test(answer.headers.get("content-type") ?? "") && !text.includes("}\n{");
    return { status: answer.status, headers: answer.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }

  /** As {@link ask}, of an answer that is 2xx. @throws Error that has the answer */
  async get<Body = Record<string, unknown>>(request: string, asking?: Asking): Promise<Body> {
    const { status, body } = await this.ask<Body>(request, asking);
    if (status < 200 || status > 299) throw new Error(`${request}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  /** The answer as it comes. */
  fetch(request: string, { headers, ...options }: RequestInit = {}): Promise<Response> {
    const [method = "GET", path = ""] = request.split(" ");
    const all = { ...this.#headers, ...(headers as Record<string, string> | undefined) };
    return fetch(`${this.#url}${path}`, { ...options, method, headers: all });
  }
}
