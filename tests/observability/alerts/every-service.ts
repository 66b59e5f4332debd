/** When the alerts about what each service has: its store, its certificate, that it is scraped fire, and when they do not. */
import { type AlertCase, node, ofNode, up } from "./case.ts";

export const everyServiceAlerts: Readonly<Record<string, AlertCase>> = {
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
