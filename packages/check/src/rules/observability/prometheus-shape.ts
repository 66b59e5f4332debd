/** The fields of Prometheus's configuration and of its rule files: “Configuration” and “Recording rules” of its manual, 2.42 to 3.x. */
import {
  any,
  boolean,
  duration,
  fields,
  integer,
  listOf,
  named,
  number,
  oneOf,
  type Shape,
  size,
  text,
  value,
} from "./shape.ts";

export const tlsConfig = fields(
  {
    ...{
      ca: text,
      ca_file: text,
      ca_ref: text,
      cert: text,
      cert_file: text,
      cert_ref: text,
      key: text,
      key_file: text,
      key_ref: text,
    },
    ...{ server_name: text, insecure_skip_verify: boolean },
    ...{
      min_version: oneOf("TLS10", "TLS11", "TLS12", "TLS13"),
      max_version: oneOf("TLS10", "TLS11", "TLS12", "TLS13"),
    },
  },
  {
    exclusive: [
      ["ca", "ca_file"],
      ["cert", "cert_file"],
      ["key", "key_file"],
    ],
    instead: { skip_verify: "insecure_skip_verify:" },
  },
);

const proxyFields = { proxy_url: text, no_proxy: text, proxy_from_environment: boolean, proxy_connect_header: any };

const httpFields: Readonly<Record<string, Shape>> = {
  basic_auth: fields(
    {
      username: text,
      username_file: text,
      username_ref: text,
      password: text,
      password_file: text,
      password_ref: text,
    },
    {
      exclusive: [
        ["password", "password_file"],
        ["username", "username_file"],
      ],
    },
  ),
  authorization: fields(
    { type: text, credentials: text, credentials_file: text, credentials_ref: text },
    { exclusive: [["credentials", "credentials_file"]] },
  ),
  oauth2: fields({
    ...{
      client_id: text,
      client_secret: text,
      client_secret_file: text,
      client_secret_ref: text,
      scopes: listOf(text),
    },
    ...{ token_url: text, endpoint_params: any, tls_config: tlsConfig, ...proxyFields },
    ...{
      grant_type: text,
      client_certificate_key_id: text,
      client_certificate_key: any,
      client_certificate_key_file: text,
    },
    ...{ signature_algorithm: text, iss: text, audience: text, claims: any },
  }),
  bearer_token: text,
  bearer_token_file: text,
  tls_config: tlsConfig,
  follow_redirects: boolean,
  enable_http2: boolean,
  http_headers: any,
  ...proxyFields,
};

const oneLogin = ["basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"];
/** As a field of its own, in Alertmanager. */
export const httpConfig = fields(httpFields, { exclusive: [oneLogin] });

const labels = named(text);

const actions: ReadonlySet<string> = new Set([
  ...["replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap", "labeldrop", "labelkeep"],
  ...["lowercase", "uppercase"],
]);
const relabel = listOf(
  fields(
    {
      ...{ source_labels: listOf(text), separator: text, target_label: text, regex: text, modulus: integer },
      replacement: text,
      action: value("an action of relabelling", ({ text: written = "" }) => actions.has(written.toLowerCase())),
    },
    { instead: { source_label: "source_labels: [NAME]", target: "target_label: NAME" } },
  ),
);

const discoveryNames = [
  ...[
    "aws",
    "azure",
    "consul",
    "digitalocean",
    "docker",
    "dockerswarm",
    "dns",
    "ec2",
    "eureka",
    "gce",
    "hetzner",
    "http",
  ],
  ...[
    "ionos",
    "kubernetes",
    "kuma",
    "lightsail",
    "linode",
    "marathon",
    "msk",
    "nerve",
    "nomad",
    "openstack",
    "outscale",
  ],
  ...["ovhcloud", "puppetdb", "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr"],
];
const targetAddress = value(
  "a host and port, without http:// and without a path",
  ({ text: written }) => !written?.includes("/"),
);
/** What the other ways of finding targets take is theirs. */
const discovery: Readonly<Record<string, Shape>> = {
  static_configs: listOf(
    fields({ targets: listOf(targetAddress), labels }, { instead: { target: "targets: [HOST:PORT]" } }),
  ),
  file_sd_configs: listOf(fields({ files: listOf(text), refresh_interval: duration }, { required: ["files"] })),
  ...Object.fromEntries(discoveryNames.map((name) => [`${name}_sd_configs`, listOf(any)])),
};

const limits = {
  ...{ body_size_limit: size, sample_limit: integer, target_limit: integer, label_limit: integer },
  ...{ label_name_length_limit: integer, label_value_length_limit: integer, keep_dropped_targets: integer },
};
const scrapeDefaults = {
  ...{ scrape_interval: duration, scrape_timeout: duration, scrape_protocols: listOf(text), ...limits },
  ...{ metric_name_validation_scheme: text, metric_name_escaping_scheme: text, scrape_native_histograms: boolean },
  ...{
    convert_classic_histograms_to_nhcb: boolean,
    always_scrape_classic_histograms: boolean,
    extra_scrape_metrics: boolean,
  },
  scrape_failure_log_file: text,
};

