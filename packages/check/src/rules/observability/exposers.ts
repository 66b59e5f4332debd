/** What exposes metrics, as far as configurations say so. */
import type { Project } from "../../engine/project.ts";
import type { Found } from "../../engine/rule.ts";
import type { ComposeService } from "../../inputs/compose/compose-project.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import { traefikArguments, traefikFileOptions } from "../../inputs/traefik-options.ts";

export interface Exposer extends Pick<Found, "subject" | "at" | "path"> {
  /** By which it may be scraped, the first preferred. */
  readonly names: readonly string[];
  readonly port: number | undefined;
}

const exporters = /(?:^|[/-])(?:[a-z0-9-]*[-_]exporter|cadvisor|pushgateway|statsd-exporter)(?=[:@]|$)/;
/** They scrape by rules of their own. */
const scrapers =
  /(?:^|\/)(?:vmagent|victoria-metrics|alloy|agent|grafana-agent|telegraf|opentelemetry-collector(?:-contrib)?|otelcol|datadog-agent|netdata|vector|zabbix-agent2?)(?=[:@]|$)/;

/** Also a Prometheus whose configuration was not read. */
export function hasOtherScraper(project: Project): boolean {
  const images = services(project).map(imageOf);
  const hasPrometheus = images.some((image) => /(?:^|\/)prometheus(?=[:@]|$)/.test(image));
  return images.some((image) => scrapers.test(image)) || (hasPrometheus && project.of("prometheus").length === 0);
}

export function exposers(project: Project): readonly Exposer[] {
  // A configuration by itself says nothing of who scrapes it elsewhere.
  if (project.of("compose").length === 0 && project.of("prometheus").length === 0) return [];
  return [...ofServices(project), ...ofFiles(project)];
}

function* ofServices(project: Project): Generator<Exposer> {
  for (const service of services(project)) {
    const labels = new Map(labelsOf(service));
    const isLabelled = labels.get("prometheus.io/scrape") === "true";
    const isTraefik = traefikArguments(service).some(
      ({ name, value }) => /^metrics\.prometheus(?:$|\.)/.test(name) && value !== "false",
    );
    if (!isLabelled && !isTraefik && !exporters.test(imageOf(service))) continue;
    const port = Number(labels.get("prometheus.io/port") ?? service.node.get("expose", 0)?.text ?? Number.NaN);
    yield {
      subject: service.name,
      at: service.node.keyLocation ?? service.node.location,
      path: `${service.node.pathText}.metrics`,
      names: namesOf(service),
      port: Number.isInteger(port) ? port : undefined,
    };
  }
}

function* ofFiles(project: Project): Generator<Exposer> {
  for (const { file, root } of project.of("espalier")) {
    const isService = ["gateway", "proxy", "notify", "manager"].some((section) => root.get(section) !== undefined);
    const listen = root.get("metrics", "listen")?.text ?? "127.0.0.1:9400";
    if (!isService || listen === "off") continue;
    const at = root.get("metrics") ?? root;
    yield { subject: file.path, at, path: "metrics.listen", names: ["espalier"], port: portOf(listen, 9400) };
  }
  for (const { file, root } of project.of("authelia")) {
    const metrics = root.get("telemetry", "metrics");
    if (metrics?.get("enabled")?.text !== "true") continue;
    const port = portOf(metrics.get("address")?.text ?? "", 9959);
    yield { subject: file.path, at: metrics, path: metrics.pathText, names: ["authelia"], port };
  }
  for (const { file, root } of project.of("traefik")) {
    const option = traefikFileOptions(root).find(({ name }) => /^metrics\.prometheus(?:$|\.)/.test(name));
    if (option === undefined) continue;
    yield { subject: file.path, at: option.node, path: "metrics.prometheus", names: ["traefik"], port: undefined };
  }
  for (const { file, options } of project.of("caddy")) {
    const metrics = [...options, ...options.flatMap(({ block = [] }) => block)].find(({ name }) => name === "metrics");
    if (metrics === undefined) continue;
    yield { subject: file.path, at: metrics.location, path: "metrics", names: ["caddy"], port: 2019 };
  }
}

/** `127.0.0.1:9400`, `tcp://:9959/metrics`. */
function portOf(address: string, usual: number): number {
  return Number(/:(\d+)(?:\/|$)/.exec(address)?.[1] ?? usual);
}

function services(project: Project): readonly ComposeService[] {
  return project.of("compose").flatMap((compose) => compose.services);
}

function imageOf({ node }: ComposeService): string {
  return node.get("image")?.text ?? "";
}

function namesOf({ name, node }: ComposeService): readonly string[] {
  const aliases = (node.get("networks")?.entries() ?? []).flatMap(
    ([, network]) => network.get("aliases")?.items() ?? [],
  );
  const texts = (nodes: readonly (ConfigNode | undefined)[]) => nodes.flatMap((each) => each?.text ?? []);
  return [name, ...texts([node.get("container_name"), node.get("hostname"), ...aliases])];
}

function labelsOf({ node }: ComposeService): readonly (readonly [string, string])[] {
  const labels = node.get("labels");
  const listed = (labels?.items() ?? []).flatMap(({ text = "" }) => {
    const at = text.indexOf("=");
    return at < 0 ? [] : [[text.slice(0, at), text.slice(at + 1)] as const];
  });
  return [...listed, ...(labels?.entries() ?? []).map(([name, value]) => [name, value.text ?? ""] as const)];
}
