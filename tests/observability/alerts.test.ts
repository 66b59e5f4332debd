/** Each alert in `deploy/prometheus/alerts.yml`, as promtool evaluates it: when it fires, with which words, and when it does not. */
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { requirePrograms, runCommand, temporaryDirectory } from "../lab/index.ts";
import { deployed, isAlert, rulesOf } from "./shipped.ts";

const rulesFile = deployed("prometheus/alerts.yml");
const alerts = rulesOf("prometheus/alerts.yml").filter(isAlert);

/** Series with their samples, one a minute, in promtool's notation. */
type Samples = Readonly<Record<string, string>>;

interface Firing {
  readonly at: string;
  readonly series: Samples;
  /** Beside those of the rule. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
  /** Where it is a template. */
  readonly description?: string;
}

interface Silent {
  readonly because: string;
  readonly at: string;
  readonly series: Samples;
}

interface AlertCase {
  readonly firing: Firing;
  readonly silent: readonly Silent[];
}

const node = { job: "espalier", instance: "n1" };
const up = (service: string, samples: string, instance = "n1"): Samples => ({
  [`up{job="espalier",service="${service}",instance="${instance}"}`]: samples,
});
const webhooks = (statusCode: string, samples: string, sourceType = "generic"): Samples => ({
  [`webhook_requests_total{status_code="${statusCode}",source_type="${sourceType}"}`]: samples,
});
/** Of 100 requests a minute so many take less than 0.5 s, the rest less than 1 s. */
const durations = (fast: number): Samples => ({
  'webhook_request_duration_seconds_bucket{source_type="generic",le="0.1"}': `0+${fast}x20`,
  'webhook_request_duration_seconds_bucket{source_type="generic",le="0.5"}': `0+${fast}x20`,
  'webhook_request_duration_seconds_bucket{source_type="generic",le="1"}': "0+100x20",
  'webhook_request_duration_seconds_bucket{source_type="generic",le="+Inf"}': "0+100x20",
});
const attempts = (status: string, samples: string, method = "mail"): Samples => ({
  [`notification_delivery_total{delivery_method="${method}",status="${status}"}`]: samples,
});
const refused = (samples: string, source = "generic"): Samples => ({
  [`webhook_auth_failures_total{job="espalier",instance="n1",source_type="${source}",failure_reason="wrong_credentials"}`]:
    samples,
});
const bindRefusals = (reason: string, samples: string): Samples => ({
  [`espalier_gateway_bind_refusals_total{job="espalier",instance="n1",reason="${reason}"}`]: samples,
});
const backend = (metric: string, name: string, samples: string, instance = "n1"): Samples => ({
  [`espalier_proxy_${metric}{job="espalier",instance="${instance}",backend="${name}"}`]: samples,
});
const ofNode = (metric: string, samples: string): Samples => ({
  [`${metric}{job="espalier",instance="n1"}`]: samples,
});

/** Of the server `ldap1`, or another, as the manager n1 sees it. */
const managed = (metric: string, samples: string, node = "ldap1"): Samples => ({
  [`espalier_manager_${metric}{job="espalier",instance="n1",directory="main",node="${node}"}`]: samples,
});
const ofDirectory = { ...node, directory: "main", node: "ldap1" };
const requests = (statusCode: string, samples: string, route = "/api/v1/session"): Samples => ({
  [`espalier_manager_http_requests_total{job="espalier",instance="n1",route="${route}",status_code="${statusCode}"}`]:
    samples,
});
const signIns = (outcome: string, samples: string): Samples => ({
  [`espalier_manager_sign_ins_total{job="espalier",instance="n1",method="password",outcome="${outcome}"}`]: samples,
});
const writes = (outcome: string, samples: string): Samples => ({
  [`espalier_manager_operations_total{job="espalier",instance="n1",directory="main",node="ldap1",kind="write",outcome="${outcome}"}`]:
    samples,
});
const lag = (samples: string, serverId = "1"): Samples => ({
  [`espalier_manager_replication_lag_seconds{job="espalier",instance="n1",directory="main",node="ldap1",server_id="${serverId}"}`]:
    samples,
});