const scrapeConfig = fields(
  {
    job_name: text,
    ...scrapeDefaults,
    ...{
      fallback_scrape_protocol: text,
      scrape_classic_histograms: boolean,
      metrics_path: text,
      scheme: text,
      params: any,
    },
    ...{
      honor_labels: boolean,
      honor_timestamps: boolean,
      track_timestamps_staleness: boolean,
      enable_compression: boolean,
    },
    ...{ native_histogram_bucket_limit: integer, native_histogram_min_bucket_factor: number },
    ...{ relabel_configs: relabel, metric_relabel_configs: relabel },
    ...discovery,
    ...httpFields,
  },
  {
    required: ["job_name"],
    exclusive: [oneLogin],
    instead: {
      targets: "static_configs:\n  - targets: [HOST:PORT]",
      job: "job_name:",
      path: "metrics_path:",
      name: "job_name:",
    },
  },
);

const alertmanager = fields({
  ...{ scheme: text, path_prefix: text, timeout: duration, api_version: oneOf("v1", "v2"), sigv4: any },
  ...{ relabel_configs: relabel, alert_relabel_configs: relabel, ...discovery, ...httpFields },
});

const remoteCommon = { url: text, remote_timeout: duration, headers: named(text), name: text, ...httpFields };

export const prometheusConfiguration = fields(
  {
    global: fields({
      ...{ ...scrapeDefaults, evaluation_interval: duration, rule_query_offset: duration },
      ...{ external_labels: labels, query_log_file: text },
    }),
    runtime: fields({ gogc: integer }),
    rule_files: listOf(text),
    scrape_config_files: listOf(text),
    scrape_configs: listOf(scrapeConfig),
    alerting: fields(
      { alert_relabel_configs: relabel, alertmanagers: listOf(alertmanager) },
      { instead: { alertmanager: "alertmanagers:" } },
    ),
    remote_write: listOf(
      fields(
        {
          ...remoteCommon,
          write_relabel_configs: relabel,
          ...{
            send_exemplars: boolean,
            send_native_histograms: boolean,
            round_robin_dns: boolean,
            protobuf_message: text,
          },
          queue_config: fields({
            ...{ capacity: integer, max_shards: integer, min_shards: integer, max_samples_per_send: integer },
            ...{ batch_send_deadline: duration, min_backoff: duration, max_backoff: duration },
            ...{ retry_on_http_429: boolean, sample_age_limit: duration },
          }),
          metadata_config: fields({ send: boolean, send_interval: duration, max_samples_per_send: integer }),
          ...{ sigv4: any, azuread: any, google_iam: any },
        },
        { required: ["url"], exclusive: [oneLogin] },
      ),
    ),
    remote_read: listOf(
      fields(
        {
          ...{ ...remoteCommon, chunked_read_limit: integer, read_recent: boolean, required_matchers: labels },
          filter_external_labels: boolean,
        },
        { required: ["url"], exclusive: [oneLogin] },
      ),
    ),
    otlp: any,
    storage: fields({
      tsdb: fields({
        ...{ out_of_order_time_window: duration, retention: fields({ time: duration, size }) },
        stale_series_compaction_threshold: number,
      }),
      exemplars: fields({ max_exemplars: integer }),
    }),
    tracing: any,
  },
  {
    instead: {
      groups: "Put groups of rules into a file of their own, and name it here:\nrule_files:\n  - rules.yml",
      rules: "rule_files:\n  - rules.yml",
      alertmanagers: "alerting:\n  alertmanagers:",
      route: "Put route and receivers into alertmanager.yml: they are Alertmanager's.",
      receivers: "Put route and receivers into alertmanager.yml: they are Alertmanager's.",
    },
  },
);

const ruleFields = { expr: text, labels, record: text, alert: text };
/** Thanos and Mimir add fields of their own to groups. */
export const prometheusRules = fields(
  {
    groups: listOf(
      fields(
        {
          ...{ name: text, interval: duration, query_offset: duration, limit: integer, labels },
          ...{ partial_response_strategy: text, source_tenants: listOf(text), evaluation_delay: duration },
          ...{ align_evaluation_time_on_interval: boolean },
          rules: listOf(
            fields(
              { ...ruleFields, for: duration, keep_firing_for: duration, annotations: named(text) },
              {
                required: ["expr"],
                exclusive: [["record", "alert"]],
                instead: {
                  summary: "annotations:\n  summary:",
                  description: "annotations:\n  description:",
                  severity: "labels:\n  severity:",
                  query: "expr:",
                  name: "alert:",
                },
              },
            ),
          ),
        },
        { required: ["name"] },
      ),
    ),
  },
  {
    instead: {
      namespace: "Take namespace out: it is for mimirtool, and Prometheus refuses the file.",
      rules: "groups:\n  - name: NAME\n    rules:",
    },
  },
);
