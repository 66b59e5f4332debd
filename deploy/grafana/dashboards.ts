/** The dashboards: one a service, one for checks and backups, and one for what is promised. `tests/observability/dashboards.test.ts` writes their JSON. */
import type { Dashboard, Panel, Query, Section, Unit } from "./dashboard.ts";

const instance = 'instance=~"$instance"';

interface More {
  readonly description?: string;
  readonly red?: NonNullable<Panel["red"]>;
}

/** One number. */
function stat(title: string, unit: Unit, expr: string, more: More = {}): Panel {
  return { type: "stat", title, unit, queries: [{ expr, legend: title }], ...more };
}

/** Lines over time, by legend. */
function lines(title: string, unit: Unit, queries: Readonly<Record<string, string>>, more: More = {}): Panel {
  return { type: "timeseries", title, unit, queries: asQueries(queries), ...more };
}

/** Columns, by title. */
function table(title: string, unit: Unit, queries: Readonly<Record<string, string>>, more: More = {}): Panel {
  return { type: "table", title, unit, queries: asQueries(queries), ...more };
}

function asQueries(queries: Readonly<Record<string, string>>): readonly Query[] {
  return Object.entries(queries).map(([legend, expr]) => ({ legend, expr }));
}

function selected(metric: string, matchers: readonly string[]): string {
  return `${metric}{${[...matchers, instance].join(",")}}`;
}

function rate(metric: string, by: readonly string[], ...matchers: readonly string[]): string {
  const sum = by.length === 0 ? "sum" : `sum by (${by.join(", ")}) `;
  return `${sum}(rate(${selected(metric, matchers)}[$__rate_interval]))`;
}

/** Lines for the median, the 95th and the 99th percentile of a histogram. */
function quantiles(
  metric: string,
  by: readonly string[],
  ...matchers: readonly string[]
): Readonly<Record<string, string>> {
  const legend = by.map((label) => `{{${label}}} `).join("");
  const buckets = rate(`${metric}_bucket`, ["le", ...by], ...matchers);
  return Object.fromEntries([50, 95, 99].map((n) => [`${legend}${n} %`, `histogram_quantile(${n / 100}, ${buckets})`]));
}

function upStat(title: string, service: string): Panel {
  return stat(title, "short", `sum(up{job="espalier",service=~"${service}|up",${instance}})`, {
    description: "Processes that answer Prometheus.",
    red: { at: 1, isLow: true },
  });
}

function processSection(service: string): Section {
  const of = `job="espalier",service=~"${service}|up"`;
  return {
    title: "Process",
    panels: [
      lines("Processor", "percentunit", {
        "{{instance}}": `rate(${selected("process_cpu_seconds_total", [of])}[$__rate_interval])`,
      }),
      lines("Memory", "bytes", { "{{instance}}": selected("process_resident_memory_bytes", [of]) }),
      lines("Event loop", "s", { "{{instance}} 99 %": selected("nodejs_eventloop_lag_p99_seconds", [of]) }),
    ],
  };
}

