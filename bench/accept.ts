/**
 * Webhooks that are accepted a second, each durable before its sender hears of it, beside Debian's `webhook`, which runs a command for
 * each and keeps nothing.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import {
  ChildServer,
  freePort,
  runEspalier,
  startPostgres,
  type TemporaryDirectory,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import { processorSeconds } from "./process-figures.ts";
import { formatTable, median, whole } from "./table.ts";

const help = `npm run bench -- accept [--seconds 5] [--clients 16] [--streams 0] [--only sqlite|postgres|webhook] [--kill [webhooks] [kills]]

--streams opens so many streams of events, to which nothing is told.
--kill kills the service at random moments instead: 20 times during 10,000 webhooks, on each database.`;

const secret = "a secret of some length";
const apiKey = "an API key of some length";
const rounds = 3;
/** What is measured is a service that has run for a while: its first seconds go into compiling it. */
const warmUpSeconds = 10;

interface Measured {
  readonly name: string;
  readonly rates: number[];
  readonly durationsMs: number[];
  readonly processorMs: number[];
}

interface Target extends AsyncDisposable {
  readonly port: number;
  readonly path: string;
  readonly pid: number;
  readonly expects: number;
}

export async function benchAccept(parameters: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "5" },
      clients: { type: "string", default: "16" },
      streams: { type: "string", default: "0" },
      only: { type: "string" },
      kill: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(help);
  if (values.kill) return killing(positionals[0] ?? "10000", positionals[1] ?? "20");
  const [seconds, clients, streams] = [Number(values.seconds), Number(values.clients), Number(values.streams)];
  await using postgres =
    values.only === undefined || values.only === "postgres" ? await startPostgres({ isDurable: true }) : undefined;
  await using directory = await temporaryDirectory("bench");
  const targets = {
    sqlite: {
      name: "Espalier, SQLite",
      start: () => startEspalier(directory, `sqlite:${directory.file("espalier.db")}`, streams),
    },
    postgres: { name: "Espalier, PostgreSQL", start: () => startEspalier(directory, postgres!.url, streams) },
    webhook: { name: "webhook, which runs true and keeps nothing", start: () => startWebhook(directory) },
  };
  const chosen = Object.entries(targets).filter(([key]) => values.only === undefined || values.only === key);
  const measured = chosen.map(([, { name }]): Measured => ({ name, rates: [], durationsMs: [], processorMs: [] }));
  // In turns, so that what else goes on on the machine meets all of them.
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, { start }]] of chosen.entries()) {
      await using target = await start();
      await measure(target, { clients, seconds: warmUpSeconds });
      const { durations, processorMs } = await measure(target, { clients, seconds });
      measured[index]?.rates.push(durations.length / seconds);
      measured[index]?.durationsMs.push(...durations);
      measured[index]?.processorMs.push(processorMs);
    }
  }
  const rows = measured.map(({ name, rates, durationsMs, processorMs }) => {
    durationsMs.sort((one, other) => one - other);
    const at = (share: number) => `${(durationsMs[Math.floor((durationsMs.length - 1) * share)] ?? 0).toFixed(1)} ms`;
    return [name, whole(median(rates)), at(0.5), at(0.99), `${median(processorMs).toFixed(2)} ms`];
  });
  console.log(formatTable([`${clients} clients`, "accepted/s", "median", "p99", "processor each"], rows));
  console.log("\nTargets: at least as many as webhook while each is durable, p99 under 50 ms.");
}

async function measure(
  { port, path, pid, expects }: Target,
  { clients, seconds }: { clients: number; seconds: number },
) {
  const durations: number[] = [];
  const processorBefore = await processorSeconds(pid);
  const until = performance.now() + seconds * 1_000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = await HookClient.open(port, path);
      for (let now = performance.now(); now < until; now = performance.now()) {
        const statusCode = await client.post();
        if (statusCode !== expects) throw new Error(`a webhook was answered with ${statusCode}, and not ${expects}`);
        durations.push(performance.now() - now);
      }
      client.close();
    }),
  );
  const processor = (await processorSeconds(pid)) - processorBefore;
  return { durations, processorMs: (processor * 1_000) / durations.length };
}