const down = (service: string, summary: string): AlertCase => ({
  firing: {
    at: "5m",
    series: up(service, "1 1 0x10"),
    labels: { ...node, service },
    summary,
  },
  silent: [
    { because: "it was away for one scrape only", at: "5m", series: up(service, "1 1 0 1x10") },
    { because: "another service is down", at: "5m", series: { ...up("other", "0x10"), ...up(service, "1x10", "n2") } },
  ],
});

const checkInterval = ofNode("espalier_check_interval_seconds", "300x60");
const finding = (severity: string, wait: string): AlertCase => {
  const labels = { ...node, rule: "TLS003", severity, subject: "ldaps://ldap1:636" };
  const series = (samples: string, grave = severity): Samples => ({
    [`espalier_check_findings{job="espalier",instance="n1",rule="TLS003",severity="${grave}",subject="ldaps://ldap1:636"}`]:
      samples,
  });
  return {
    firing: {
      ...{ at: "10m", series: series("_ 1x20"), labels, summary: "TLS003: ldaps://ldap1:636" },
      description:
        "`espalier check --live` says what is wrong and what to do, `espalier check --explain TLS003` why it matters.",
    },
    silent: [
      { because: `it is not there for ${wait} yet`, at: "10m", series: series("_x10 1x20") },
      { because: "it is not as grave", at: "10m", series: series("1x20", "medium") },
    ],
  };
};