const gateway: Dashboard = {
  file: "gateway.json",
  uid: "espalier-gateway",
  title: "Espalier gateway",
  sections: [
    {
      title: "Now",
      panels: [
        upStat("Gateways", "gateway"),
        stat("Users", "short", `max(${selected("espalier_gateway_snapshot_entries", ['kind="user"'])})`),
        stat("Groups", "short", `max(${selected("espalier_gateway_snapshot_entries", ['kind="group"'])})`),
        stat("Snapshot's age", "s", `max(${selected("espalier_gateway_snapshot_age_seconds", [])})`, {
          red: { at: 60 },
        }),
        stat("Database away", "bool_on_off", `max(${selected("espalier_gateway_database_away", [])})`, {
          red: { at: 1 },
        }),
        stat("Rows not served", "short", `max(${selected("espalier_gateway_skipped_rows", [])})`, { red: { at: 1 } }),
      ],
    },
    {
      title: "Operations",
      panels: [
        lines("Operations", "ops", {
          "{{operation}} {{result}}": rate("espalier_gateway_operations_total", ["operation", "result"]),
        }),
        lines(
          "Time to answer a search",
          "s",
          quantiles("espalier_gateway_operation_duration_seconds", [], 'operation="search"'),
        ),
        lines(
          "Time to answer a bind",
          "s",
          quantiles("espalier_gateway_operation_duration_seconds", [], 'operation="bind"'),
          {
            description: "A slow password hash takes its time, and so does a person who is asked.",
          },
        ),
        lines("Entries sent", "ops", { entries: rate("espalier_gateway_entries_sent_total", []) }),
        lines("Binds that did not succeed", "ops", {
          "{{reason}}": rate("espalier_gateway_bind_refusals_total", ["reason"]),
        }),
        lines("Password hashes under way", "short", {
          "{{instance}}": selected("espalier_gateway_pending_password_hashes", []),
        }),
      ],
    },
    {
      title: "Connections",
      panels: [
        lines("Open", "short", { "{{instance}}": selected("espalier_gateway_connections", []) }),
        lines("Opened and refused", "ops", {
          opened: rate("espalier_gateway_connections_opened_total", []),
          refused: rate("espalier_gateway_connections_refused_total", []),
        }),
        lines("Ended", "ops", { "{{reason}}": rate("espalier_gateway_connections_closed_total", ["reason"]) }),
      ],
    },
    {
      title: "Snapshot",
      panels: [
        lines("Age", "s", { "{{instance}}": selected("espalier_gateway_snapshot_age_seconds", []) }),
        lines("Time a refresh takes", "s", {
          "{{result}} 95 %": `histogram_quantile(0.95, ${rate("espalier_gateway_refresh_duration_seconds_bucket", ["le", "result"])})`,
        }),
        lines("Encoded entries", "bytes", { "{{instance}}": selected("espalier_gateway_snapshot_bytes", []) }),
      ],
    },
    processSection("gateway"),
  ],
};

const proxy: Dashboard = {
  file: "proxy.json",
  uid: "espalier-proxy",
  title: "Espalier proxy",
  sections: [
    {
      title: "Now",
      panels: [
        upStat("Proxies", "proxy"),
        stat("Backends up", "short", `count(max by (backend) (${selected("espalier_proxy_backend_up", [])}) == 1)`, {
          red: { at: 1, isLow: true },
        }),
        stat("Clients", "short", `sum(${selected("espalier_proxy_connections", [])})`),
        stat("Operations", "ops", rate("espalier_proxy_operations_total", [])),
        stat(
          "Moved in an hour",
          "short",
          `sum(increase(${selected("espalier_proxy_moved_operations_total", [])}[1h]))`,
          {
            description: "Operations that were sent to another backend after the first had failed.",
          },
        ),
        stat(
          "Writes in doubt in a day",
          "short",
          `sum(increase(${selected("espalier_proxy_writes_in_doubt_total", [])}[1d]))`,
          {
            red: { at: 1 },
          },
        ),
      ],
    },
    {
      title: "Operations",
      panels: [
        lines("Operations", "ops", {
          "{{operation}} {{result}}": rate("espalier_proxy_operations_total", ["operation", "result"]),
        }),
        lines("Time to answer", "s", quantiles("espalier_proxy_operation_duration_seconds", ["operation"])),
        lines("Time in the queue", "s", {
          "95 %": `histogram_quantile(0.95, ${rate("espalier_proxy_queue_duration_seconds_bucket", ["le"])})`,
        }),
        lines("Share that waits", "percentunit", {
          waits: `${rate("espalier_proxy_queue_duration_seconds_count", [])} / ${rate("espalier_proxy_operations_total", [])}`,
        }),
        lines("Refused by the proxy", "ops", { "{{by}}": rate("espalier_proxy_refused_operations_total", ["by"]) }),
        lines("Refused by the firewall", "ops", {
          "{{rule}}": rate("espalier_proxy_firewall_refusals_total", ["rule"]),
        }),
        lines("Entries", "ops", { entries: rate("espalier_proxy_entries_sent_total", []) }),
        lines("Answers", "binBps", { answers: rate("espalier_proxy_answer_bytes_total", []) }),
        lines("Moved and in doubt", "ops", {
          moved: rate("espalier_proxy_moved_operations_total", []),
          "in doubt": rate("espalier_proxy_writes_in_doubt_total", []),
        }),
      ],
    },
    {
      title: "Backends",
      panels: [
        table("Backends", "short", {
          up: `min by (instance, backend) (${selected("espalier_proxy_backend_up", [])})`,
          "takes new work": `min by (instance, backend) (${selected("espalier_proxy_backend_accepts_new", [])})`,
          "takes writes": `max by (instance, backend) (${selected("espalier_proxy_write_node", [])})`,
          connections: `sum by (instance, backend) (${selected("espalier_proxy_backend_connections", [])})`,
          "under way": `sum by (instance, backend) (${selected("espalier_proxy_backend_pending_operations", [])})`,
        }),
        table("Why a backend was chosen, in an hour", "short", {
          operations: `sum by (backend, reason) (increase(${selected("espalier_proxy_routed_operations_total", [])}[1h]))`,
        }),
        lines("Operations", "ops", { "{{backend}}": rate("espalier_proxy_routed_operations_total", ["backend"]) }),
        lines("Time to answer", "s", {
          "{{backend}} 95 %": `histogram_quantile(0.95, ${rate("espalier_proxy_backend_duration_seconds_bucket", ["le", "backend"])})`,
        }),
        lines("Under way", "short", {
          "{{backend}}": `sum by (backend) (${selected("espalier_proxy_backend_pending_operations", [])})`,
        }),
      ],
    },
    {
      title: "Clients",
      panels: [
        lines("Open", "short", { "{{instance}}": selected("espalier_proxy_connections", []) }),
        lines("Opened", "ops", { "{{listener}}": rate("espalier_proxy_connections_opened_total", ["listener"]) }),
        lines("Ended and refused", "ops", {
          "ended: {{reason}}": rate("espalier_proxy_connections_closed_total", ["reason"]),
          "refused: {{reason}}": rate("espalier_proxy_connections_refused_total", ["reason"]),
        }),
      ],
    },
    processSection("proxy"),
  ],
};

