/** What Alertmanager would refuse in its configuration, beyond its shape. */
import type { ConfigNode } from "../../inputs/config-node.ts";
import { alertmanagerConfiguration } from "./alertmanager-shape.ts";
import { duplicates, isRegularExpression } from "./prometheus-faults.ts";
import { type Fault, faults, nearest } from "./shape.ts";

export function* alertmanagerFaults(root: ConfigNode): Generator<Fault> {
  yield* faults(root, alertmanagerConfiguration, "the configuration of Alertmanager");
  yield* duplicates(root.get("receivers"), "name", "receiver");
  const intervals = new Set(
    ["time_intervals", "mute_time_intervals"].flatMap((key) =>
      (root.get(key)?.items() ?? []).flatMap((item) => item.get("name")?.text ?? []),
    ),
  );
  const receivers = (root.get("receivers")?.items() ?? []).flatMap((item) => item.get("name")?.text ?? []);
  const route = root.get("route");
  if (route?.kind === "map") {
    if ((route.get("receiver")?.text ?? "") === "") {
      yield {
        node: route,
        message: "the first route needs a receiver, which takes what no other route takes",
        fix: `receiver: ${receivers[0] ?? "NAME"}`,
      };
    }
    for (const key of ["match", "match_re", "matchers", "mute_time_intervals", "active_time_intervals"]) {
      const member = route.get(key);
      if (member === undefined || (member.entries().length === 0 && member.items().length === 0)) continue;
      yield {
        node: member,
        message: `the first route takes every alert and cannot have ${key}`,
        fix: `Move ${key} to a route below routes.`,
      };
    }
    yield* routeFaults(route, { receivers, intervals });
  }
  for (const rule of root.get("inhibit_rules")?.items() ?? []) {
    for (const side of ["source", "target"]) yield* matcherFaults(rule, `${side}_match_re`, `${side}_matchers`);
  }
  for (const receiver of root.get("receivers")?.items() ?? []) yield* receiverFaults(receiver, root.get("global"));
}

interface Known {
  readonly receivers: readonly string[];
  readonly intervals: ReadonlySet<string>;
}

function* routeFaults(route: ConfigNode, known: Known): Generator<Fault> {
  const receiver = route.get("receiver");
  if (receiver?.text !== undefined && receiver.text !== "" && !known.receivers.includes(receiver.text)) {
    const near = nearest(receiver.text, known.receivers);
    yield {
      node: receiver,
      message: `there is no receiver ${receiver.text}`,
      fix: near === undefined ? `receivers:\n  - name: ${receiver.text}` : `receiver: ${near}`,
    };
  }
  for (const key of ["mute_time_intervals", "active_time_intervals"]) {
    for (const interval of route.get(key)?.items() ?? []) {
      if (interval.text === undefined || known.intervals.has(interval.text)) continue;
      yield {
        node: interval,
        message: `there is no time interval ${interval.text}`,
        fix: `time_intervals:\n  - name: ${interval.text}`,
      };
    }
  }
  const groups = (route.get("group_by")?.items() ?? []).map(({ text = "" }) => text);
  if (groups.includes("...") && groups.length > 1) {
    yield {
      node: route.get("group_by")!,
      message: "group_by with ... can have no other label",
      fix: "group_by: ['...']",
    };
  }
  for (const [index, label] of groups.entries()) {
    const node = route.get("group_by", index)!;
    if (groups.indexOf(label) < index)
      yield { node, message: `group_by names ${label} twice`, fix: "Name each label once." };
    else if (label !== "..." && !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) {
      yield { node, message: `${label} is no name of a label`, fix: "group_by: [alertname]" };
    }
  }
  for (const key of ["group_interval", "repeat_interval"]) {
    const member = route.get(key);
    if (member !== undefined && /^0(?:ms|[smhdwy])?$/.test(member.text ?? "")) {
      yield { node: member, message: `${key} cannot be 0`, fix: `${key}: 5m` };
    }
  }
  yield* matcherFaults(route, "match_re", "matchers");
  for (const inner of route.get("routes")?.items() ?? []) yield* routeFaults(inner, known);
}