const cases: Readonly<Record<string, AlertCase>> = {
  WebhookServiceDown: down("notify", "The notification service n1 is down"),
  GatewayDown: down("gateway", "The gateway n1 is down"),
  ProxyDown: down("proxy", "The proxy n1 is down"),
  ManagerDown: down("manager", "The manager n1 is down"),

  HighErrorRate: {
    firing: {
      at: "10m",
      series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0+20x20") },
      summary: "20% of the webhooks are answered with an error",
    },
    silent: [
      {
        because: "strangers who are refused are no error, however many they are",
        at: "10m",
        series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0x20"), ...webhooks("401", "0+500x20") },
      },
      {
        because: "a page of our own that is not ready is no webhook",
        at: "10m",
        series: { ...webhooks("202", "0+80x20"), ...webhooks("503", "0+20x20", "none") },
      },
      {
        because: "one error is not a rate",
        at: "10m",
        series: { ...webhooks("202", "0+1x20"), ...webhooks("503", "0 0 0 0 0 0 1 1x20") },
      },
    ],
  },
  HighResponseTime: {
    firing: { at: "15m", series: durations(90), summary: "Every twentieth webhook waits 750ms or longer" },
    silent: [{ because: "three in a hundred are slow", at: "15m", series: durations(97) }],
  },
  AuthenticationFailures: {
    firing: {
      at: "20m",
      series: { ...up("notify", "1x30"), ...refused("_x17 12 12x20") },
      labels: { source_type: "generic" },
      summary: "12 webhooks with wrong credentials at generic sources in 15 minutes",
    },
    silent: [
      {
        because: "ten in a quarter of an hour are a mistake",
        at: "20m",
        series: { ...up("notify", "1x30"), ...refused("_x17 10x20") },
      },
      {
        because: "they were there before Prometheus was, and nobody knows when",
        at: "5m",
        series: { ...up("notify", "_x3 1x30"), ...refused("_x3 40x20") },
      },
      {
        because: "they ended an hour ago",
        at: "80m",
        series: { ...up("notify", "1x100"), ...refused("0+5x20 100x80") },
      },
    ],
  },
  SourceSilent: {
    firing: {
      at: "1m",
      series: {
        'webhook_silent_devices{instance="n1",source="particle"}': "2x5",
        'webhook_silent_devices{instance="n2",source="particle"}': "2x5",
      },
      labels: { source: "particle" },
      summary: "2 devices of the source particle are silent",
    },
    silent: [
      {
        because: "all are heard",
        at: "1m",
        series: { 'webhook_silent_devices{instance="n1",source="particle"}': "0x5" },
      },
    ],
  },

  QueueStalled: {
    firing: {
      at: "10m",
      series: { 'notification_oldest_pending_seconds{instance="n1"}': "0+60x20" },
      summary: "A message has been due for 10m 0s",
    },
    silent: [
      {
        because: "messages wait for minutes at times",
        at: "10m",
        series: { 'notification_oldest_pending_seconds{instance="n1"}': "0+60x4 0+60x4 0+60x4" },
      },
    ],
  },
  RoutingStalled: {
    firing: {
      at: "15m",
      series: {
        'notification_unrouted_events{instance="n1"}': "3x20",
        'notification_events_routed_total{result="told"}': "500x20",
      },
      summary: "3 events wait to be routed, and none was for 10 minutes",
    },
    silent: [
      {
        because: "there is always one that waits, and each is routed",
        at: "15m",
        series: {
          'notification_unrouted_events{instance="n1"}': "3x20",
          'notification_events_routed_total{result="told"}': "500+3x20",
        },
      },
    ],
  },
  DeadLettersGrowing: {
    firing: {
      at: "30m",
      series: { 'notification_dead_letters{instance="n1"}': "7x10 8x40" },
      summary: "Messages were given up in the last hour",
    },
    silent: [
      { because: "they are old ones", at: "3h", series: { 'notification_dead_letters{instance="n1"}': "7x300" } },
      {
        because: "they were sent again",
        at: "30m",
        series: { 'notification_dead_letters{instance="n1"}': "7x10 0x40" },
      },
    ],
  },
  DeliverySuccessLow: {
    firing: {
      at: "90m",
      series: { ...attempts("success", "0+9x100"), ...attempts("retry", "0+1x100"), ...attempts("failure", "0x100") },
      labels: { delivery_method: "mail" },
      summary: "90% of the attempts to deliver by mail succeed",
    },
    silent: [
      {
        because: "one in 200 is tried twice",
        at: "90m",
        series: { ...attempts("success", "0+199x100"), ...attempts("retry", "0+1x100") },
      },
      {
        because: "two that are tried again, among few, say nothing",
        at: "90m",
        series: { ...attempts("success", "0x40 5x100"), ...attempts("retry", "0x40 1 2x100") },
      },
      {
        because: "what nobody needs to hear of any more has not failed",
        at: "90m",
        series: {
          ...attempts("success", "0+199x100"),
          ...attempts("retry", "0+1x100"),
          ...attempts("expired", "0+90x100"),
        },
      },
    ],
  },
  EndpointDisabled: {
    firing: {
      at: "1m",
      series: { 'notification_channel_disabled{instance="n1",channel="pager"}': "1x5" },
      labels: { channel: "pager" },
      summary: "The channel pager is not used any more",
      description:
        "It failed for days, or its endpoint does not want to hear from us. Mend it, then `espalier notify enable pager`.",
    },
    silent: [
      {
        because: "it is used",
        at: "1m",
        series: { 'notification_channel_disabled{instance="n1",channel="pager"}': "0x5" },
      },
    ],
  },
  CanaryMissing: {
    firing: {
      at: "10m",
      series: {
        'notification_canary_arrived_timestamp_seconds{instance="n1"}': "60x20",
        'notification_canary_arrived_timestamp_seconds{instance="n2"}': "0x20",
      },
      summary: "Events do not get through the notification service",
    },
    silent: [
      {
        because: "the other node takes them",
        at: "10m",
        series: {
          'notification_canary_arrived_timestamp_seconds{instance="n1"}': "60x20",
          'notification_canary_arrived_timestamp_seconds{instance="n2"}': "0+60x20",
        },
      },
      {
        because: "the service has just begun",
        at: "10m",
        series: { 'notification_canary_arrived_timestamp_seconds{instance="n1"}': "_x9 0 600x20" },
      },
    ],
  },
  CanaryRefused: {
    firing: {
      at: "10m",
      series: { 'notification_canary_total{job="espalier",instance="n1",result="refused"}': "0+1x20" },
      labels: node,
      summary: "n1 does not take its own test events",
    },
    silent: [
      {
        because: "one was refused while it started",
        at: "10m",
        series: { 'notification_canary_total{job="espalier",instance="n1",result="refused"}': "0x6 1x20" },
      },
    ],
  },
  AlertsNotTaken: {
    firing: {
      at: "30m",
      series: {
        'alertmanager_notifications_failed_total{job="alertmanager",instance="a1",integration="webhook",reason="clientError"}':
          "0+1x40",
      },
      labels: { job: "alertmanager", instance: "a1", integration: "webhook" },
      summary: "Alertmanager cannot hand its alerts over (webhook)",
    },
    silent: [
      {
        because: "none has failed",
        at: "30m",
        series: {
          'alertmanager_notifications_failed_total{job="alertmanager",instance="a1",integration="webhook"}': "5x40",
        },
      },
    ],
  },

  StoreAway: {
    firing: {
      at: "5m",
      series: ofNode("espalier_store_available", "1 0x10"),
      labels: node,
      summary: "n1 does not reach its store",
    },
    silent: [{ because: "it is there", at: "5m", series: ofNode("espalier_store_available", "1x10") }],
  },
  EventsUnstored: {
    firing: {
      at: "20m",
      series: {
        ...up("proxy", "1x30"),
        'espalier_events_unstored_total{job="espalier",instance="n1",reason="unavailable"}': "_x17 4x20",
      },
      labels: node,
      summary: "4 events of n1 are in its log and not in the store",
    },
    silent: [
      {
        because: "that was long ago",
        at: "2h",
        series: {
          ...up("proxy", "1x150"),
          'espalier_events_unstored_total{job="espalier",instance="n1",reason="unavailable"}': "4x150",
        },
      },
    ],
  },

  ApprovalServiceDown: {
    firing: {
      at: "20m",
      series: { ...up("gateway", "1x30"), ...bindRefusals("approval not to be had", "_x17 2x20") },
      labels: { ...node, reason: "approval not to be had" },
      summary: "n1 cannot ask for approvals",
    },
    silent: [
      {
        because: "people say no",
        at: "20m",
        series: { ...up("gateway", "1x30"), ...bindRefusals("not approved", "0+5x30") },
      },
    ],
  },

  DatabaseAway: {
    firing: {
      at: "5m",
      series: ofNode("espalier_gateway_database_away", "0 1x10"),
      labels: node,
      summary: "The gateway n1 does not reach its database",
    },
    silent: [
      {
        because: "it was restarted, and is back",
        at: "5m",
        series: ofNode("espalier_gateway_database_away", "0 0 0 1 0 1 0 0"),
      },
    ],
  },
  SnapshotOld: {
    firing: {
      at: "5m",
      series: ofNode("espalier_gateway_snapshot_age_seconds", "0+60x10"),
      labels: node,
      summary: "The gateway n1 serves what was true 5m 0s ago",
    },
    silent: [
      {
        because: "it is refreshed",
        at: "5m",
        series: ofNode("espalier_gateway_snapshot_age_seconds", "3 4 2 5 3 4 5"),
      },
    ],
  },
  RowsSkipped: {
    firing: {
      at: "20m",
      series: ofNode("espalier_gateway_skipped_rows", "2x30"),
      labels: node,
      summary: "2 rows of the database are not served by n1",
    },
    silent: [
      {
        because: "they were mended within minutes",
        at: "20m",
        series: ofNode("espalier_gateway_skipped_rows", "2x8 0x30"),
      },
    ],
  },
  PasswordsGuessed: {
    firing: {
      at: "30m",
      series: { ...up("gateway", "1x40"), ...bindRefusals("backed off", "0+2x40") },
      labels: node,
      summary: "30 logins were held back by n1 in 15 minutes",
    },
    silent: [
      {
        because: "people mistype their passwords",
        at: "30m",
        series: { ...up("gateway", "1x40"), ...bindRefusals("wrong password", "0+9x40") },
      },
    ],
  },

  CertificateExpiring: {
    firing: {
      at: "10m",
      series: {
        ...ofNode("espalier_gateway_certificate_expires_timestamp_seconds", "518400x20"),
        ...ofNode("espalier_proxy_certificate_expires_timestamp_seconds", "7776000x20"),
      },
      labels: node,
      summary: "The certificate of n1 expires in 5d 23h 50m 0s",
    },
    silent: [
      {
        because: "it is good for another month",
        at: "10m",
        series: ofNode("espalier_proxy_certificate_expires_timestamp_seconds", "2592000x20"),
      },
      {
        because: "the process looks at its certificates itself, and the finding is the alert",
        at: "10m",
        series: {
          ...ofNode("espalier_gateway_certificate_expires_timestamp_seconds", "518400x20"),
          ...ofNode("espalier_check_last_run_timestamp_seconds", "60x20"),
        },
      },
    ],
  },
  BackendDown: {
    firing: {
      at: "5m",
      series: { ...backend("backend_up", "ldap1:636", "1 0x10"), ...backend("backend_up", "ldap2:636", "1x10") },
      labels: { ...node, backend: "ldap1:636" },
      summary: "n1 has lost the backend ldap1:636",
    },
    silent: [{ because: "it is up", at: "5m", series: backend("backend_up", "ldap1:636", "1x10") }],
  },
  NoBackend: {
    firing: {
      at: "5m",
      series: {
        ...backend("backend_accepts_new", "ldap1:636", "1 0x10"),
        ...backend("backend_accepts_new", "ldap2:636", "0x10"),
        ...backend("backend_accepts_new", "ldap2:636", "1x10", "n2"),
      },
      labels: node,
      summary: "n1 has no backend left",
    },
    silent: [
      {
        because: "one is left",
        at: "5m",
        series: {
          ...backend("backend_accepts_new", "ldap1:636", "0x10"),
          ...backend("backend_accepts_new", "ldap2:636", "1x10"),
        },
      },
    ],
  },
  WriteNodeChanged: {
    firing: {
      at: "8m",
      series: { ...backend("write_node", "ldap1:636", "1x4 stale"), ...backend("write_node", "ldap2:636", "_x5 1x30") },
      labels: node,
      summary: "n1 sends its writes to another backend than before",
    },
    silent: [
      { because: "it is the same", at: "20m", series: backend("write_node", "ldap1:636", "1x30") },
      {
        because: "it has been the same for a quarter of an hour",
        at: "20m",
        series: {
          ...backend("write_node", "ldap1:636", "1x4 stale"),
          ...backend("write_node", "ldap2:636", "_x5 1x30"),
        },
      },
    ],
  },
  WriteNodeMissing: {
    firing: {
      at: "10m",
      series: { ...up("proxy", "1x20"), ...backend("write_node", "ldap1:636", "1x4 stale") },
      labels: node,
      summary: "n1 has no backend that takes writes",
    },
    silent: [
      {
        because: "another one takes them",
        at: "10m",
        series: {
          ...up("proxy", "1x20"),
          ...backend("write_node", "ldap1:636", "1x4 stale"),
          ...backend("write_node", "ldap2:636", "_x5 1x20"),
        },
      },
      {
        because: "the proxy itself is down, which is another alert",
        at: "10m",
        series: { ...up("proxy", "1x4 0x20"), ...backend("write_node", "ldap1:636", "1x4 stale") },
      },
      {
        because: "it never had one",
        at: "10m",
        series: { ...up("proxy", "1x20"), ...backend("backend_up", "a", "1x20") },
      },
    ],
  },
  WriteNodesDisagree: {
    firing: {
      at: "10m",
      series: { ...backend("write_node", "ldap1:636", "1x20"), ...backend("write_node", "ldap2:636", "1x20", "n2") },
      labels: { job: "espalier" },
      summary: "Proxies send writes to 2 different backends",
    },
    silent: [
      {
        because: "both have changed, one a scrape later",
        at: "10m",
        series: {
          ...backend("write_node", "ldap1:636", "1x9 stale"),
          ...backend("write_node", "ldap2:636", "_x10 1x20"),
          ...backend("write_node", "ldap1:636", "1x8 stale", "n2"),
          'espalier_proxy_write_node{job="espalier",instance="n2",backend="ldap2:636"}': "_x9 1x20",
        },
      },
      {
        because: "they serve different clusters",
        at: "10m",
        series: {
          'espalier_proxy_write_node{job="espalier",instance="n1",cluster="a",backend="a1"}': "1x20",
          'espalier_proxy_write_node{job="espalier",instance="n2",cluster="b",backend="b1"}': "1x20",
        },
      },
    ],
  },
  WritesInDoubt: {
    firing: {
      at: "20m",
      series: ofNode("espalier_proxy_writes_in_doubt_total", "0x15 1x20"),
      labels: node,
      summary: "n1 sent writes that were never answered",
    },
    silent: [
      { because: "that was long ago", at: "60m", series: ofNode("espalier_proxy_writes_in_doubt_total", "0x15 1x60") },
    ],
  },
  ProxyQueue: {
    firing: {
      at: "20m",
      series: {
        ...ofNode("espalier_proxy_queue_duration_seconds_count", "0+25x30"),
        'espalier_proxy_operations_total{job="espalier",instance="n1",operation="search",result="success"}': "0+60x30",
        'espalier_proxy_operations_total{job="espalier",instance="n1",operation="bind",result="success"}': "0+40x30",
      },
      labels: node,
      summary: "25% of the operations at n1 wait for a backend",
    },
    silent: [
      {
        because: "five in a hundred wait",
        at: "20m",
        series: {
          ...ofNode("espalier_proxy_queue_duration_seconds_count", "0+5x30"),
          'espalier_proxy_operations_total{job="espalier",instance="n1",operation="search",result="success"}':
            "0+100x30",
        },
      },
    ],
  },

  ManagerErrors: {
    firing: {
      at: "10m",
      series: { ...requests("200", "0+80x20"), ...requests("503", "0+20x20") },
      labels: node,
      summary: "20% of the requests to the manager n1 are answered with an error",
    },
    silent: [
      {
        because: "strangers who are refused are no error, however many they are",
        at: "10m",
        series: { ...requests("200", "0+80x20"), ...requests("401", "0+500x20"), ...requests("503", "0x20") },
      },
      {
        because: "what asks for its health is answered as it is",
        at: "10m",
        series: { ...requests("200", "0+80x20"), ...requests("503", "0+20x20", "/health") },
      },
      {
        because: "one error is not a rate",
        at: "10m",
        series: { ...requests("200", "0+1x20"), ...requests("500", "0 0 0 0 0 0 1 1x20") },
      },
    ],
  },
  SignInsRefused: {
    firing: {
      at: "30m",
      series: { ...signIns("refused", "0+1x40"), ...signIns("too_many", "0+1x40") },
      labels: node,
      summary: "30 attempts to sign in to the manager n1 were refused in 15 minutes",
    },
    silent: [
      {
        because: "people mistype their passwords, and give a second factor",
        at: "30m",
        series: {
          ...signIns("refused", "0+1x40"),
          ...signIns("second_factor_needed", "0+9x40"),
          ...signIns("opened", "0+9x40"),
        },
      },
    ],
  },
  ManagerNodeDown: {
    firing: {
      at: "5m",
      series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1x10", "ldap2") },
      labels: ofDirectory,
      summary: "ldap1 of main does not answer the manager n1",
    },
    silent: [{ because: "it answers again at once", at: "5m", series: managed("node_up", "1 1 0 1x10") }],
  },
  ManagerNoNode: {
    firing: {
      at: "5m",
      series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1 0x10", "ldap2") },
      labels: { ...node, directory: "main" },
      summary: "No server of main answers the manager n1",
    },
    silent: [
      {
        because: "another one does",
        at: "5m",
        series: { ...managed("node_up", "1 0x10"), ...managed("node_up", "1x10", "ldap2") },
      },
    ],
  },
  ReplicationLagging: {
    firing: {
      at: "20m",
      series: { ...lag("0x5 600x20"), ...lag("0x30", "2") },
      labels: ofDirectory,
      summary: "ldap1 of main is 10m 0s behind",
    },
    silent: [
      { because: "it is a minute behind", at: "20m", series: lag("60x30") },
      { because: "it comes after a restart", at: "20m", series: lag("0x14 600x2 0x20") },
    ],
  },
  ReplicationUnknown: {
    firing: {
      at: "60m",
      series: managed("replication_unknown", "0x20 1x60"),
      labels: ofDirectory,
      summary: "Whether ldap1 of main has all changes is not known any more",
    },
    silent: [
      {
        because: "it never was: the server says nothing of it",
        at: "60m",
        series: managed("replication_unknown", "1x80"),
      },
      { because: "it is known again", at: "60m", series: managed("replication_unknown", "0x20 1x20 0x40") },
    ],
  },
  ChangesInDoubt: {
    firing: {
      at: "20m",
      series: { ...writes("in_doubt", "0x15 1x20"), ...writes("ok", "0+5x40") },
      labels: { ...node, directory: "main" },
      summary: "The manager n1 sent changes to main that were never answered",
    },
    silent: [
      {
        because: "that was long ago",
        at: "60m",
        series: { ...writes("in_doubt", "0x15 1x60"), ...writes("ok", "0+5x80") },
      },
      { because: "a directory that says no has answered", at: "20m", series: writes("refused", "0+5x30") },
    ],
  },
  ChangesUnrecorded: {
    firing: {
      at: "20m",
      series: ofNode("espalier_manager_changes_unrecorded", "0x5 3x20"),
      labels: node,
      summary: "What became of 3 changes is not in the audit trail of n1 yet",
    },
    silent: [
      {
        because: "the store was away for a moment",
        at: "20m",
        series: ofNode("espalier_manager_changes_unrecorded", "0x5 3x2 0x20"),
      },
    ],
  },

  FindingCritical: finding("critical", "1m"),
  FindingHigh: finding("high", "5m"),
  ChecksStopped: {
    firing: {
      at: "40m",
      series: { ...ofNode("espalier_check_last_run_timestamp_seconds", "600x60"), ...checkInterval },
      labels: node,
      summary: "n1 no longer looks at what runs",
    },
    silent: [
      {
        because: "it looks every five minutes",
        at: "40m",
        series: {
          ...ofNode("espalier_check_last_run_timestamp_seconds", "0x4 300x4 600x4 900x4 1200x4 1500x4 1800x4 2100x4"),
          ...checkInterval,
        },
      },
      {
        because: "it has just begun, and has not looked yet",
        at: "2m",
        series: { ...ofNode("espalier_check_last_run_timestamp_seconds", "0x20"), ...checkInterval },
      },
    ],
  },
  ChecksBlind: {
    firing: {
      at: "60m",
      series: ofNode("espalier_check_unreadable", "0x10 2x60"),
      labels: node,
      summary: "2 things cannot be looked at by n1",
    },
    silent: [
      { because: "the next looks could", at: "60m", series: ofNode("espalier_check_unreadable", "0x40 2x10 0x20") },
    ],
  },

  NothingScraped: {
    firing: {
      at: "10m",
      series: { 'up{job="prometheus"}': "1x20" },
      labels: { job: "espalier" },
      summary: "Prometheus has no target of the job espalier",
    },
    silent: [{ because: "there is one, be it down", at: "10m", series: up("gateway", "0x20") }],
  },
};