/** Webhooks, and not the pages of the service itself or what is asked of sources that are not there. */
const ofSources = 'source_type!~"none|unknown"';

const notify: Dashboard = {
  file: "notify.json",
  uid: "espalier-notify",
  title: "Espalier webhooks and notifications",
  sections: [
    {
      title: "Now",
      panels: [
        upStat("Services", "notify"),
        stat("Events in a day", "short", `sum(increase(${selected("espalier_events_stored_total", [])}[1d]))`),
        stat(
          "Deliveries that succeed",
          "percentunit",
          `sum(increase(${selected("notification_delivery_total", ['status="success"'])}[1d])) / sum(increase(${selected("notification_delivery_total", ['status=~"success|retry|failure"'])}[1d]))`,
          { description: "Of the attempts of a day.", red: { at: 0.99, isLow: true } },
        ),
        stat(
          "Mean time to answer",
          "s",
          `${rate("webhook_request_duration_seconds_sum", [], ofSources)} / ${rate("webhook_request_duration_seconds_count", [], ofSources)}`,
          { red: { at: 0.1 } },
        ),
        stat("Dead letters", "short", "max(notification_dead_letters)", { red: { at: 1 } }),
        stat("Last canary", "s", "time() - max(notification_canary_arrived_timestamp_seconds)", {
          description: "An event of its own that went the whole way, one a minute.",
          red: { at: 180 },
        }),
      ],
    },
    {
      title: "Webhooks",
      panels: [
        lines("Requests", "reqps", {
          "{{endpoint}} {{status_code}}": rate("webhook_requests_total", ["endpoint", "status_code"]),
        }),
        lines("Time to answer", "s", quantiles("webhook_request_duration_seconds", [], ofSources)),
        lines("Connections", "short", { "{{instance}}": selected("webhook_active_connections", []) }),
        lines("Wrong credentials", "reqps", {
          "{{source_type}} {{failure_reason}}": rate("webhook_auth_failures_total", ["source_type", "failure_reason"]),
        }),
        lines("Had before, and too many", "reqps", {
          "{{source_type}} had before": rate("webhook_duplicates_total", ["source_type"]),
          "{{source_type}} {{action}}": rate("webhook_rate_limited_total", ["source_type", "action"]),
        }),
        lines("Canary, from its request to its arrival", "s", quantiles("notification_canary_seconds", [])),
        table("Sources", "s", {
          "last heard": "time() - max by (source) (webhook_source_last_seen_timestamp_seconds)",
        }),
        table("Silent devices", "short", { devices: "max by (source) (webhook_silent_devices)" }),
      ],
    },
    {
      title: "Deliveries",
      panels: [
        lines("Attempts", "ops", {
          "{{delivery_method}} {{status}}": rate("notification_delivery_total", ["delivery_method", "status"]),
        }),
        lines("Time an attempt takes", "s", {
          "{{delivery_method}} 95 %": `histogram_quantile(0.95, ${rate("notification_delivery_duration_seconds_bucket", ["le", "delivery_method"])})`,
        }),
        lines("From the event to its delivery", "s", quantiles("notification_end_to_end_seconds", [])),
        lines("Not delivered yet", "short", {
          "{{delivery_method}}": "max by (delivery_method) (notification_queue_depth)",
        }),
        lines("Longest due", "s", { seconds: "max(notification_oldest_pending_seconds)" }),
        lines("Routed", "ops", {
          "{{result}}": rate("notification_events_routed_total", ["result"]),
          escalated: rate("notification_escalations_total", []),
        }),
        lines("Not routed yet", "short", { events: "max(notification_unrouted_events)" }),
        lines("Dead letters", "short", { messages: "max(notification_dead_letters)" }),
        lines("Channels that are not used", "bool_on_off", {
          "{{channel}}": "max by (channel) (notification_channel_disabled)",
        }),
      ],
    },
    {
      title: "Approvals",
      panels: [
        lines("Approvals", "ops", { "{{outcome}}": rate("approval_requests_total", ["outcome"]) }),
        lines("Time until a person answers", "s", quantiles("approval_wait_seconds", [])),
      ],
    },
    {
      title: "Store",
      panels: [
        lines("Events", "ops", {
          "{{severity}}": rate("espalier_events_stored_total", ["severity"]),
          "had before": rate("espalier_events_duplicates_total", []),
          "in the log only: {{reason}}": rate("espalier_events_unstored_total", ["reason"]),
        }),
        lines("Events that wait to be stored", "short", { "{{instance}}": selected("espalier_events_waiting", []) }),
        lines("Time to the disk", "s", quantiles("espalier_store_write_duration_seconds", [])),
        lines("Commits", "ops", { commits: rate("espalier_store_commits_total", []) }),
        lines("Writers that wait", "short", { "{{instance}}": selected("espalier_store_waiting_writes", []) }),
        lines("Writes that failed", "ops", { "{{code}}": rate("espalier_store_write_failures_total", ["code"]) }),
      ],
    },
    processSection("notify"),
  ],
};

