import { posix } from "node:path";
import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigFile } from "../../inputs/documents.ts";
import { type Exposer, exposers, hasOtherScraper } from "./exposers.ts";
import { PromqlError, parsePromql, within } from "./promql.ts";
import { discovers, scrapedTargets } from "./scraped-targets.ts";

export const obs001 = defineRule({
  id: "OBS001",
  title: "nobody is told when a service fails",
  severity: "medium",
  profile: "production",
  reads: ["compose", "prometheus", "prometheusRules", "espalier", "authelia", "traefik", "caddy"],
  fix: "none",
  explanation: `Metrics that nobody scrapes are of no use on the day they are asked for, and metrics without alerts are looked at after users have called.

The way is short, and each part of it is needed: a job of Prometheus for each service, a file of rules, an alert on \`up == 0\` (or on \`absent\`) for a service that is gone, and an Alertmanager that hears of it. Espalier brings rules with it, in \`deploy/prometheus\`.`,
  references: [
    "Prometheus documentation, “Alerting based on metrics”",
    "Google, “Site Reliability Engineering”, chapter 6",
  ],
  *find(project) {
    yield* unscraped(project);
    for (const prometheus of project.of("prometheus")) yield* unalerted(project, prometheus);
  },
});

function* unscraped(project: Project): Generator<Found> {
  if (discovers(project) || hasOtherScraper(project)) return;
  const targets = scrapedTargets(project);
  for (const { names, port, ...place } of exposers(project)) {
    if (targets.some((target) => names.includes(target.host) || (port !== undefined && target.port === port))) continue;
    yield {
      ...place,
      message: `${place.subject} exposes metrics, and nothing scrapes them`,
      fix: scrapeJob({ names, port }),
    };
  }
}

function scrapeJob({ names: [name = "NAME"], port }: Pick<Exposer, "names" | "port">): string {
  return `scrape_configs:
  - job_name: ${name}
    static_configs:
      - targets: ["${name}:${port ?? "PORT"}"]`;
}

function* unalerted(project: Project, { file, root }: ConfigFile): Generator<Found> {
  const scrapes = root.get("scrape_configs");
  // With remote_write, rules may be evaluated where the samples go.
  if (scrapes === undefined || scrapes.items().length === 0 || root.get("remote_write") !== undefined) return;
  const patterns = (root.get("rule_files")?.items() ?? []).flatMap(({ text }) => text ?? []);
  const common = { subject: file.path };
  if (patterns.length === 0) {
    if (hasGrafanaAlerts(project)) return;
    yield {
      ...common,
      at: scrapes.keyLocation ?? scrapes.location,
      path: "rule_files",
      message: `${file.path} scrapes, and has no file of rules: nothing ever alerts`,
      fix: "rule_files:\n  - /etc/prometheus/alerts.yml",
    };
    return;
  }
  const rules = root.get("rule_files")!;
  if ((root.get("alerting", "alertmanagers")?.items() ?? []).length === 0) {
    yield {
      ...common,
      at: rules.keyLocation ?? rules.location,
      path: "alerting.alertmanagers",
      message: `${file.path} has rules and no Alertmanager: what fires is told to nobody`,
      fix: 'alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: ["alertmanager:9093"]',
    };
  }
  const documents = patterns.map((pattern) => project.of("prometheusRules").filter((each) => isMatch(each, pattern)));
  // Where one of them was not read, the alert may be in there.
  if (documents.some((found) => found.length === 0) || documents.flat().some(watchesTargets)) return;
  yield {
    ...common,
    at: rules.keyLocation ?? rules.location,
    path: "rule_files.up",
    message: `no alert of ${file.path} tells that a target is down`,
    fix: `- alert: TargetDown
  expr: up == 0
  for: 2m
  labels:
    severity: critical
  annotations:
    summary: "{{ $labels.job }} on {{ $labels.instance }} does not answer"`,
  };
}

/** By the last part of the path: what is before it is another machine's. */
function isMatch({ file }: ConfigFile, pattern: string): boolean {
  const name = posix.basename(pattern);
  const expression = name
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(posix.basename(file.path));
}

function watchesTargets({ root }: ConfigFile): boolean {
  const rules = (root.get("groups")?.items() ?? []).flatMap((group) => group.get("rules")?.items() ?? []);
  return rules.some((rule) => {
    const expr = rule.get("expr")?.text;
    return rule.get("alert") !== undefined && expr !== undefined && asksForUp(expr);
  });
}

function asksForUp(text: string): boolean {
  try {
    return [...within(parsePromql(text))].some(
      (each) =>
        (each.kind === "selector" && /^(?:up|probe_success)$/.test(each.metric ?? "")) ||
        (each.kind === "call" && each.name.startsWith("absent")),
    );
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return false;
  }
}

/** Grafana evaluates rules of its own, which lie among what it is provisioned with. */
function hasGrafanaAlerts(project: Project): boolean {
  return [...project.files.values()].some(
    ({ path, text }) => /\.ya?ml$/.test(path) && /^apiVersion:/m.test(text) && /^groups:/m.test(text),
  );
}
