/** The fields of Alertmanager's configuration: “Configuration” of its manual, 0.25 to 0.28 and what has been added since. */
import { httpConfig, tlsConfig } from "./prometheus-shape.ts";
import {
  any,
  boolean,
  duration,
  extended,
  type Fields,
  fields,
  integer,
  listOf,
  named,
  type Shape,
  text,
  value,
} from "./shape.ts";

const hostPort = value(
  "a host and port such as mail.example.com:587",
  ({ text: written = "" }) => written === "" || /^.*:\d+$/.test(written),
);
/** Templates may stand where numbers and booleans are wanted. */
const notifier = fields({ send_resolved: boolean });
const overHttp = extended(notifier, { http_config: httpConfig });

const email = extended(
  notifier,
  {
    ...{ to: text, from: text, smarthost: hostPort, hello: text, auth_username: text, auth_password: text },
    ...{
      auth_password_file: text,
      auth_secret: text,
      auth_secret_file: text,
      auth_identity: text,
      require_tls: boolean,
    },
    ...{ tls_config: tlsConfig, html: text, text, headers: named(text), force_implicit_tls: boolean, threading: any },
  },
  {
    required: ["to"],
    exclusive: [["auth_password", "auth_password_file"]],
    instead: {
      subject: 'headers:\n  Subject: "{{ .GroupLabels.alertname }}"',
      body: "text: |\n  {{ range .Alerts }}{{ .Annotations.summary }}\n  {{ end }}",
      message: "text:",
      cc: "headers:\n  Cc:   (and the address in `to` as well)",
      password: "auth_password_file:",
      username: "auth_username:",
      host: "smarthost: mail.example.com:587",
      starttls: "require_tls: true",
    },
  },
);

const slack = extended(overHttp, {
  ...{
    api_url: text,
    api_url_file: text,
    app_token: text,
    app_token_file: text,
    app_url: text,
    channel: text,
    username: text,
  },
  ...{
    color: text,
    title: text,
    title_link: text,
    pretext: text,
    text,
    message_text: text,
    short_fields: boolean,
    footer: text,
  },
  ...{ fallback: text, callback_id: text, icon_emoji: text, icon_url: text, image_url: text, thumb_url: text },
  ...{
    link_names: boolean,
    mrkdwn_in: listOf(text),
    edit_messages: boolean,
    update_message: boolean,
    timeout: duration,
  },
  fields: listOf(fields({ title: text, value: text, short: boolean }, { required: ["title", "value"] })),
  actions: listOf(any),
});

const urlOrFile = (name: string) => [[name, `${name}_file`]];

const receivers: Readonly<Record<string, Fields>> = {
  email_configs: email,
  slack_configs: slack,
  webhook_configs: extended(
    overHttp,
    { url: text, url_file: text, max_alerts: integer, timeout: duration, payload: any },
    { exclusive: urlOrFile("url"), instead: { headers: "http_config:\n  http_headers:" } },
  ),
  pagerduty_configs: extended(overHttp, {
    ...{
      service_key: text,
      service_key_file: text,
      routing_key: text,
      routing_key_file: text,
      url: text,
      client: text,
    },
    ...{ client_url: text, description: text, severity: text, details: any, images: listOf(any), links: listOf(any) },
    ...{ source: text, class: text, component: text, group: text, timeout: duration },
  }),
  opsgenie_configs: extended(overHttp, {
    ...{
      api_key: text,
      api_key_file: text,
      api_url: text,
      message: text,
      description: text,
      source: text,
      details: named(text),
    },
    ...{ responders: listOf(fields({ id: text, name: text, username: text, type: text })), tags: text, note: text },
    ...{ priority: text, update_alerts: boolean, entity: text, actions: text },
  }),
  victorops_configs: extended(
    overHttp,
    {
      ...{ api_key: text, api_key_file: text, api_url: text, routing_key: text, message_type: text },
      ...{ entity_display_name: text, state_message: text, monitoring_tool: text, custom_fields: named(text) },
    },
    { required: ["routing_key"] },
  ),
  pushover_configs: extended(
    overHttp,
    {
      ...{ user_key: text, user_key_file: text, token: text, token_file: text, title: text, message: text, url: text },
      ...{ url_title: text, device: text, sound: text, priority: text, retry: text, expire: text, ttl: text },
      ...{ html: boolean, monospace: boolean },
    },
    { exclusive: [...urlOrFile("user_key"), ...urlOrFile("token")] },
  ),
  telegram_configs: extended(
    overHttp,
    {
      ...{ api_url: text, bot_token: text, bot_token_file: text, chat_id: integer, chat_id_file: text, message: text },
      ...{ message_thread_id: integer, disable_notifications: boolean, parse_mode: text },
    },
    { exclusive: urlOrFile("bot_token"), instead: { token: "bot_token:", chat: "chat_id:" } },
  ),
  discord_configs: extended(
    overHttp,
    {
      webhook_url: text,
      webhook_url_file: text,
      title: text,
      message: text,
      content: text,
      username: text,
      avatar_url: text,
    },
    { exclusive: urlOrFile("webhook_url"), instead: { url: "webhook_url:" } },
  ),
  msteams_configs: extended(
    overHttp,
    { webhook_url: text, webhook_url_file: text, title: text, summary: text, text },
    { exclusive: urlOrFile("webhook_url"), instead: { url: "webhook_url:" } },
  ),
  msteamsv2_configs: extended(
    overHttp,
    { webhook_url: text, webhook_url_file: text, title: text, text },
    { exclusive: urlOrFile("webhook_url"), instead: { url: "webhook_url:" } },
  ),
  webex_configs: extended(overHttp, { api_url: text, room_id: text, message: text }, { required: ["room_id"] }),
  wechat_configs: extended(overHttp, {
    ...{ api_secret: text, api_secret_file: text, api_url: text, corp_id: text, message: text, message_type: text },
    ...{ agent_id: text, to_user: text, to_party: text, to_tag: text },
  }),
  sns_configs: extended(overHttp, {
    ...{
      api_url: text,
      sigv4: any,
      topic_arn: text,
      phone_number: text,
      target_arn: text,
      subject: text,
      message: text,
    },
    attributes: named(text),
  }),
  jira_configs: extended(
    overHttp,
    {
      ...{
        api_url: text,
        api_type: text,
        project: text,
        summary: any,
        description: any,
        labels: listOf(text),
        priority: text,
      },
      ...{ issue_type: text, reopen_transition: text, resolve_transition: text, wont_fix_resolution: text },
      ...{ reopen_duration: duration, fields: any, custom_fields: any },
    },
    { required: ["project", "issue_type"] },
  ),
};
/** What they take is not known here. */
const newer = ["rocketchat_configs", "mattermost_configs", "incidentio_configs"];