const manager: Dashboard = {
  file: "manager.json",
  uid: "espalier-manager",
  title: "Espalier manager",
  sections: [
    {
      title: "Now",
      panels: [
        upStat("Managers", "manager"),
        stat("Sessions", "short", `max(${selected("espalier_manager_sessions", [])})`, {
          description: "Of people and programs that are signed in.",
        }),
        stat("Requests", "reqps", rate("espalier_manager_http_requests_total", [])),
        stat(
          "Servers that do not answer",
          "short",
          `count(min by (directory, node) (${selected("espalier_manager_node_up", [])}) == 0) or vector(0)`,
          { red: { at: 1 } },
        ),
        stat("Longest lag", "s", `max(${selected("espalier_manager_replication_lag_seconds", [])})`, {
          description: "Of replication, where servers say where they are.",
          red: { at: 60 },
        }),
        stat(
          "Changes in a day",
          "short",
          `sum(increase(${selected("espalier_manager_changes_total", ['status="applied"'])}[1d]))`,
        ),
      ],
    },
    {
      title: "Requests",
      panels: [
        lines("Requests", "reqps", {
          "{{method}} {{status_code}}": rate("espalier_manager_http_requests_total", ["method", "status_code"]),
        }),
        lines("Time to answer", "s", quantiles("espalier_manager_http_request_duration_seconds", []), {
          description: "Until the end of the answer: exports and events take as long as somebody listens.",
        }),
        lines("Time to answer, by route", "s", {
          "{{method}} {{route}} 95 %": `topk(10, histogram_quantile(0.95, ${rate("espalier_manager_http_request_duration_seconds_bucket", ["le", "method", "route"])}))`,
        }),
        table("Routes, in an hour", "short", {
          requests: `sum by (method, route, status_code) (increase(${selected("espalier_manager_http_requests_total", [])}[1h])) > 0`,
        }),
        lines("Connections", "short", { "{{instance}}": selected("espalier_manager_http_connections", []) }),
      ],
    },
    {
      title: "Sessions",
      panels: [
        lines("Open", "short", { sessions: `max(${selected("espalier_manager_sessions", [])})` }),
        lines("Attempts to sign in", "ops", {
          "{{method}} {{outcome}}": rate("espalier_manager_sign_ins_total", ["method", "outcome"]),
        }),
        lines("Ended", "ops", { "{{reason}}": rate("espalier_manager_sessions_ended_total", ["reason"]) }),
        lines("Requests that were refused before anything was done", "reqps", {
          "{{reason}}": rate("espalier_manager_requests_refused_total", ["reason"]),
        }),
      ],
    },
    {
      title: "Directories",
      panels: [
        table("Servers", "short", {
          answers: `min by (instance, directory, node) (${selected("espalier_manager_node_up", [])})`,
          connections: `sum by (instance, directory, node) (${selected("espalier_manager_node_connections", [])})`,
        }),
        lines("Answers", "bool_on_off", {
          "{{directory}} {{node}}": `min by (directory, node) (${selected("espalier_manager_node_up", [])})`,
        }),
        lines("Work", "ops", {
          "{{directory}} {{node}} {{kind}} {{outcome}}": rate("espalier_manager_operations_total", [
            "directory",
            "node",
            "kind",
            "outcome",
          ]),
        }),
        lines("Time of a piece of work", "s", {
          "{{directory}} {{kind}} 95 %": `histogram_quantile(0.95, ${rate("espalier_manager_operation_duration_seconds_bucket", ["le", "directory", "kind"])})`,
        }),
        lines("Connections", "short", {
          "{{directory}} {{node}} {{state}}": `sum by (directory, node, state) (${selected("espalier_manager_node_connections", [])})`,
        }),
        lines("Replication lag", "s", {
          "{{directory}} {{node}} of {{server_id}}": `max by (directory, node, server_id) (${selected("espalier_manager_replication_lag_seconds", [])})`,
        }),
        lines("Not known to have all changes", "bool_on_off", {
          "{{directory}} {{node}}": `max by (directory, node) (${selected("espalier_manager_replication_unknown", [])})`,
        }),
      ],
    },
    {
      title: "Changes",
      panels: [
        lines("Changes", "ops", {
          "{{directory}} {{type}} {{status}}": rate("espalier_manager_changes_total", ["directory", "type", "status"]),
        }),
        lines("Time of a change", "s", quantiles("espalier_manager_change_duration_seconds", ["type"])),
        lines("Imports that wait or are under way", "short", {
          "{{state}}": `sum by (state) (${selected("espalier_manager_jobs", [])})`,
        }),
        lines("Entries of imports and exports", "ops", {
          "import: {{result}}": rate("espalier_manager_imported_entries_total", ["result"]),
          "export: {{format}}": rate("espalier_manager_exported_entries_total", ["format"]),
          streamed: rate("espalier_manager_streamed_entries_total", []),
        }),
        lines("Searches under way", "short", {
          "page by page": `sum(${selected("espalier_manager_search_cursors", [])})`,
          streamed: `sum(${selected("espalier_manager_search_streams", [])})`,
        }),
      ],
    },
    {
      title: "Audit trail",
      panels: [
        lines("Events", "ops", {
          "{{severity}}": rate("espalier_events_stored_total", ["severity"], 'service=~"manager|up"'),
          "in the log only: {{reason}}": rate("espalier_events_unstored_total", ["reason"], 'service=~"manager|up"'),
        }),
        lines("Outcomes that wait to be stored", "short", {
          "{{instance}}": selected("espalier_manager_changes_unrecorded", []),
        }),
        lines("Events that wait to be stored", "short", {
          "{{instance}}": selected("espalier_events_waiting", ['service=~"manager|up"']),
        }),
      ],
    },
    processSection("manager"),
  ],
};

