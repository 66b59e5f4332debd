/** What Prometheus would refuse in its configuration and its rules, beyond the shape of both. */
import type { ConfigNode } from "../../inputs/config-node.ts";
import { prometheusConfiguration, prometheusRules } from "./prometheus-shape.ts";
import { PromqlError, parsePromql, typeOf } from "./promql.ts";
import { type Fault, faults } from "./shape.ts";

export function* prometheusFaults(root: ConfigNode): Generator<Fault> {
  yield* faults(root, prometheusConfiguration, "the configuration of Prometheus");
  yield* duplicates(root.get("scrape_configs"), "job_name", "job");
  const globalInterval = secondsOf(root.get("global", "scrape_interval")) ?? 60;
  const global = root.get("global");
  for (const node of [...(global === undefined ? [] : [global]), ...(root.get("scrape_configs")?.items() ?? [])]) {
    const interval = secondsOf(node.get("scrape_interval")) ?? globalInterval;
    const timeout = secondsOf(node.get("scrape_timeout"));
    if (timeout === undefined || timeout <= interval) continue;
    yield {
      node: node.get("scrape_timeout")!,
      message: `scrape_timeout (${node.get("scrape_timeout")?.text}) is longer than scrape_interval (${interval} s)`,
      fix: `scrape_timeout: ${interval}s`,
    };
  }
  for (const file of root.get("rule_files")?.items() ?? []) {
    if (/^[^*]*(?:\*[^/]*)?$/.test(file.text ?? "")) continue;
    yield { node: file, message: "a * may stand only in the last part of a path of rule_files", fix: "rules/*.yml" };
  }
  for (const relabel of relabellings(root)) yield* relabelFaults(relabel);
}

function relabellings(node: ConfigNode): readonly ConfigNode[] {
  const own = node
    .entries()
    .flatMap(([key, member]) => (key.endsWith("relabel_configs") ? member.items() : relabellings(member)));
  return [...own, ...node.items().flatMap(relabellings)];
}

function* relabelFaults(node: ConfigNode): Generator<Fault> {
  const action = (node.get("action")?.text ?? "replace").toLowerCase();
  const needs = (key: string, of: readonly string[]) => of.includes(action) && node.get(key)?.text === undefined;
  if (needs("target_label", ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"])) {
    yield { node, message: `relabelling with action ${action} needs target_label`, fix: "target_label: NAME" };
  }
  if (needs("modulus", ["hashmod"])) {
    yield { node, message: "relabelling with action hashmod needs modulus", fix: "modulus: 8" };
  }
  const regex = node.get("regex");
  if (regex?.text !== undefined && !isRegularExpression(regex.text)) {
    yield { node: regex, message: `regex ${JSON.stringify(regex.text)} is no regular expression`, fix: "regex: (.*)" };
  }
}

/** RE2 knows some forms that JavaScript does not; those pass. */
export function isRegularExpression(text: string): boolean {
  try {
    new RegExp(
      text
        .replaceAll(/\(\?P</g, "(?<")
        .replaceAll(/\(\?[imsU-]+\)/g, "")
        .replaceAll(/\(\?[imsU-]+:/g, "(?:"),
    );
    return true;
  } catch {
    return false;
  }
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function* ruleFaults(root: ConfigNode): Generator<Fault> {
  yield* faults(root, prometheusRules, "a file of rules");
  yield* duplicates(root.get("groups"), "name", "group");
  for (const group of root.get("groups")?.items() ?? []) {
    for (const rule of group.get("rules")?.items() ?? []) {
      if (rule.kind === "map") yield* faultsOfRule(rule);
    }
  }
}

function* faultsOfRule(rule: ConfigNode): Generator<Fault> {
  const record = rule.get("record");
  const alert = rule.get("alert");
  if ((record?.text ?? "") === "" && (alert?.text ?? "") === "") {
    yield { node: rule, message: "a rule is a record or an alert, and this one is neither", fix: "alert: NAME" };
  }
  if (record?.text !== undefined && !metricName.test(record.text)) {
    yield { node: record, message: `${record.text} is no name of a metric`, fix: "record: job:requests:rate5m" };
  }
  for (const key of record === undefined ? [] : ["annotations", "for", "keep_firing_for"]) {
    const member = rule.get(key);
    if (member !== undefined)
      yield { node: member, message: `a rule that records has no ${key}`, fix: `Take ${key} out.` };
  }
  for (const [name, node] of rule.get("labels")?.entries() ?? []) {
    if (labelName.test(name) && name !== "__name__") continue;
    yield { node, message: `${name} is no name of a label`, fix: "Use letters, digits and _, not a digit first." };
  }
  for (const [name, node] of rule.get("annotations")?.entries() ?? []) {
    if (labelName.test(name)) continue;
    yield {
      node,
      message: `${name} is no name of an annotation`,
      fix: "Use letters, digits and _, not a digit first.",
    };
  }
  const templates =
    alert === undefined ? [] : [rule.get("labels"), rule.get("annotations")].flatMap((map) => map?.entries() ?? []);
  for (const [name, node] of templates) {
    if (isTemplate(node.text ?? "")) continue;
    yield { node, message: `the template ${name} opens a {{ that it does not close`, fix: "{{ $labels.instance }}" };
  }
  const expr = rule.get("expr");
  if (expr?.text !== undefined && expr.text !== "") yield* faultsOfExpression(expr, expr.text, record ?? alert);
}

function* faultsOfExpression(expr: ConfigNode, text: string, owner: ConfigNode | undefined): Generator<Fault> {
  const name = owner?.text ?? "a rule";
  try {
    const type = typeOf(parsePromql(text));
    if (type === "vector" || type === "scalar") return;
    yield {
      node: expr,
      message: `the expression of ${name} gives a ${type}, and must give a vector or a scalar`,
      fix: `rate(${text})`,
    };
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error;
    const before = text.slice(0, error.at).split("\n");
    const place = before.length > 1 ? `line ${before.length}, ` : "";
    yield {
      node: expr,
      message: `the expression of ${name} is not PromQL: ${error.message}`,
      fix: `Look at ${place}character ${(before.at(-1)?.length ?? 0) + 1} of the expression; promtool check rules says what it would take.`,
    };
  }
}

function isTemplate(text: string): boolean {
  let rest = text;
  for (let open = rest.indexOf("{{"); open >= 0; open = rest.indexOf("{{")) {
    const close = rest.indexOf("}}", open);
    if (close < 0 || rest.slice(open + 2, close).includes("{{")) return false;
    rest = rest.slice(close + 2);
  }
  return true;
}

/** @param what to call those that have the name */
export function* duplicates(list: ConfigNode | undefined, key: string, what: string): Generator<Fault> {
  const seen = new Set<string>();
  for (const item of list?.items() ?? []) {
    const name = item.get(key);
    if (name?.text === undefined) continue;
    if (seen.has(name.text)) {
      yield {
        node: name,
        message: `there are two of the ${what} ${name.text}`,
        fix: `Give each ${what} a name of its own.`,
      };
    }
    seen.add(name.text);
  }
}

const unitSeconds: Readonly<Record<string, number>> = {
  y: 31_536_000,
  w: 604_800,
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 0.001,
};

/** Undefined for nothing, zero, and what is no duration. */
function secondsOf(node: ConfigNode | undefined): number | undefined {
  let seconds = 0;
  for (const [, count, unit = ""] of (node?.text ?? "").matchAll(/(\d+)(ms|[ywdhms])/g)) {
    seconds += Number(count) * (unitSeconds[unit] ?? 0);
  }
  return seconds === 0 ? undefined : seconds;
}
