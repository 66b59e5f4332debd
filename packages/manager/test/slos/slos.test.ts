import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createLog } from "@espalier/service";
import {
  createCertificateAuthority,
  type Prometheus as PrometheusServer,
  requirePrograms,
  startSloPrometheus,
  temporaryDirectory,
  until,
} from "@espalier/tests/lab";
import Fastify from "fastify";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { serveApi } from "../../src/api/serve.ts";
import type { Session } from "../../src/sessions/session.ts";
import { prometheusConfig } from "../../src/slos/config.ts";
import type { ObjectiveJson } from "../../src/slos/objectives.ts";
import { sloPart } from "../../src/slos/part.ts";
import { Prometheus } from "../../src/slos/prometheus.ts";
import { SloReader } from "../../src/slos/slo-reader.ts";

/** The names of our own definition file. */
const definitions = await readFile(new URL("../../../../deploy/slo/espalier.yaml", import.meta.url), "utf8");
const shipped = [...definitions.matchAll(/^ {2}- name: (\S+)$/gm)].map(([, name]) => name).sort();
const describe = requirePrograms({ prometheus: "prometheus", promtool: "prometheus", openssl: "openssl" });
const { logger: quiet } = createLog({ destination: () => undefined });

function sessionOf(...actions: readonly string[]): Session {
  const may = (action: string, cluster: string) => cluster === "west" && actions.includes(action);
  return { id: "s", name: "uid=ann", clusters: ["east", "west"], may } as unknown as Session;
}

interface Slos {
  readonly state: string;
  readonly problem?: string | undefined;
  readonly objectives: readonly ObjectiveJson[];
}

function serve(reader: SloReader | undefined, session = sessionOf("audit")) {
  const app = Fastify();
  const [closing, logger] = [new AbortController().signal, quiet("test")];
  serveApi(app, { parts: [sloPart({ reader })], prefix: "", authenticate: async () => session, closing, logger });
  onTestFinished(() => app.close());
  return async <Body = Slos>(url: string): Promise<Body> => (await app.inject(url)).json<Body>();
}

const readerOf = async (config: { readonly url: string; readonly caFile?: string }, now = Date.now) =>
  new SloReader({ prometheus: await Prometheus.create(prometheusConfig.parse(config)), now });

