import type { Project } from "../../engine/project.ts";
import { defineRule, type Found } from "../../engine/rule.ts";
import type { ConfigNode } from "../../inputs/config-node.ts";
import { panelsOf } from "../../inputs/grafana.ts";
import { PromqlError, parsePromql } from "./promql.ts";
import { wrongRatios } from "./ratios.ts";

export const obs003 = defineRule({
  id: "OBS003",
  title: "monitoring shows what is not so",
  severity: "medium",
  profile: "production",
  reads: ["prometheusRules", "grafanaDashboard"],
  fix: "none",
  explanation: `Prometheus divides two vectors series by series: each on the left by the one on the right with all the same labels. So \`rate(sent{status="success"}[5m]) / rate(sent[5m])\` divides every series by itself and shows 100 % whatever happens, and where labels differ there is no answer at all, and an alert on it never fires. Aggregate both sides first.

Panels of kinds that Grafana has removed stay empty: \`singlestat\` since 8, everything made with Angular (\`graph\`, \`table-old\`, worldmap) since 12. An alert without a summary tells whoever is woken up by it nothing but its name.`,
  references: [
    "Prometheus documentation, “Operators”, vector matching",
    "Grafana documentation, “Angular support deprecation”",
  ],
  *find(project) {
    yield* inRules(project);
    yield* inDashboards(project);
  },
});

function* inRules(project: Project): Generator<Found> {
  for (const { file, root } of project.of("prometheusRules")) {
    for (const rule of (root.get("groups")?.items() ?? []).flatMap((group) => group.get("rules")?.items() ?? [])) {
      const alert = rule.get("alert");
      const name = (alert ?? rule.get("record"))?.text ?? "";
      const expr = rule.get("expr");
      if (expr?.text !== undefined) yield* ratioFindings(expr, expr.text, { subject: file.path, name });
      if (alert === undefined || (rule.get("annotations", "summary")?.text ?? "") !== "") continue;
      yield {
        subject: file.path,
        at: alert,
        path: `${rule.pathText}.annotations.summary`,
        value: name,
        message: `alert ${name} has no summary`,
        fix: `annotations:\n  summary: "What is wrong with {{ $labels.instance }}, in one sentence"`,
      };
    }
  }
}

/** Kinds of panels that Grafana no longer has, with what took their place. */
const removedPanels: Readonly<Record<string, string>> = {
  graph: "timeseries",
  singlestat: "stat",
  "table-old": "table",
  "grafana-worldmap-panel": "geomap",
  "grafana-piechart-panel": "piechart",
  "natel-discrete-panel": "state-timeline",
  "blackmirror1-singlestat-math-panel": "stat",
  "briangann-datatable-panel": "table",
};

function* inDashboards(project: Project): Generator<Found> {
  for (const { file, root } of project.of("grafanaDashboard")) {
    for (const panel of panelsOf(root)) {
      const type = panel.get("type");
      const title = panel.get("title")?.text ?? "without a title";
      const kind = type?.text ?? "";
      const successor = Object.hasOwn(removedPanels, kind) ? removedPanels[kind] : undefined;
      if (type !== undefined && successor !== undefined) {
        yield {
          subject: file.path,
          at: type,
          value: kind,
          message: `panel ${title} is of the kind ${kind}, which Grafana no longer has`,
          fix: `"type": "${successor}"`,
        };
      }
      for (const target of panel.get("targets")?.items() ?? []) {
        const expr = target.get("expr");
        const source = (target.get("datasource", "type") ?? panel.get("datasource", "type"))?.text ?? "prometheus";
        if (expr?.text === undefined || source !== "prometheus") continue;
        yield* ratioFindings(expr, expr.text, { subject: file.path, name: `panel ${title}` });
      }
    }
  }
}

function* ratioFindings(
  expr: ConfigNode,
  text: string,
  { subject, name }: { subject: string; name: string },
): Generator<Found> {
  const expression = read(text);
  for (const { ratio, text: fault, correction } of expression === undefined ? [] : wrongRatios(text, expression)) {
    yield {
      subject,
      at: expr,
      path: `${expr.pathText}[${ratio.from}]`,
      value: text,
      message: `the ratio of ${name} ${fault}`,
      fix: correction ?? "Aggregate both sides to the same labels: sum by (job) (…) / sum by (job) (…)",
    };
  }
}

/** Undefined for what is not PromQL, which is OBS002's to tell. Grafana's variables are made durations of the same length. */
function read(text: string) {
  const filled = text.replaceAll(/\$(?:\w+|\{[^}]*\})|\[\[\w+\]\]/g, (variable) => "5m".padEnd(variable.length));
  try {
    return parsePromql(filled);
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    return undefined;
  }
}