/** Of several that look at the same, each finding once. */
function openFindings(...matchers: readonly string[]): string {
  return `max by (rule, severity, subject) (${selected("espalier_check_findings", matchers)})`;
}

const checks: Dashboard = {
  file: "checks.json",
  uid: "espalier-checks",
  title: "Espalier checks and backups",
  sections: [
    {
      title: "Now",
      panels: [
        stat("Critical", "short", `sum(${openFindings('severity="critical"')}) or vector(0)`, { red: { at: 1 } }),
        stat("High", "short", `sum(${openFindings('severity="high"')}) or vector(0)`, { red: { at: 1 } }),
        stat("Medium and low", "short", `sum(${openFindings('severity=~"medium|low"')}) or vector(0)`),
        stat("Last look", "s", `time() - min(${selected("espalier_check_last_run_timestamp_seconds", [])})`, {
          description: "Of the process that looked longest ago. `espalier up` looks every five minutes unless told.",
        }),
        stat(
          "Newest backup",
          "dtdurations",
          `time() - max(${selected("espalier_backup_created_timestamp_seconds", [])})`,
          { description: "How old it is. The finding BKP002 says when that is too old." },
        ),
        stat(
          "Last restore that was tried",
          "dtdurations",
          `time() - max(${selected("espalier_backup_drilled_timestamp_seconds", [])})`,
          { description: "And gave what had been backed up: `espalier backup drill`." },
        ),
      ],
    },
    {
      title: "Findings",
      panels: [
        table("Open", "short", { findings: openFindings() }),
        lines("By severity", "short", { "{{severity}}": `sum by (severity) (${openFindings()})` }),
        lines("By rule", "short", { "{{rule}}": `sum by (rule) (${openFindings()})` }),
      ],
    },
    {
      title: "Looks",
      panels: [
        lines("Time a look takes", "s", { "{{instance}}": selected("espalier_check_run_duration_seconds", []) }),
        lines("Cannot be looked at", "short", { "{{instance}}": selected("espalier_check_unreadable", []) }),
      ],
    },
    {
      title: "Backups",
      panels: [
        lines("Age of the newest", "dtdurations", {
          "{{folder}}": `time() - max by (folder) (${selected("espalier_backup_created_timestamp_seconds", [])})`,
        }),
        lines("Since a restore was tried", "dtdurations", {
          "{{folder}}": `time() - max by (folder) (${selected("espalier_backup_drilled_timestamp_seconds", [])})`,
        }),
      ],
    },
  ],
};