/** One is enough; `"severity = \"critical\""`, quotes optional. */
const matcher =
  /^\s*\{?\s*(?:[a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"{}]*?)\s*\}?\s*$/;

function* matcherFaults(node: ConfigNode, regexKey: string, matchersKey: string): Generator<Fault> {
  for (const [label, regex] of node.get(regexKey)?.entries() ?? []) {
    if (isRegularExpression(regex.text ?? "")) continue;
    yield { node: regex, message: `${regexKey} of ${label} is no regular expression`, fix: `${label}: "a|b"` };
  }
  const matchers = node.get(matchersKey);
  if (matchers === undefined || matchers.scalar === null) return;
  if (matchers.kind !== "list") {
    yield {
      node: matchers,
      message: `${matchersKey} must be a list`,
      fix: `${matchersKey}:\n  - severity = "critical"`,
    };
    return;
  }
  for (const item of matchers.items()) {
    const { text = "" } = item;
    const parts = /^\s*\{.*,.*\}\s*$/s.test(text)
      ? text.replace(/^\s*\{|\}\s*$/g, "").split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
      : [text];
    for (const part of parts) {
      const [, operator = "", value = ""] = matcher.exec(part) ?? [];
      const isWrong = operator === "" || (operator.includes("~") && !isRegularExpression(value.replace(/^"|"$/g, "")));
      if (isWrong)
        yield {
          node: item,
          message: `${JSON.stringify(part.trim())} is no matcher`,
          fix: '- severity =~ "critical|high"',
        };
    }
  }
}

/** What a receiver must have itself, or take from `global`. */
const needs: Readonly<Record<string, readonly (readonly [own: readonly string[], global: readonly string[]])[]>> = {
  email_configs: [
    [["smarthost"], ["smtp_smarthost"]],
    [["from"], ["smtp_from"]],
  ],
  slack_configs: [
    [
      ["api_url", "api_url_file", "app_token", "app_token_file"],
      ["slack_api_url", "slack_api_url_file", "slack_app_token", "slack_app_token_file"],
    ],
  ],
  webhook_configs: [[["url", "url_file"], []]],
  pagerduty_configs: [[["routing_key", "routing_key_file", "service_key", "service_key_file"], []]],
  opsgenie_configs: [
    [
      ["api_key", "api_key_file"],
      ["opsgenie_api_key", "opsgenie_api_key_file"],
    ],
  ],
  victorops_configs: [
    [
      ["api_key", "api_key_file"],
      ["victorops_api_key", "victorops_api_key_file"],
    ],
  ],
  pushover_configs: [
    [["user_key", "user_key_file"], []],
    [["token", "token_file"], []],
  ],
  telegram_configs: [
    [
      ["bot_token", "bot_token_file"],
      ["telegram_bot_token", "telegram_bot_token_file"],
    ],
    [["chat_id", "chat_id_file"], []],
  ],
  discord_configs: [[["webhook_url", "webhook_url_file"], []]],
  msteams_configs: [[["webhook_url", "webhook_url_file"], []]],
  msteamsv2_configs: [[["webhook_url", "webhook_url_file"], []]],
};

function* receiverFaults(receiver: ConfigNode, global: ConfigNode | undefined): Generator<Fault> {
  const name = receiver.get("name")?.text ?? "";
  for (const [key, wanted] of Object.entries(needs)) {
    for (const config of receiver.get(key)?.items() ?? []) {
      if (config.kind !== "map") continue;
      for (const [own, shared] of wanted) {
        const isThere =
          own.some((field) => has(config, field)) || shared.some((field) => global !== undefined && has(global, field));
        if (isThere) continue;
        const orGlobal = shared[0] === undefined ? "" : `, or ${shared[0]} in global`;
        yield { node: config, message: `${key} of receiver ${name} needs ${own[0]}${orGlobal}`, fix: `${own[0]}:` };
      }
    }
  }
}

function has(node: ConfigNode, key: string): boolean {
  const text = node.get(key)?.text;
  return text !== undefined && text !== "";
}
