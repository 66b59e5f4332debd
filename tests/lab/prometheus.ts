/** A Prometheus (Debian: prometheus) that scrapes processes of this machine and evaluates rules. */
import { writeFile } from "node:fs/promises";
import { ChildServer } from "./child-server.ts";
import { succeed } from "./command.ts";
import { freePort } from "./ports.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface ScrapeTarget {
  /** host:port */
  readonly address: string;
  readonly job: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  readonly targets: readonly ScrapeTarget[];
  /** The texts of rule files. */
  readonly rules?: readonly string[];
  /** host:port of the Alertmanager that hears of firing alerts. */
  readonly alertmanager?: string;
  /** How often it scrapes and evaluates; `1s` unless said. */
  readonly interval?: string;
  /** What it has collected before: the text of OpenMetrics, see `counterHistory`. */
  readonly history?: string;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface EvaluatedRule {
  readonly name: string;
  readonly health: string;
  readonly lastError: string | undefined;
  /** Of an alert: `inactive`, `pending` or `firing`. */
  readonly state: string | undefined;
}

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  readonly process: ChildServer;
  /** What an expression gives now: a vector, or a scalar as one without labels. @throws Error with Prometheus' words about it */
  query(expression: string): Promise<readonly Sample[]>;
  /** All rules with what came of their last evaluation. */
  rules(): Promise<readonly EvaluatedRule[]>;
}

/** Starts it and waits until it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory("prometheus"));
  const { rules = [], history } = options;
  const ruleFiles = rules.map((_, index) => directory.file(`rules-${index + 1}.yml`));
  await Promise.all(rules.map((text, index) => writeFile(ruleFiles[index]!, text)));
  // JSON is YAML too.
  await writeFile(directory.file("prometheus.yml"), JSON.stringify(configurationOf(options, ruleFiles)));
  if (history !== undefined) {
    await writeFile(directory.file("history.txt"), history);
    // Blocks of two hours, which are the default, would take a minute.
    const blocks = ["create-blocks-from", "openmetrics", "--max-block-duration=768h", "--quiet"];
    await succeed("promtool", ["tsdb", ...blocks, directory.file("history.txt"), directory.file("data")]);
  }
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const process = cleanup.use(
    new ChildServer("prometheus", [
      `--config.file=${directory.file("prometheus.yml")}`,
      `--storage.tsdb.path=${directory.file("data")}`,
      "--storage.tsdb.retention.time=90d",
      `--web.listen-address=${address}`,
      "--log.level=warn",
    ]),
  );
  await process.ready(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true, 60_000);
  const resources = cleanup.move();
  return {
    ...{ url, process },
    query: (expression) => query(url, expression),
    rules: () => rulesOf(url),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function configurationOf({ targets, alertmanager, interval = "1s" }: PrometheusOptions, ruleFiles: readonly string[]) {
  const jobs = [...new Set(targets.map(({ job }) => job))];
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      static_configs: targets
        .filter((target) => target.job === job)
        .map(({ address, labels = {} }) => ({ targets: [address], labels })),
    })),
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
  };
}

interface QueryAnswer {
  readonly status: "success" | "error";
  readonly error?: string;
  readonly data?:
    | {
        readonly resultType: "vector";
        readonly result: readonly { readonly metric: Sample["labels"]; readonly value: Point }[];
      }
    | { readonly resultType: "scalar"; readonly result: Point };
}

/** Seconds since 1970, and a number as text. */
type Point = readonly [number, string];

async function query(url: string, expression: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: expression }),
  });
  const { data, error } = (await response.json()) as QueryAnswer;
  if (data === undefined) throw new Error(`Prometheus refuses ${expression}: ${error}`);
  if (data.resultType === "scalar") return [{ labels: {}, value: Number(data.result[1]) }];
  return data.result.map(({ metric, value: [, text] }) => ({ labels: metric, value: Number(text) }));
}

async function rulesOf(url: string): Promise<readonly EvaluatedRule[]> {
  const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
    readonly data: { readonly groups: readonly { readonly rules: readonly EvaluatedRule[] }[] };
  };
  return data.groups.flatMap(({ rules }) =>
    rules.map(({ name, health, lastError, state }) => ({ name, health, lastError, state })),
  );
}