/** `match` and `matchers` are read apart. */
const route: Fields = fields(
  () => ({
    ...{ receiver: text, group_by: listOf(text), continue: boolean, match: named(text), match_re: named(text) },
    ...{ matchers: any, group_wait: duration, group_interval: duration, repeat_interval: duration },
    ...{ mute_time_intervals: listOf(text), active_time_intervals: listOf(text), routes: listOf(route) },
  }),
  { instead: { matcher: "matchers:\n  - name = value", severity: 'matchers:\n  - severity = "critical"' } },
);

const range = listOf(text);
const timeInterval = listOf(
  fields(
    {
      name: text,
      time_intervals: listOf(
        fields({
          times: listOf(fields({ start_time: text, end_time: text }, { required: ["start_time", "end_time"] })),
          ...{ weekdays: range, days_of_month: range, months: range, years: range, location: text },
        }),
      ),
    },
    { required: ["name"] },
  ),
);

export const alertmanagerConfiguration = fields(
  {
    global: fields(
      {
        ...{
          resolve_timeout: duration,
          http_config: httpConfig,
          smtp_from: text,
          smtp_smarthost: hostPort,
          smtp_hello: text,
        },
        ...{
          smtp_auth_username: text,
          smtp_auth_password: text,
          smtp_auth_password_file: text,
          smtp_auth_identity: text,
        },
        ...{
          smtp_auth_secret: text,
          smtp_auth_secret_file: text,
          smtp_require_tls: boolean,
          smtp_tls_config: tlsConfig,
        },
        smtp_force_implicit_tls: boolean,
        ...names("slack_api_url slack_api_url_file slack_app_token slack_app_token_file slack_app_url pagerduty_url"),
        ...names("opsgenie_api_key opsgenie_api_key_file opsgenie_api_url victorops_api_key victorops_api_key_file"),
        ...names("victorops_api_url wechat_api_url wechat_api_secret wechat_api_secret_file wechat_api_corp_id"),
        ...names("telegram_api_url telegram_bot_token telegram_bot_token_file webex_api_url jira_api_url"),
        ...names(
          "rocketchat_api_url rocketchat_token rocketchat_token_file rocketchat_token_id rocketchat_token_id_file",
        ),
        ...names("mattermost_webhook_url mattermost_webhook_url_file"),
      },
      {
        exclusive: [
          ...urlOrFile("smtp_auth_password"),
          ...urlOrFile("slack_api_url"),
          ...urlOrFile("opsgenie_api_key"),
        ],
      },
    ),
    templates: listOf(text),
    route,
    receivers: listOf(
      fields(
        {
          name: text,
          ...Object.fromEntries(Object.entries(receivers).map(([name, one]): [string, Shape] => [name, listOf(one)])),
          ...Object.fromEntries(newer.map((name): [string, Shape] => [name, listOf(any)])),
        },
        { required: ["name"] },
      ),
    ),
    inhibit_rules: listOf(
      fields({
        ...{ name: text, source_match: named(text), source_match_re: named(text), source_matchers: any },
        ...{
          target_match: named(text),
          target_match_re: named(text),
          target_matchers: any,
          equal: listOf(text),
          sources: any,
        },
      }),
    ),
    mute_time_intervals: timeInterval,
    time_intervals: timeInterval,
    tracing: any,
  },
  {
    required: ["route"],
    instead: {
      groups:
        "Put groups of rules into a file of their own, and name it in prometheus.yml:\nrule_files:\n  - rules.yml",
      routes: "route:\n  routes:",
      receiver: "receivers:",
    },
  },
);

function names(list: string): Readonly<Record<string, Shape>> {
  return Object.fromEntries(list.split(" ").map((name) => [name, text]));
}