describe("promises", () => {
  const resources = new AsyncDisposableStack();
  let prometheus: PrometheusServer;
  let slos: Slos;

  beforeAll(async () => {
    prometheus = resources.use(await startSloPrometheus());
    const named = `slo:budget_remaining:ratio{slo="webhook-latency"}`;
    const firing = `ALERTS{alertname="WebhookAvailabilityBudgetBurn",alertstate="firing"}`;
    await until("the rules to be evaluated", async () => {
      const found = await Promise.all([prometheus.query(named), prometheus.query(firing)]);
      return found.every(({ length }) => length > 0);
    });
    slos = await (await readerOf({ url: prometheus.url })).read();
  });
  afterAll(() => resources.disposeAsync());

  const objective = (name: string) => slos.objectives.find((each) => each.name === name)!;
  const windowOf = ({ windows }: ObjectiveJson, window: string) => windows.find((each) => each.window === window)!;

  it("each that the rules have is there, with what is promised", () => {
    expect(slos.state).toBe("known");
    expect(slos.objectives.map(({ name }) => name)).toEqual(shipped);
    const { windows, alerts, attained, budgetLeft, events, ...promise } = objective("webhook-availability");
    expect(promise).toEqual({
      name: "webhook-availability",
      description: "Webhooks from senders with valid credentials get an answer other than 5xx.",
      ...{ period: "30d", target: 0.999 },
    });
    expect(windows.map(({ window }) => window)).toEqual(["5m", "30m", "1h", "2h", "6h", "1d", "3d"]);
  });

  it("what is left of a budget is what failed of what may fail, and what burns too fast is told with its alerts", () => {
    const { attained, budgetLeft, events, ...inDanger } = objective("webhook-availability");
    // 3,180 of 4.3 million have failed; 4,316 may.
    expect(events).toBeCloseTo(4.317e6, -5);
    expect(budgetLeft).toBeGreaterThan(0.2);
    expect(budgetLeft).toBeLessThan(0.35);
    expect(attained).toBeCloseTo(1 - (1 - budgetLeft!) * 0.001, 9);
    expect(windowOf(inDanger as ObjectiveJson, "30m").burnRate).toBeCloseTo(30, 0);
    const pages = inDanger.alerts.filter(({ severity }) => severity === "page");
    expect(pages.map(({ window, state }) => ({ window, state }))).toContainEqual({ window: "1h", state: "firing" });
    expect(inDanger.alerts[0]).toMatchObject({ state: "firing", since: expect.any(Number) });
    expect(pages[0]!.summary).toMatch(/^webhook-availability: the error budget of 30d is spent \S+ times too fast$/);
  });

  it("a promise that is broken has less than nothing left, and one that is kept has all of it", () => {
    const broken = objective("webhook-latency");
    expect(broken.budgetLeft).toBeCloseTo(-0.6, 2);
    expect(broken.attained).toBeCloseTo(0.92, 3);
    const kept = objective("gateway-search-availability");
    expect({ ...kept, windows: [], events: 0 }).toEqual({
      name: "gateway-search-availability",
      description: "The gateway answers searches, from its snapshot where the database is away.",
      ...{ period: "30d", target: 0.999, attained: 1, budgetLeft: 1, events: 0, windows: [], alerts: [] },
    });
    expect(windowOf(kept, "1h")).toEqual({ window: "1h", burnRate: 0, events: expect.closeTo(3_600, -2) });
  });

  it("where nothing was counted nothing is known: neither good nor bad", () => {
    const { windows, ...never } = objective("proxy-availability");
    expect(never).toEqual({
      name: "proxy-availability",
      description: "The proxy finds a backend for each operation, and brings its answer.",
      ...{ period: "30d", target: 0.999, alerts: [] },
    });
    expect(windows.every((each) => each.burnRate === undefined && each.events === undefined)).toBe(true);
    const silent = objective("gateway-bind-availability");
    expect(silent.budgetLeft).toBe(1);
    expect(windowOf(silent, "1h")).toEqual({ window: "1h", events: 0 });
  });

  it("a week of what was left is there in equal steps, with gaps where nobody knows", async () => {
    const ask = serve(await readerOf({ url: prometheus.url }));
    const history = await ask<{
      readonly stepMs: number;
      readonly objectives: readonly { readonly name: string; readonly budgetLeft: readonly (number | null)[] }[];
    }>("/slos/history?range=week");
    const left = (name: string) => history.objectives.find((each) => each.name === name)?.budgetLeft ?? [];
    expect(history.stepMs).toBe((7 * 86_400_000) / 120);
    expect(left("webhook-latency")).toHaveLength(121);
    expect(left("webhook-latency")[60]).toBeCloseTo(-0.1, 1);
    expect(left("gateway-bind-availability").slice(0, 120)).toEqual(Array(120).fill(null));
  });

  it("for everybody who looks at the same time it is asked once", async () => {
    let asked = 0;
    const counting = createServer(async (request, response) => {
      asked += 1;
      const answer = await fetch(`${prometheus.url}${request.url}`);
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    const url = await listening(counting);
    let time = 1_000_000;
    const reader = await readerOf({ url }, () => time);
    await Promise.all([reader.read(), reader.read()]);
    time += 4_999;
    await reader.read();
    expect(asked).toBe(2);
    time += 1;
    await reader.read();
    expect(asked).toBe(4);
  });

  it("its certificate is verified, by the authority that is configured", async () => {
    const directory = resources.use(await temporaryDirectory("slos"));
    const authority = await createCertificateAuthority(directory.path);
    const { certificate, privateKey } = await authority.issue("prometheus", ["127.0.0.1"]);
    const server = createSecureServer(
      { cert: await readFile(certificate), key: await readFile(privateKey) },
      async (request, response) => response.end(await (await fetch(`${prometheus.url}${request.url}`)).text()),
    );
    const url = await listening(server, "https");
    const trusting = await (await readerOf({ url, caFile: authority.certificate })).read();
    expect({ state: trusting.state, count: trusting.objectives.length }).toEqual({
      ...{ state: "known", count: shipped.length },
    });
    expect(await (await readerOf({ url })).read()).toEqual({
      ...{ state: "away", objectives: [] },
      problem: `Prometheus (${url}/) does not answer: its certificate is of no trusted authority, so name that in manager.prometheus.caFile.`,
    });
  });

  it("a path before it, where a proxy gives it one, is kept; what is no Prometheus is called that", async () => {
    const seen: (string | undefined)[] = [];
    const url = await listening(
      createServer((request, response) => {
        seen.push(request.url);
        response.end("<html>Sign in</html>");
      }),
    );
    const answer = await (await readerOf({ url: `${url}/metrics` })).read();
    expect(seen).toContain("/metrics/api/v1/rules");
    expect(answer.problem).toBe(`What answers at ${url}/metrics/ (with 200) is not Prometheus: correct the URL.`);
  });

  it("where it is away that is said, and nothing is called well", async () => {
    const gone = createServer();
    const { port } = new URL(await listening(gone));
    await new Promise((resolve) => gone.close(resolve));
    const ask = serve(await readerOf({ url: `http://127.0.0.1:${port}` }));
    expect(await ask("/slos")).toEqual({
      ...{ state: "away", objectives: [] },
      problem: `Prometheus (http://127.0.0.1:${port}/) does not answer: connect ECONNREFUSED 127.0.0.1:${port}.`,
    });
    expect(await ask("/slos/history")).toMatchObject({ state: "away", objectives: [] });
  });

  async function listening(server: ReturnType<typeof createServer>, scheme = "http"): Promise<string> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    resources.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
});

it("where no Prometheus is configured, that is said", async () => {
  const ask = serve(undefined);
  expect(await ask("/slos")).toEqual({ state: "off", objectives: [] });
  expect(await ask("/slos/history")).toEqual({ state: "off", from: 0, stepMs: 1, objectives: [] });
});

it("is for those who may see the timeline", async () => {
  const ask = serve(undefined, sessionOf("read"));
  expect(await ask("/slos")).toMatchObject({ status: 403, code: "not_allowed" });
  expect(await ask("/slos/history")).toMatchObject({ status: 403, code: "not_allowed" });
});

it.each([
  ["ftp://prometheus.example.com", "must be an http or https URL"],
  ["https://ann:secret@prometheus.example.com", "must have no name, no password"],
  ["https://prometheus.example.com/?tenant=1", "must have no name, no password and no ? or #"],
])("the URL %s is refused", (url, reason) => {
  expect(prometheusConfig.safeParse({ url }).error?.issues[0]?.message).toContain(reason);
});