const slo: Dashboard = {
  file: "slo.json",
  uid: "espalier-slo",
  title: "Espalier promises",
  sections: [
    {
      title: "Now",
      panels: [
        table(
          "Promises",
          "percentunit",
          {
            promised: "sum by (slo) (slo:objective:ratio)",
            "failed in 30 days": "sum by (slo) (slo:error:ratio30d)",
            "budget left": "sum by (slo) (slo:budget_remaining:ratio)",
          },
          { description: "Without events there is no ratio." },
        ),
        table("Firing", "short", { alerts: 'count by (alertname, severity) (ALERTS{alertstate="firing"})' }),
      ],
    },
    {
      title: "Budgets",
      panels: [
        lines("Budget left of 30 days", "percentunit", { "{{slo}}": "slo:budget_remaining:ratio" }),
        lines(
          "Burn rate over an hour",
          "short",
          { "{{slo}}": "slo:error:ratio1h / on (slo) (1 - slo:objective:ratio)" },
          {
            description: "1 spends the budget in exactly its period. From 14.4 on somebody is woken.",
            red: { at: 14.4 },
          },
        ),
        lines("Failed in an hour", "percentunit", { "{{slo}}": "slo:error:ratio1h" }),
      ],
    },
    {
      title: "Events",
      panels: [
        lines("Events in a day", "short", { "{{slo}}": "slo:events:increase1d" }),
        lines("Bad events in 6 hours", "short", { "{{slo}}": "slo:bad_events:increase6h" }),
      ],
    },
  ],
};

export const dashboards: readonly Dashboard[] = [gateway, proxy, manager, notify, checks, slo];