let sent = 0;

/** One connection, one request at a time, and as little work as can be: what is measured is the other end. */
class HookClient {
  readonly #socket: Socket;
  readonly #head: string;
  #answer = Promise.withResolvers<number>();
  #received = "";

  constructor(socket: Socket, port: number, path: string) {
    this.#socket = socket;
    this.#head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", (error) => this.#answer.reject(error));
    socket.on("close", () => this.#answer.reject(new Error("the connection was closed")));
  }

  static async open(port: number, path: string): Promise<HookClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new HookClient(socket, port, path);
  }

  /** Resolves to the status code. */
  post(): Promise<number> {
    sent += 1;
    const body = JSON.stringify({
      number: sent,
      device: "e00fce68aabbccddeeff0011",
      battery: 3.71,
      text: "x".repeat(100),
    });
    const signature = createHmac("sha256", secret).update(body).digest("hex");
    this.#answer = Promise.withResolvers();
    this.#socket.write(
      `${this.#head}X-Hub-Signature-256: sha256=${signature}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return this.#answer.promise;
  }

  close(): void {
    this.#answer.promise.catch(() => undefined);
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const statusCode = Number(this.#received.slice(9, 12));
    this.#received = this.#received.slice(end + 4 + length);
    this.#answer.resolve(statusCode);
  }
}

async function startEspalier(directory: TemporaryDirectory, storeUrl: string, streams: number): Promise<Target> {
  const port = await freePort();
  const unlimited = { average: 10_000_000, burst: 10_000_000, ceiling: 10_000_000 };
  const configuration = {
    store: { url: storeUrl },
    metrics: { listen: "off" },
    log: { level: "error" },
    notify: {
      listen: `127.0.0.1:${port}`,
      canary: "off",
      apiKeys: [apiKey],
      sources: { generic: { secrets: [secret], limit: unlimited } },
    },
  };
  await writeFile(directory.file("espalier.yaml"), JSON.stringify(configuration));
  const server = runEspalier(["notify"], {}, directory, true);
  await server.ready(async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok === true);
  for (let number = 0; number < streams; number += 1) {
    const url = `http://127.0.0.1:${port}/events/stream?type=backend.down`;
    const { body } = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } });
    // Until the service ends.
    body?.pipeTo(new WritableStream()).catch(() => undefined);
  }
  return {
    ...{ port, path: "/hooks/generic", pid: server.pid, expects: 202 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startWebhook(directory: TemporaryDirectory): Promise<Target> {
  const port = await freePort();
  const hook = {
    id: "accept",
    "execute-command": "/bin/true",
    "http-methods": ["POST"],
    "trigger-rule": {
      match: { type: "payload-hmac-sha256", secret, parameter: { source: "header", name: "X-Hub-Signature-256" } },
    },
  };
  await writeFile(directory.file("hooks.json"), JSON.stringify([hook]));
  const parameters = ["-hooks", directory.file("hooks.json"), "-ip", "127.0.0.1", "-port", String(port), "-nopanic"];
  const server = new ChildServer("webhook", parameters, { discardsOutput: true });
  await until("webhook", async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined);
  return {
    ...{ port, path: "/hooks/accept", pid: server.pid, expects: 200 },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The test that kills the service, with other numbers. */
async function killing(webhooks: string, kills: string): Promise<void> {
  const vitest = new URL("../node_modules/vitest/vitest.mjs", import.meta.url).pathname;
  const test = "packages/notify/test/service-kill.test.ts";
  const child = new ChildServer(
    process.execPath,
    // Before the last option, which would take the file for its value: then every test there is would run.
    [vitest, "run", test, "--maxWorkers", "1", "--disable-console-intercept"],
    {
      environment: { ESPALIER_WEBHOOKS: webhooks, ESPALIER_KILLS: kills },
      workingDirectory: new URL("..", import.meta.url).pathname,
    },
  );
  const exitCode = await child.exited();
  console.log(child.log);
  if (exitCode !== 0) process.exitCode = 1;
}