/** One test of promtool's file. */
function promtoolTest(alert: string, { at, series }: Pick<Firing, "at" | "series">, expected: readonly object[]) {
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
  };
}

function alertOf(name: string, { labels = {}, summary, description }: Firing): object {
  const rule = alerts.find(({ alert }) => alert === name);
  if (rule === undefined) throw new Error(`There is no alert ${name}`);
  return {
    exp_labels: { ...rule.labels, ...labels },
    exp_annotations: { summary, description: description ?? rule.annotations.description },
  };
}

requirePrograms({ promtool: "prometheus" })("an alert", () => {
  it("has a case here, each of them", () => {
    expect(Object.keys(cases).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it.each(Object.entries(cases))("%s fires when it should, and only then", async (name, { firing, silent }) => {
    await using folder = await temporaryDirectory("alerts");
    const tests = [
      promtoolTest(name, firing, [alertOf(name, firing)]),
      ...silent.map((each) => promtoolTest(name, each, [])),
    ];
    writeFileSync(
      folder.file("test.yml"),
      stringify({ rule_files: [rulesFile], evaluation_interval: "30s", tests }, { aliasDuplicateObjects: false }),
    );
    const { stdout, stderr } = await runCommand("promtool", ["test", "rules", folder.file("test.yml")]);
    expect(stdout + stderr).toContain("SUCCESS");
  });
});
